"""The same questions asked of SQLite, as VectorCraft's own pages do, and of plain DuckDB.

SQLite holds the same rows with the source's tables and indexes; DuckDB reads the store's own
Parquet files as they are, without anything that was counted beforehand and without the manifest.
One million request samples and 0.1 million payments, ten times that with `--full`. Each question is
asked of the three in turn, through one open connection each.

The incumbents answer less: windows of UTC, money as floats, no captured amounts. A ratio above 1 is
how many times as long they take.

A minute or two; with `--full` about twenty. Disk: 0.5 GB, with `--full` 5 GB while it is made.
`--cache FOLDER` keeps store and database for other runs.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import duckdb

from benchmarks import made
from benchmarks.history import sizes_of
from benchmarks.made_shop import shop
from benchmarks.questions import QUESTIONS, ZONE, Opened
from benchmarks.results import Cell, Options, Result, median
from benchmarks.stores import kept_folder, store
from vcanalytics.store import Catalogue
from vcanalytics.store.manifest import manifest
from vcanalytics.store.segments import Segments

_TIMES: Final = 15
_QUICK_TIMES: Final = 3
_SECONDS_EACH: Final = 20.0
_DAY: Final = timedelta(days=1)
_LONG_AGO: Final = made.NOW - 10_000 * _DAY
_SQLITE_TEXT: Final = {"created_at": "%Y-%m-%d %H:%M:%S", "timestamp": "%Y-%m-%dT%H:%M:%S.%f"}
_WINDOWS: Final = {
    "sqlite": {"day": "date(created_at)", "month": "strftime('%Y-%m', created_at)"},
    "duckdb": {"day": "date_trunc('day', created_at)", "month": "date_trunc('month', created_at)"},
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The SQL files that answer one of QUESTIONS, and their parameters.

    ``length`` is the range up to now, None all of it; ``window`` a window of revenue.
    """

    question: str
    files: tuple[str, ...]
    length: timedelta | None = None
    window: str = ""
    time: str = "created_at"
    more: tuple[tuple[str, str | None], ...] = ()

    @property
    def start(self) -> datetime:
        return _LONG_AGO if self.length is None else made.NOW - self.length


_TODAY: Final = made.NOW - made.NOW.astimezone(ZONE).replace(hour=0, minute=0)
_PAGE: Final = ("page", "page_count")
_PLAIN: Final = (("status", None), ("part", None))
ASKED: Final = (
    Asked("by status", ("by_status",), _TODAY),
    Asked("feed", ("feed",)),
    Asked("30 d by day", ("revenue",), 30 * _DAY, window="day"),
    Asked("all by month", ("revenue",), window="month"),
    Asked("prices, 30 d", ("prices",), 30 * _DAY),
    Asked("prices, all", ("prices",)),
    Asked("endpoints, 24 h", ("endpoints",), _DAY, time="timestamp"),
    Asked("endpoints, 7 d", ("endpoints",), 7 * _DAY, time="timestamp"),
    Asked("endpoints, 90 d", ("endpoints",), 90 * _DAY, time="timestamp"),
    Asked("endpoints, all", ("endpoints",), time="timestamp"),
    Asked("newest page", _PAGE, more=_PLAIN),
    Asked("failed, newest page", _PAGE, more=(("status", "failed"), ("part", None))),
    Asked(
        "by part of an e-mail, 30 d",
        _PAGE,
        30 * _DAY,
        more=(("status", None), ("part", "omer77")),
    ),
    Asked("one payment", ("payment",)),
)


@cache
def text(file: str, engine: str, window: str) -> str:
    """The statement of a file as an engine is asked it."""
    folder = Path(__file__).with_name("incumbent_sql")
    own = folder / f"{file}.{engine}.sql"
    found = (own if own.exists() else folder / f"{file}.sql").read_text("utf-8")
    return found.replace("{window}", _WINDOWS[engine].get(window, ""))


