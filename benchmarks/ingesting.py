"""A process of ``benchmarks.ingest``: it prepares, writes, seals, asks or counts.

    python -m benchmarks.ingesting write FOLDER store 0 10

A writer tells how long each append took (ms), a line each; helpers say "ready" and go on until they
are ended (SIGTERM).
"""

from __future__ import annotations

import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click
import polars as pl
import pyarrow as pa

from benchmarks import made
from benchmarks.ingest import BATCH
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind, latency
from vcanalytics.model.streams import REQUESTS
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.sealer import Limits, seal_due

_LIMITS: Final = Limits(rows=20_000, batches=500)
_DB: Final = "bare.db"
_BUSY_S: Final = 30.0
_LOOK_EVERY_S: Final = 0.2


@click.command()
@click.argument("task", type=click.Choice(["prepare", "write", "seal", "ask", "count"]))
@click.argument("path", type=click.Path(path_type=Path, exists=True))
@click.argument("way", type=click.Choice(["store", "sqlite"]))
@click.argument("number", type=int, default=0)
@click.argument("seconds", type=float, default=0.0)
def main(*, task: str, path: Path, way: str, number: int, seconds: float) -> None:
    """Do the TASK in the folder at PATH."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if task == "prepare":
        _prepare(path, way)
    elif task == "count":
        _say(str(_count(path, way)))
    elif task == "seal":
        _seal(path)
    elif task == "ask":
        _ask(path)
    else:
        _write(path, way, number, seconds)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _bare(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path / _DB, isolation_level=None, timeout=_BUSY_S)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _prepare(path: Path, way: str) -> None:
    if way == "store":
        Catalogue.open(path).close()
        return
    with closing(_bare(path)) as connection:
        connection.execute(
            "CREATE TABLE request (source_id INTEGER, happened_at INTEGER, kind TEXT,"
            " endpoint TEXT, value_ms REAL, status TEXT)"
        )


def _count(path: Path, way: str) -> int:
    if way == "store":
        with closing(Catalogue.open(path)) as catalogue:
            return catalogue.states()["requests"].rows
    with closing(_bare(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM request").fetchone()[0])


def _batch(number: int, count: int) -> pl.DataFrame:
    """Rows of now; which writer's they are hangs on the number."""
    now = datetime.now(UTC)
    rows = _TEMPLATE.with_columns(
        (number * 10**12 + count * BATCH + pl.int_range(BATCH)).alias("source_id"),
        pl.lit(now, pl.Datetime("us", "UTC")).alias("happened_at"),
    )
    return rows.select(column.name for column in REQUESTS.columns)


_TEMPLATE: Final = made.requests(made.NOW.date() - timedelta(days=1), BATCH)


def _write(path: Path, way: str, number: int, seconds: float) -> None:
    append, close = _storing(path, number) if way == "store" else _inserting(path)
    until = time.monotonic() + seconds
    count, taken = 0, []
    while time.monotonic() < until:
        rows = _batch(number, count)
        started = time.perf_counter()
        append(rows, count)
        taken.append((time.perf_counter() - started) * 1000)
        count += 1
    close()
    for one in taken:
        _say(f"{one:.3f}")


_Way = tuple[Callable[[pl.DataFrame, int], object], Callable[[], object]]


def _storing(path: Path, number: int) -> _Way:
    catalogue = Catalogue.open(path)

    def append(rows: pl.DataFrame, count: int) -> object:
        batch: pa.Table = made.as_batch(REQUESTS, rows)
        return catalogue.append(REQUESTS.name, f"writer{number}", str(count), batch)

    return append, catalogue.close


def _inserting(path: Path) -> _Way:
    connection = _bare(path)

    def append(rows: pl.DataFrame, _count: int) -> None:
        tuples = rows.with_columns(pl.col("happened_at").cast(pl.Int64)).rows()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO request VALUES (?, ?, ?, ?, ?, ?)", tuples)
        connection.execute("COMMIT")

    return append, connection.close


def _seal(path: Path) -> None:
    catalogue, segments = Catalogue.open(path), Segments(path)
    _say("ready")
    while True:
        if not seal_due(catalogue, segments, _LIMITS, datetime.now(UTC)):
            time.sleep(_LOOK_EVERY_S)


def _ask(path: Path) -> None:
    catalogue, engine = Catalogue.open(path), Engine(segments=Segments(path).root)
    reader = Reader(catalogue)
    reader.snapshot()
    _say("ready")
    while True:
        now = datetime.now(UTC)
        start = now - timedelta(minutes=5)
        latency(engine, reader.snapshot(), kind=Kind.REQUEST, start=start, end=now)


if __name__ == "__main__":
    main()
