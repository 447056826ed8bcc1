"""Moments of a store made of rows alone, without a file: what questions are asked of.

moment(activity=[event(9, "sign_in", "ann@example.com")], read_at=NOON)
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import polars as pl
import pyarrow as pa

from vcanalytics.model.streams import COUNT, STREAMS
from vcanalytics.store import Snapshot, StreamState
from vcanalytics.store.batches import make_batch
from vcanalytics.store.held import Held
from vcanalytics.store.newest.current import newest

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
Row = dict[str, object]


def at(text: str) -> datetime:
    """A time as ISO 8601 says it; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def ago(**length: float) -> datetime:
    return NOON - timedelta(**length)


def moment(
    *, read_at: datetime | None = NOON, reading: bool = False, **streams: Sequence[Row]
) -> Snapshot:
    """The store holding these rows, each stream read with success at ``read_at``.

    ``reading``: its history is still being read.
    """
    held = {}
    states = {}
    for name, stream in STREAMS.items():
        rows = [_given(name, row) for row in streams.get(name, ())]
        batch = make_batch(stream, rows)
        # Each row is a batch of its own: a version after the one before.
        table = batch.append_column("seq", pa.array(range(1, len(rows) + 1), COUNT))
        if "metadata" in table.column_names:
            table = table.drop_columns("metadata")
        overlay = newest(stream, table) if stream.versioned else None
        held[name] = Held(len(rows), table, overlay)
        states[name] = StreamState(
            name, seq=len(rows), rows=len(rows), read_at=read_at, done=0, total=int(reading)
        )
    return Snapshot(NOON, states, {}, (), held, {})


def _given(stream: str, row: Row) -> Row:
    if stream != "transactions":
        return row
    usual: Row = {
        "source_id": 1,
        "observed_at": NOON,
        "deleted": False,
        "created_at": NOON,
        "status": "pending",
        "currency": "USD",
        "captured": row.get("captured_at") is not None,
    }
    return usual | row


def request(value_ms: float, when: datetime = NOON, **more: object) -> Row:
    """A successful request to /a."""
    usual: Row = {"kind": "request_time", "endpoint": "/a", "status": "success"}
    return usual | {"happened_at": when, "value_ms": value_ms} | more


def event(when: datetime, kind: str, email: str | None = None, **more: object) -> Row:
    """Something a user did, as VectorCraft's log of activities has it."""
    usual: Row = {"source": "user_activities", "happened_at": when, "kind": kind}
    return usual | {"email": email} | more


def sample(when: datetime, measure: str, value: float, item: str = "", host: str = "web") -> Row:
    """What was measured of a host."""
    return {"happened_at": when, "host": host, "measure": measure, "item": item, "value": value}


def only(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """These columns of each row."""
    return frame.select(columns).rows()
