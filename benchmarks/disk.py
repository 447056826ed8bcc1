"""Bytes on disk for each payment, request sample and system value, against the source.

A store and a SQLite database with the source's table and indexes are made of the same rows, one
kind at a time. The store's share is everything it has grown by once upkeep has been there: segments
(merged, as months end), what is derived from them, and the catalogue with ledger (without entries
that nobody can send again), current rows and books. System values come in as the collector samples
them; of payments there are two figures, as first read (one version each) and as seen live (begun,
ordered, ended: three versions, where the source keeps the last).

100,000 payments, a million requests and six hours of samples each second. Two minutes, and some
500 MB of disk.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import polars as pl

from benchmarks import made, made_shop
from benchmarks.results import Aim, Options, Result
from benchmarks.stores import put, source_of
from collectors.simulator.schema import create_indexes, create_tables
from collectors.system import BATCH_SAMPLES
from vcanalytics.model.streams import REQUESTS, SYSTEM, TRANSACTIONS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.manifest import clean
from vcanalytics.store.sealer import seal
from vcanalytics.store.upkeep.merging import merge_next
from vcanalytics.store.upkeep.settling import KEPT, settle

_PAYMENTS: Final = 100_000
_REQUESTS: Final = 1_000_000
_SECONDS: Final = 6 * 3_600
_QUICK_SHARE: Final = 20
_AIM_SHARE: Final = 0.1
_AIM_VALUE_BYTES: Final = 2.0


@dataclass(frozen=True, slots=True)
class Taken:
    """Bytes that rows take: in files of their own, in files derived from them, in the catalogue."""

    rows: int
    segments: int
    derived: int
    catalogue: int

    @property
    def each(self) -> float:
        return (self.segments + self.derived + self.catalogue) / self.rows


def run(options: Options) -> list[Result]:
    share = _QUICK_SHARE if options.quick else 1
    payments = options.payments[0] if options.payments else _PAYMENTS // share
    requests = options.requests[0] if options.requests else _REQUESTS // share
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        return [_all(Path(folder), payments, requests, _SECONDS // share, options)]


def _all(folder: Path, payments: int, requests: int, seconds: int, options: Options) -> Result:
    told = []
    days = made.days_of(payments, made.PAYMENTS_A_DAY)
    books = [made.payments(day, min(payments, made.PAYMENTS_A_DAY), options.seed) for day in days]
    count = sum(frame.height for frame in books)
    source = in_source(folder / "a.db", "transactions", map(made_shop.payment_rows, books))
    options.say(f"{count:,} payments")
    kept = in_store(folder / "first", TRANSACTIONS.name, books, count)
    told.append(("payment, as first read", kept, source / count))
    live = [made.seen_live(frame) for frame in books]
    told.append(
        (
            "payment, as seen live",
            in_store(folder / "live", TRANSACTIONS.name, live, count),
            source / count,
        )
    )
    samples = [
        made.requests(day, min(requests, made.REQUESTS_A_DAY), options.seed)
        for day in made.days_of(requests, made.REQUESTS_A_DAY)
    ]
    count = sum(frame.height for frame in samples)
    options.say(f"{count:,} requests")
    source = in_source(folder / "b.db", "performance_metrics", map(made_shop.request_rows, samples))
    kept = in_store(folder / "requests", REQUESTS.name, samples, count)
    told.append(("request sample", kept, source / count))
    values = made.system(made.NOW - timedelta(seconds=seconds), seconds, options.seed)
    options.say(f"{values.height:,} system values")
    source = in_source(folder / "c.db", "system_metrics", [made_shop.system_rows(values)])
    kept = in_store(folder / "system", SYSTEM.name, _as_sampled(values), values.height)
    told.append(("system value", kept, source / (3 * seconds)))
    return Result(
        "Bytes on disk",
        (
            "kind",
            "rows",
            "segments, bytes each",
            "derived, bytes each",
            "catalogue, bytes each",
            "all, bytes each",
            "source, bytes each",
            "here : source",
        ),
        [
            (
                kind,
                kept.rows,
                kept.segments / kept.rows,
                kept.derived / kept.rows,
                kept.catalogue / kept.rows,
                kept.each,
                each,
                f"{kept.each / each:.2f}",
            )
            for kind, kept, each in told
        ],
        (
            "The source's table and indexes, no more; of a host it keeps three values a sample.",
            "Payments and requests were appended a day at a time, system values as they come.",
        ),
        (
            *(
                Aim(f"{kind}, share of the source", kept.each / each, _AIM_SHARE, "")
                for kind, kept, each in told[:-1]
            ),
            Aim("system value", told[-1][1].each, _AIM_VALUE_BYTES, "bytes"),
        ),
    )


def _as_sampled(values: pl.DataFrame) -> Iterable[pl.DataFrame]:
    """The samples in batches as the collector appends them."""
    length = f"{BATCH_SAMPLES}s"
    groups = values.group_by_dynamic("happened_at", every=length).agg(pl.len())["len"].to_list()
    at = 0
    for rows in groups:
        yield values.slice(at, rows)
        at += rows


def in_store(path: Path, stream: str, frames: Iterable[pl.DataFrame], count: int) -> Taken:
    """What rows take in a store of their own, all of them sealed; ``count`` is how many there are.

    The catalogue's share is what it has grown by.
    """
    catalogue, segments = Catalogue.open(path), Segments(path)
    before = _compact(path)
    kind = {"transactions": TRANSACTIONS, "requests": REQUESTS, "system": SYSTEM}[stream]
    with closing(catalogue):
        for number, frame in enumerate(frames):
            # Samples come in by the second and are sealed by the hour.
            now = None if kind is SYSTEM else segments
            put(catalogue, now, kind, str(number), frame)
        while seal(catalogue, segments, kind, made.NOW) is not None:
            pass
        _look_after(catalogue, segments, frozenset({source_of(kind)}))
    sizes: dict[bool, int] = {True: 0, False: 0}
    for key in segments.files():
        sizes[key.split("/")[0] == stream] += segments.local(key).stat().st_size
    return Taken(count, sizes[True], sizes[False], _compact(path) - before)


def _look_after(catalogue: Catalogue, segments: Segments, sources: frozenset[str]) -> None:
    """What upkeep does until two months later, but for letting rows go."""
    now = made.NOW
    # Entries of the ledger are marked at first, and go days later.
    for now in (made.NOW, made.NOW + KEPT, made.NOW + timedelta(days=62)):
        while settle(catalogue, sources, now):
            pass
    while merge_next(catalogue, segments, now, kept_for_ever=()):
        pass
    clean(catalogue, segments, now + timedelta(hours=1), orphan_after=timedelta())


def _compact(path: Path) -> int:
    """The catalogue's size without its log and the pages that are free again."""
    (file,) = path.glob("catalogue.db")
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.stat().st_size


def in_source(path: Path, table: str, frames: Iterable[pl.DataFrame]) -> int:
    """Bytes of a database of the source's that holds these rows of one table, and its indexes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        create_tables(connection)
        create_indexes(connection)
        connection.execute("VACUUM")
        empty = path.stat().st_size
        connection.execute("BEGIN")
        for frame in frames:
            made_shop.insert(connection, table, frame)
        connection.execute("COMMIT")
    return path.stat().st_size - empty
