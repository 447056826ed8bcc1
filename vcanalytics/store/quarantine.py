"""What cannot be read any more, kept aside whole: its rows are missing, and everything says so.

A damaged file or batch leaves what readers look at and lies in a folder of its own, with an entry
that says how many rows it held, of which time, and why. What is *derived* needs none of this: it is
made anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select

from vcanalytics.store import schema
from vcanalytics.store.state import from_micros

FOLDER: Final = "quarantine"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A file or batch kept aside.

    ``name`` is the segment's key or "batch 7", ``file`` its name in the folder: empty where there
    was nothing left to keep. ``rows`` are missing from figures, from ``first_at`` to ``last_at``.
    """

    stream: str
    name: str
    file: str
    bytes: int
    sha256: str
    rows: int
    first_seq: int
    last_seq: int
    first_at: datetime | None
    last_at: datetime | None
    reason: str
    quarantined_at: datetime | None


def quarantined(connection: Connection) -> list[Quarantined]:
    """Everything kept aside, oldest rows first."""
    table = schema.quarantine
    rows = connection.execute(
        select(table).order_by(table.c.stream, table.c.first_seq, table.c.name)
    ).mappings()
    times = ("first_at", "last_at", "quarantined_at")
    return [
        Quarantined(**{**dict(row), **{name: from_micros(row[name]) for name in times}})
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Lost:
    """Rows that are known to be gone, of the batches from ``first_seq`` to ``last_seq``."""

    first_seq: int
    last_seq: int
    rows: int


def lost(connection: Connection, stream: str) -> list[Lost]:
    """What the ledger has of a stream and nothing that is read holds any more."""
    return [
        Lost(one.first_seq, one.last_seq, one.rows)
        for one in quarantined(connection)
        if one.stream == stream
    ]
