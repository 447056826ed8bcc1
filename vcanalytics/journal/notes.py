"""Notes on the time axis: written, changed and deleted. Who may is for the caller to know."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_or

from vcanalytics.errors import UsageError
from vcanalytics.instants import instant, micros
from vcanalytics.journal.note_tables import time_note, time_note_changes
from vcanalytics.model.notes import Note, NoteDraft, NoteKind, checked

#: As many may stand: pages hold all of them.
STANDING_MAX: Final = 5_000
NAME_CHARS_MAX: Final = 200
_ONE: Final = 1


def newest(connection: Connection) -> int:
    """How often notes were changed, 0 where none was ever written: it moves with each change."""
    query = select(time_note_changes.c.changes).where(time_note_changes.c.id == _ONE)
    return int(connection.execute(query).scalar() or 0)


def every(connection: Connection) -> list[Note]:
    """All that stand, the newest first: by when they begin, then by when they were written."""
    order = time_note.c.starts_at.desc(), time_note.c.id.desc()
    query = select(time_note).order_by(*order).limit(STANDING_MAX)
    return [_note(row) for row in connection.execute(query)]


def find(connection: Connection, number: int) -> Note | None:
    """The note of that number; None where there is none."""
    # What is no number of SQLite's is none of a note's.
    if not 0 < number < 2**63:
        return None
    row = connection.execute(select(time_note).where(time_note.c.id == number)).one_or_none()
    return None if row is None else _note(row)


def add(connection: Connection, now: datetime, draft: NoteDraft, *, by: str) -> Note:
    """Write a note. Raises UsageError as ``model.notes.checked``, and where 5,000 stand already."""
    kept = checked(draft)
    standing = select(func.count()).select_from(time_note)
    if connection.execute(standing).scalar_one() >= STANDING_MAX:
        raise UsageError(
            f"{STANDING_MAX:,} notes stand already", where="note", hint="Delete some of them"
        )
    values = _values(kept) | {"by": by[:NAME_CHARS_MAX], "written_at": micros(now)}
    row = connection.execute(insert(time_note).values(values).returning(time_note)).one()
    touch(connection)
    return _note(row)


def change(
    connection: Connection, now: datetime, number: int, draft: NoteDraft, *, by: str
) -> tuple[Note, Note]:
    """Put ``draft`` in a note's place: the note as it was, and as it is.

    Raises UsageError as ``model.notes.checked``, and where there is no such note.
    """
    kept = checked(draft)
    before = _needed(connection, number)
    values = _values(kept) | {"edited_at": micros(now), "edited_by": by[:NAME_CHARS_MAX]}
    mine = update(time_note).where(time_note.c.id == number).values(values)
    row = connection.execute(mine.returning(time_note)).one()
    touch(connection)
    return before, _note(row)


def remove(connection: Connection, number: int) -> Note:
    """Delete a note; what it was. Raises UsageError where there is no such note."""
    before = _needed(connection, number)
    connection.execute(delete(time_note).where(time_note.c.id == number))
    touch(connection)
    return before


def _needed(connection: Connection, number: int) -> Note:
    found = find(connection, number)
    if found is None:
        raise UsageError(
            "there is no such note", where=f"note {number}", hint="Somebody may have deleted it"
        )
    return found


def touch(connection: Connection) -> None:
    """Say that notes have changed: whoever shows them asks anew."""
    first = insert_or(time_note_changes).values(id=_ONE, changes=1)
    again = {"changes": time_note_changes.c.changes + 1}
    connection.execute(first.on_conflict_do_update(index_elements=["id"], set_=again))


def _values(draft: NoteDraft) -> dict[str, Any]:
    return {
        "kind": draft.kind.value,
        "text": draft.text,
        "starts_at": micros(draft.starts_at),
        "ends_at": None if draft.ends_at is None else micros(draft.ends_at),
    }


def _note(row: Row[Any]) -> Note:
    return Note(
        number=row.id,
        kind=NoteKind(row.kind),
        text=row.text,
        starts_at=instant(row.starts_at),
        ends_at=instant(row.ends_at),
        by=row.by,
        written_at=instant(row.written_at),
        edited_at=instant(row.edited_at),
        edited_by=row.edited_by,
    )