def params(asked: Asked, file: str, known: str, of: Callable[[datetime], Any]) -> dict[str, Any]:
    """The parameters that the file's statement names."""
    given = {"from": of(asked.start), "to": of(made.NOW), "id": known, **dict(asked.more)}
    statement = text(file, "sqlite", asked.window)
    return {name: value for name, value in given.items() if f"${name}" in statement}


def ask_sqlite(connection: sqlite3.Connection, asked: Asked, known: str) -> list[list[Any]]:
    """The rows of each statement."""
    shape = _SQLITE_TEXT[asked.time]
    return [
        connection.execute(
            text(file, "sqlite", asked.window),
            params(asked, file, known, lambda moment: moment.strftime(shape)),
        ).fetchall()
        for file in asked.files
    ]


def ask_duckdb(connection: duckdb.DuckDBPyConnection, asked: Asked, known: str) -> list[list[Any]]:
    """The rows of each statement."""
    return [
        connection.execute(
            text(file, "duckdb", asked.window), params(asked, file, known, lambda moment: moment)
        ).fetchall()
        for file in asked.files
    ]


def plain_duckdb(path: Path) -> duckdb.DuckDBPyConnection:
    """DuckDB over a store's files of rows, as views named as the source's tables."""
    catalogue, segments = Catalogue.open(path), Segments(path)
    with closing(catalogue), catalogue.read() as reading:
        files = {
            name: [str(segments.local(s.key)) for s in manifest(reading, name)]
            for name in ("transactions", "requests")
        }
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        "CREATE VIEW transactions AS SELECT * EXCLUDE (amount_column, currency),"
        " amount_column AS amount, currency_column AS currency FROM"
        f" read_parquet({files['transactions']})"
        " QUALIFY row_number() OVER (PARTITION BY transaction_id ORDER BY seq DESC) = 1"
    )
    connection.execute(
        "CREATE VIEW performance_metrics AS SELECT kind AS metric_type, endpoint,"
        " value_ms AS value, status, happened_at AS timestamp"
        f" FROM read_parquet({files['requests']})"
    )
    return connection


def run(options: Options) -> list[Result]:
    size = sizes_of(options)[1 if options.full and not options.requests else 0]
    with kept_folder(options) as folder:
        path = store(folder, size, options)
        with (
            closing(Opened(path)) as opened,
            closing(sqlite3.connect(shop(folder, size, options))) as bare,
            closing(plain_duckdb(path)) as plain,
        ):
            rows = [_compare(asked, opened, bare, plain, options) for asked in ASKED]
    return [
        Result(
            f"Against the incumbents: {size}",
            (
                "page",
                "question",
                "here p50, ms",
                "SQLite p50, ms",
                "DuckDB p50, ms",
                "SQLite : here",
                "DuckDB : here",
            ),
            rows,
            (
                "SQLite: the source's tables and indexes, analysed.",
                "DuckDB: the same Parquet, nothing counted beforehand. In turn, uncached.",
            ),
        )
    ]


def _compare(
    asked: Asked,
    opened: Opened,
    bare: sqlite3.Connection,
    plain: duckdb.DuckDBPyConnection,
    options: Options,
) -> tuple[Cell, ...]:
    question = next(q for q in QUESTIONS if q.name == asked.question)
    ways: Sequence[Callable[[], object]] = (
        lambda: opened.ask(question),
        lambda: ask_sqlite(bare, asked, opened.known),
        lambda: ask_duckdb(plain, asked, opened.known),
    )
    taken: list[list[float]] = [[] for _ in ways]
    began = time.monotonic()
    for number in range((_QUICK_TIMES if options.quick else _TIMES) + 1):
        for way, found in zip(ways, taken, strict=True):
            started = time.perf_counter()
            way()
            # The first time is nobody's measure.
            if number:
                found.append((time.perf_counter() - started) * 1000)
        if number and time.monotonic() - began > _SECONDS_EACH:
            break
    here, sqlite, raw = (median(found) for found in taken)
    options.say(f"{question}: {here:.1f}, SQLite {sqlite:.1f}, DuckDB {raw:.1f} ms")
    ratios = (f"{sqlite / here:.2f}", f"{raw / here:.2f}")
    return (question.page, question.name, here, sqlite, raw, *ratios)
