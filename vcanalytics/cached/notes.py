"""Notes on the time axis as pages, charts and programs are told of them, and writing them.

All that stand are held, as long as nobody changes one: a chart's look at them costs microseconds.
Who may write is for the caller to know.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Final

import streamlit as st

from vcanalytics.cached.console import settings
from vcanalytics.commits import Token
from vcanalytics.journal import FILE_NAME, Journal
from vcanalytics.journal import notes as _notes
from vcanalytics.model.notes import Note, NoteDraft, NoteKind

__all__ = ["Note", "NoteDraft", "NoteKind", "add", "change", "find", "newest", "remove", "within"]

#: Ranges whose notes are held: those of all pages that are looked at.
_RANGES_MAX: Final = 64


class _Held:
    """Every note of one journal, as of its last change."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._number = 0
        self._every: tuple[Note, ...] = ()
        self._within: dict[tuple[datetime, datetime], tuple[Note, ...]] = {}

    def number(self) -> int:
        """The number of the last change. Raises StoreError."""
        with self._lock:
            self._look()
            return self._number

    def every(self) -> tuple[Note, ...]:
        """All notes, the newest first. Raises StoreError."""
        with self._lock:
            self._look()
            return self._every

    def within(self, start: datetime, end: datetime) -> tuple[Note, ...]:
        """Those of which any lies in ``[start, end)``. Raises StoreError."""
        with self._lock:
            self._look()
            found = self._within.get((start, end))
            if found is None:
                if len(self._within) >= _RANGES_MAX:
                    self._within.clear()
                found = tuple(note for note in self._every if note.touches(start, end))
                self._within[(start, end)] = found
            return found

    def _look(self) -> None:
        token = self._journal.token()
        if token is not None and token == self._token:
            return
        # The watchman commits all the time, and seldom a note.
        with self._journal.read() as connection:
            number = _notes.newest(connection)
            if number != self._number:
                self._every = tuple(_notes.every(connection))
                self._within.clear()
        self._token, self._number = token, number


@st.cache_resource(show_spinner=False)
def _journal() -> Journal:
    return Journal.open(settings().store_dir)


@st.cache_resource(show_spinner=False)
def _held() -> _Held:
    return _Held(_journal())


def _found() -> _Held | None:
    """What is held; None where there is no journal: looking makes no file."""
    return _held() if (settings().store_dir / FILE_NAME).exists() else None


def newest() -> int:
    """The number of the last change of any note: it moves with each. Raises StoreError."""
    held = _found()
    return 0 if held is None else held.number()


def within(start: datetime, end: datetime) -> tuple[Note, ...]:
    """Notes of which any lies in ``[start, end)``, the newest first. Raises StoreError."""
    held = _found()
    return () if held is None else held.within(start, end)


def find(number: int) -> Note | None:
    """The note of that number; None where there is none. Raises StoreError."""
    held = _found()
    every = () if held is None else held.every()
    return next((note for note in every if note.number == number), None)


def add(draft: NoteDraft, *, by: str) -> Note:
    """Write a note. Raises as ``journal.notes.add``."""
    with _journal().write() as connection:
        return _notes.add(connection, datetime.now(UTC), draft, by=by)


def change(number: int, draft: NoteDraft, *, by: str) -> tuple[Note, Note]:
    """Put ``draft`` in a note's place: as it was, and as it is. Raises as ``journal.notes``."""
    with _journal().write() as connection:
        return _notes.change(connection, datetime.now(UTC), number, draft, by=by)


def remove(number: int) -> Note:
    """Delete a note; what it was. Raises as ``journal.notes.remove``."""
    with _journal().write() as connection:
        return _notes.remove(connection, number)
