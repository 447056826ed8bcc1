"""The table of notes on the time axis, and what moves when any of them changes."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, Text

from vcanalytics.journal.record import metadata
from vcanalytics.migrations import Migration

# One row a note; what is deleted is gone here, and the audit log has what it said. ends_at is NULL
# of a moment.
time_note = Table(
    "time_note",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger),
    Column("by", String, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    Column("edited_at", BigInteger),
    Column("edited_by", String),
    Index("time_note_by_time", "starts_at"),
    sqlite_autoincrement=True,
)
# One row: how often notes were written, changed or deleted. No number of a note says so much.
time_note_changes = Table(
    "time_note_changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("changes", Integer, nullable=False),
)


def _tables(connection: Connection) -> None:
    metadata.create_all(connection, tables=[time_note, time_note_changes], checkfirst=False)


MIGRATION: Final = Migration(5, "notes on the time axis", _tables)
