"""Events/s appended durably, against bare SQLite in the same run, in turn."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from benchmarks.results import Options, Result
from vcanalytics.model.streams import REQUESTS
from vcanalytics.store import Catalogue
from vcanalytics.store.batches import make_batch

#: Rows a batch, and how often it is appended (in a quick run).
SIZES: Final = {1: (400, 100), 100: (200, 50), 1_000: (100, 20), 50_000: (8, 2)}
_BEGAN_AT: Final = datetime(2026, 11, 20, tzinfo=UTC)


def run(options: Options) -> list[Result]:
    rows = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        catalogue = Catalogue.open(Path(folder) / "data")
        plain = _bare(Path(folder) / "bare.db")
        for size, (often, seldom) in SIZES.items():
            times = seldom if options.quick else often
            options.say(f"batches of {size:,}, {times} times each")
            rows.append(_compare(catalogue, plain, size, times))
        plain.close()
        catalogue.close()
    return [
        Result(
            "Appended durably: every batch fsynced before the next",
            (
                "rows a batch",
                "append, events/s",
                "from Python rows, events/s",
                "bare SQLite, events/s",
                "append : bare",
                "from rows : bare",
            ),
            rows,
            (
                "append: Catalogue.append of an Arrow table, with ledger, counter and bounds.",
                "from Python rows: make_batch, then append.",
                "bare SQLite: executemany of tuples in one transaction (WAL, synchronous=FULL).",
                "Medians, each in turn with the others.",
            ),
        )
    ]


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE request (source_id INTEGER, happened_at INTEGER, kind TEXT, endpoint TEXT,"
        " value_ms REAL, status TEXT)"
    )
    return connection


def _rows(size: int, start: int) -> list[dict[str, Any]]:
    return [
        {
            "source_id": start + i,
            "happened_at": _BEGAN_AT + timedelta(milliseconds=start + i),
            "kind": "request_time",
            "endpoint": f"/api/{i % 20}",
            "value_ms": 12.5 + i % 400,
            "status": "success",
        }
        for i in range(size)
    ]


def _compare(
    catalogue: Catalogue, plain: sqlite3.Connection, size: int, times: int
) -> tuple[int, float, float, float, str, str]:
    appended, from_rows, bare = [], [], []
    for i in range(times):
        rows = _rows(size, i * size)
        batch = make_batch(REQUESTS, rows)
        tuples = [
            (r["source_id"], int(r["happened_at"].timestamp() * 1e6), *list(r.values())[2:])
            for r in rows
        ]
        appended.append(_timed(lambda: _append(catalogue, batch, f"a{size}-{i}")))  # noqa: B023
        bare.append(_timed(lambda: _insert(plain, tuples)))  # noqa: B023
        from_rows.append(
            _timed(
                lambda: _append(catalogue, make_batch(REQUESTS, rows), f"r{size}-{i}")  # noqa: B023
            )
        )
    a, r, b = (size / sorted(found)[times // 2] for found in (appended, from_rows, bare))
    return size, a, r, b, f"{a / b:.2f}", f"{r / b:.2f}"


def _timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _append(catalogue: Catalogue, batch: pa.Table, key: str) -> None:
    catalogue.append("requests", "bench", key, batch)


def _insert(plain: sqlite3.Connection, rows: list[tuple[Any, ...]]) -> None:
    plain.execute("BEGIN IMMEDIATE")
    plain.executemany("INSERT INTO request VALUES (?, ?, ?, ?, ?, ?)", rows)
    plain.execute("COMMIT")
