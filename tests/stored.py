"""A shop read into a store by hand: what analytics stands on, without the daemons.

    keep(shop.path, catalogue, now)    # the first sight of every row, or what became of it since

Each call reads the shop whole and appends a version of each row that changed, as the collectors do
by their own road; analytics' tests need only the versions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Final

from collectors import events, rows
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import Catalogue, CurrentRow, Reader
from vcanalytics.store.batches import make_batch

_Reader = Callable[[rows.Reading, str], tuple[dict[str, object], str]]
_TABLES: Final[dict[str, tuple[str, _Reader]]] = {
    "transactions": ("transactions", rows.transaction),
    "disputes": ("dispute_cases", rows.dispute),
    "mails": ("email_logs", rows.mail),
}


def keep(shop: Path, catalogue: Catalogue, now: datetime, zone: tzinfo = UTC) -> None:
    """Bring the store up to what the shop holds now, seen at ``now``."""
    connection = sqlite3.connect(f"file:{shop}?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        for stream, (table, reader) in _TABLES.items():
            _keep_versions(connection, catalogue, stream, table, reader, now, zone)
        _keep_requests(connection, catalogue, now, zone)
    finally:
        connection.close()


def _cells(connection: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if table not in known:
        return []
    return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY id")]


def _keep_versions(
    connection: sqlite3.Connection,
    catalogue: Catalogue,
    stream: str,
    table: str,
    reader: _Reader,
    now: datetime,
    zone: tzinfo,
) -> None:
    key = STREAMS[stream].key or ""
    known = {
        row_key: fingerprint
        for row_key, _, fingerprint, gone in catalogue.current_rows(stream)
        if not gone
    }
    versions, current = [], []
    present = set()
    cells = _cells(connection, table)
    states = catalogue.current_by_key(stream, list(known))
    for row in cells:
        row_key = str(row["id"] if key == "source_id" else row[key])
        present.add(row_key)
        fingerprint = hash(tuple(sorted((k, repr(v)) for k, v in row.items())))
        if known.get(row_key) == fingerprint:
            continue
        before = states[row_key].state if row_key in states else ""
        version, state = reader(rows.Reading(row, now, zone, []), before)
        versions.append(version)
        current.append(CurrentRow(row_key, row["id"], fingerprint, state))
    versions_gone, current_gone = _gone(catalogue, stream, set(known) - present, now)
    with catalogue.write(now) as writer:
        if versions or versions_gone:
            batch = make_batch(STREAMS[stream], versions + versions_gone)
            seq = catalogue.seqs().get(stream, 0) + 1
            writer.append(stream, "test", f"{stream}-{seq}", batch, current + current_gone)
        writer.note_read(stream, now, done=len(cells), total=len(cells))


def _gone(
    catalogue: Catalogue, stream: str, keys: set[str], now: datetime
) -> tuple[list[dict[str, object]], list[CurrentRow]]:
    if not keys:
        return [], []
    # Only the newest version of each key is marked deleted, as it last stood.
    key = STREAMS[stream].key or ""
    frame = Reader(catalogue).snapshot([stream]).current(stream)
    versions, current = [], []
    for row in frame.iter_rows(named=True):
        if str(row[key]) in keys:
            del row["seq"]
            versions.append(row | {"deleted": True, "observed_at": now})
            current.append(CurrentRow(str(row[key]), row["source_id"], 0, "", deleted=True))
    return versions, current


def _keep_requests(
    connection: sqlite3.Connection, catalogue: Catalogue, now: datetime, zone: tzinfo
) -> None:
    cells = _cells(connection, "performance_metrics")
    seen = catalogue.states()["requests"].rows
    fresh = [events.request(rows.Reading(row, now, zone, [])) for row in cells[seen:]]
    with catalogue.write(now) as writer:
        if fresh:
            batch = make_batch(STREAMS["requests"], fresh)
            writer.append("requests", "test", f"requests-{seen}", batch)
        writer.note_read("requests", now, done=len(cells), total=len(cells))
