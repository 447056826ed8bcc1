"""Current rows against the newest versions they stand for, a slice of keys at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, func, select

from vcanalytics.model.streams import Stream
from vcanalytics.store import schema
from vcanalytics.store.checking.rows import Kept, hot_batches
from vcanalytics.store.segments import Segments

#: Keys that are compared at once: some 500 bytes each, and every file's keys are read once for it.
SLICE: Final = 200_000
_FETCHED: Final = 10_000

_STANDS: Final = {"key": pl.String, "stands_seq": pl.Int64, "stands_deleted": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A row that does not stand where its versions say; None for no current row, no version.

    ``lost``: the version it stands at is among those known to be lost.
    """

    key: str
    stands: tuple[int, bool] | None
    newest: tuple[int, bool] | None
    lost: bool = False


def mismatches(
    connection: Connection, stream: Stream, segments: Segments, kept: Kept
) -> Iterator[Mismatch]:
    """Every row that does not stand where its newest version says, by key."""
    for low, high, stands in _slices(connection, stream):
        newest = _newest(connection, stream, segments, kept, low, high)
        both = newest.join(stands, on="key", how="full", coalesce=True)
        wrong = both.filter(
            pl.col("seq").ne_missing(pl.col("stands_seq"))
            | pl.col("deleted").ne_missing(pl.col("stands_deleted"))
        ).sort("key")
        for key, seq, deleted, stands_seq, stands_deleted in wrong.iter_rows():
            version = None if seq is None else (seq, deleted)
            if stands_seq is None:
                yield Mismatch(key, None, version)
                continue
            older = version is None or version[0] < stands_seq
            lost = older and _may_be_lost(kept, stands_seq)
            yield Mismatch(key, (stands_seq, stands_deleted), version, lost)


def _may_be_lost(kept: Kept, seq: int) -> bool:
    return any(one.first_seq <= seq <= one.last_seq for one in kept.gone)


def _slices(
    connection: Connection, stream: Stream
) -> Iterator[tuple[str | None, str | None, pl.DataFrame]]:
    """Current rows by key, with the bounds (after, up to) of each slice; the last one is open."""
    table = schema.current_row
    low: str | None = None
    while True:
        query = select(table.c.row_key, table.c.seq, table.c.deleted).where(
            table.c.stream == stream.name
        )
        if low is not None:
            query = query.where(table.c.row_key > low)
        rows = connection.execution_options(yield_per=_FETCHED).execute(
            query.order_by(table.c.row_key).limit(SLICE)
        )
        frames = [pl.DataFrame(schema=_STANDS)]
        frames += (pl.DataFrame(list(some), _STANDS, orient="row") for some in rows.partitions())
        stands = pl.concat(frames)
        high = stands["key"][-1] if stands.height == SLICE else None
        yield low, high, stands
        if high is None:
            return
        low = high


def _newest(
    connection: Connection,
    stream: Stream,
    segments: Segments,
    kept: Kept,
    low: str | None,
    high: str | None,
) -> pl.DataFrame:
    """The newest version of each key of the slice: ``key``, ``seq``, ``deleted``."""
    key = stream.key or ""
    parts = [pl.DataFrame(schema={"key": pl.String, "seq": pl.Int64, "deleted": pl.Boolean})]
    for segment in kept.files:
        rows = segments.read(segment.key, list({key, "seq", "deleted"}))
        parts.append(
            _within(rows.column(key), rows.column("seq"), rows.column("deleted"), low, high)
        )
    for row, rows in hot_batches(connection, stream.name):
        if not isinstance(rows, str):
            seqs = pa.chunked_array([pa.repeat(pa.scalar(row.seq, pa.int64()), rows.num_rows)])
            parts.append(_within(rows.column(key), seqs, rows.column("deleted"), low, high))
    versions = pl.concat(parts).sort("seq", maintain_order=True)
    return versions.unique("key", keep="last")


def _within(
    keys: pa.ChunkedArray,
    seqs: pa.ChunkedArray,
    deleted: pa.ChunkedArray,
    low: str | None,
    high: str | None,
) -> pl.DataFrame:
    table = pa.table({"key": pc.cast(keys, pa.string()), "seq": seqs, "deleted": deleted})
    if low is not None:
        table = table.filter(pc.greater(table.column("key"), low))
    if high is not None:
        table = table.filter(pc.less_equal(table.column("key"), high))
    return pl.DataFrame(pl.from_arrow(table))


def held_twice(connection: Connection, stream: str) -> int:
    """Source rows that more than one current row holds."""
    table = schema.current_row
    twice = (
        select(table.c.source_id)
        .where(table.c.stream == stream, table.c.deleted.is_(False))
        .group_by(table.c.source_id)
        .having(func.count() > 1)
    )
    return connection.execute(select(func.count()).select_from(twice.subquery())).scalar() or 0
