"""The daemon that keeps the store in shape: it seals, clears away, and forgets who asked for it.

At a start it brings up the books where they are older than the store, or than the setting that says
what a sample is: a slice a round, so that nothing else waits.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from collectors.daemon import LOG
from vcanalytics.errors import StoreError
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.books.rebuilding import SLICE_ROWS, brought_up
from vcanalytics.store.cells import COUNTED
from vcanalytics.store.filling import fill
from vcanalytics.store.folding import catch_up
from vcanalytics.store.forget import finish, pending
from vcanalytics.store.manifest import ORPHAN_AFTER, clean
from vcanalytics.store.sealer import Limits, seal_due

_PAUSE_S: Final = 5.0
_SAY_EVERY_ROWS: Final = 200_000
_CLEAN_EVERY: Final = timedelta(minutes=10)
_TRIM_EVERY: Final = timedelta(minutes=1)


class Upkeep:
    """Seals by size and age (settings), deletes files past their grace, forgets in sealed ones."""

    name = "upkeep"

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._segments = Segments(settings.store_dir)
        self._limits = Limits(rows=settings.seal_rows, age=timedelta(minutes=settings.seal_minutes))
        self._prefixes = settings.sample_prefixes
        self._books: Iterator[tuple[int, int]] = iter(())
        self._cleaned_at: datetime | None = None
        self._trimmed_at: datetime | None = None
        #: Streams whose cells take in everything, or cannot for now.
        self._counted: set[str] = set()

    def initialise(self) -> None:
        self._cleaned_at = self._trimmed_at = None
        self._counted.clear()
        self._books = brought_up(self._catalogue, self._prefixes)

    def loop(self, now: datetime) -> float:
        booking = self._book()
        if pending(self._catalogue):
            # Here, because nothing is sealed meanwhile.
            finished = finish(self._catalogue, self._segments, now)
            LOG.info("forgot customers in %d sealed rows", finished.rows)
            for key in finished.damaged:
                LOG.warning("%s is damaged: who is forgotten may still stand in it", key)
        for sealed in seal_due(self._catalogue, self._segments, self._limits, now):
            LOG.info(
                "sealed %s: %d rows of %d batches into %d segments",
                sealed.stream,
                sealed.rows,
                sealed.batches,
                len(sealed.segments),
            )
        if _is_due(self._cleaned_at, _CLEAN_EVERY, now):
            # At the start what a kill left over is removed at once: the lock says that nobody else
            # seals, and this thread does not just now.
            first = self._cleaned_at is None
            clean(self._catalogue, self._segments, now, timedelta(0) if first else ORPHAN_AFTER)
            self._cleaned_at = now
        if _is_due(self._trimmed_at, _TRIM_EVERY, now):
            _give_memory_back()
            self._trimmed_at = now
        folding = self._fold(now)
        filling = self._fill(now)
        return 0.0 if booking or folding or filling else _PAUSE_S

    def _fill(self, now: datetime) -> bool:
        """Make the cells of a day of each stream that was sealed before there were any."""
        filled = False
        for stream in COUNTED:
            if stream in self._counted:
                continue
            try:
                day = fill(self._catalogue, self._segments, stream, now)
            except StoreError as error:
                if error.heals:
                    raise
                # Until the next start: its rows answer by themselves meanwhile.
                self._counted.add(stream)
                LOG.warning("cells of %s cannot be made: %s", stream, error)
                continue
            if day is None:
                self._counted.add(stream)
            else:
                filled = True
                LOG.info(
                    "counted %s of %s: %d rows, at most %d files to go",
                    stream,
                    day.day,
                    day.rows,
                    day.left,
                )
        return filled

    def _fold(self, now: datetime) -> bool:
        """One slice of versions that were sealed without being folded in; whether there was one."""
        caught = catch_up(self._catalogue, self._segments, now)
        if caught is None:
            return False
        words = "newest versions of %s: %d of %d batches folded in"
        LOG.info(words, caught.stream, caught.seq, caught.of)
        return True

    def _book(self) -> bool:
        """One slice of books that are being made anew; whether there may be another."""
        booked = next(self._books, None)
        if booked is None:
            return False
        done, total = booked
        if done == total or done % _SAY_EVERY_ROWS < SLICE_ROWS:
            LOG.info("booked %d of %d rows", done, total)
        return True

    def shutdown(self) -> None:
        """Nothing is held."""


def _is_due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    # abs: a clock that was set back must not put it off for years.
    return last is None or abs(now - last) >= every


def _give_memory_back() -> None:
    """Hand what the first read and each sealing left free back to the host: some 30 MB."""
    # glibc keeps it otherwise; other libraries have no such call, and need none.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
