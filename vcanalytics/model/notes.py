"""Notes on the time axis: what they say, of which kind they are, and what may be written."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from vcanalytics.errors import UsageError
from vcanalytics.model.times import EARLIEST, LATEST

TEXT_CHARS_MAX: Final = 200
#: Controls, halves of surrogate pairs, ends of lines and paragraphs.
_NOT_WRITTEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
#: Signs that turn the direction of all that follows: a text would read otherwise than it is.
_TURNING: Final = frozenset(chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


class NoteKind(StrEnum):
    """What a note is about."""

    RELEASE = "release"
    OUTAGE = "outage"
    CAMPAIGN = "campaign"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class NoteDraft:
    """What is to be written: a moment, or the span ``[starts_at, ends_at)``."""

    kind: NoteKind
    text: str
    starts_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it stands. ``ends_at`` is None of a moment, ``edited_at`` where nobody changed it.

    ``by`` and ``edited_by`` are as the audit log names them.
    """

    number: int
    kind: NoteKind
    text: str
    starts_at: datetime
    ends_at: datetime | None
    by: str
    written_at: datetime
    edited_at: datetime | None = None
    edited_by: str | None = None

    def touches(self, start: datetime, end: datetime) -> bool:
        """Whether any of it lies in ``[start, end)``."""
        if self.ends_at is None:
            return start <= self.starts_at < end
        return self.starts_at < end and self.ends_at > start


def read_note_text(text: str) -> str:
    """``text`` as it is kept: one line, without blanks around it.

    Raises UsageError where it is empty, longer than 200 characters, or holds controls or signs that
    turn the direction of writing.
    """
    # Cut before anything else looks at it: a text of megabytes is refused at no cost.
    kept = text[: TEXT_CHARS_MAX * 4].strip()
    if not kept:
        raise UsageError("a note says something", where="text", hint="Write a few words")
    if len(text) > TEXT_CHARS_MAX * 4 or len(kept) > TEXT_CHARS_MAX:
        raise UsageError(f"a note has at most {TEXT_CHARS_MAX} characters", where="text")
    if any(unicodedata.category(sign) in _NOT_WRITTEN or sign in _TURNING for sign in kept):
        raise UsageError(
            "a note is one line of plain text",
            where="text",
            hint="Leave out tabs, line ends and other signs that do not print",
        )
    return kept


def checked(draft: NoteDraft) -> NoteDraft:
    """``draft`` as it is kept.

    Raises UsageError for its text, and for times before 2000, after 2100 or that end before they
    begin.
    """
    for instant in (draft.starts_at, draft.ends_at):
        if instant is not None and not EARLIEST <= instant <= LATEST:
            raise UsageError("a note's time lies between 2000 and 2100", where="at")
    if draft.ends_at is not None and draft.ends_at <= draft.starts_at:
        raise UsageError(
            "the note ends before it begins",
            where="until",
            hint="Leave the end out for a moment",
        )
    return NoteDraft(draft.kind, read_note_text(draft.text), draft.starts_at, draft.ends_at)
