"""Notes on the time axis: what they say, of which kind they are, and what may be written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from vcanalytics.errors import UsageError
from vcanalytics.model.texts import read_line
from vcanalytics.model.times import EARLIEST, LATEST

TEXT_CHARS_MAX: Final = 200


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

    @property
    def written_out(self) -> str:
        """All that it says, as the audit log keeps it."""
        until = "" if self.ends_at is None else f" to {self.ends_at.isoformat(timespec='seconds')}"
        at = self.starts_at.isoformat(timespec="seconds")
        return f"{self.kind}, {at}{until}: {self.text}"

    def touches(self, start: datetime, end: datetime) -> bool:
        """Whether any of it lies in ``[start, end)``."""
        if self.ends_at is None:
            return start <= self.starts_at < end
        return self.starts_at < end and self.ends_at > start


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
    text = read_line(draft.text, TEXT_CHARS_MAX, what="a note", where="text")
    return NoteDraft(draft.kind, text, draft.starts_at, draft.ends_at)
