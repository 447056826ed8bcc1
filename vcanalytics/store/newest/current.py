"""Newest versions in files of their own: ``X.current`` of each versioned stream X.

A file holds the newest version of each of its rows, deleted ones too, all columns but the raw
metadata, by the day the row was begun. Versions are *folded* in as they are sealed, in the same
transaction: they take the place of the row's earlier version, in whichever file that lies. How far
that has come stands in the table ``folded``; what came later, readers lay over the files.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from vcanalytics.model.streams import STREAMS, TRANSACTIONS, Stream
from vcanalytics.store import schema
from vcanalytics.store.manifest import Change
from vcanalytics.store.newest.places import moves
from vcanalytics.store.newest.searched import SEARCHED
from vcanalytics.store.segments import Segment, Segments
from vcanalytics.store.shapes import Shape, segment_schema

#: Left to the versions, which are read one by one: the raw JSON would triple what a question reads.
LEFT_OUT: Final = frozenset({"metadata"})
#: Small files, because a late change rewrites the one it falls into, in the collectors' memory;
#: small groups, because a question of a day should not read a month.
FULL_ROWS: Final = 200_000
_GROUP_ROWS: Final = 20_000
#: The times a row can count by. An answer's due time is in none of the figures.
_MOMENTS: Final = ("created_at", "completed_at", "captured_at", "refund_seen_at", "resolved_at")


@dataclass(frozen=True, slots=True)
class Moves:
    """The other times that rows being folded were begun at; not ``certain``: there may be more."""

    moments: frozenset[datetime] = frozenset()
    certain: bool = True


def series(stream: Stream) -> str:
    """The name of the series of the stream's newest versions."""
    return f"{stream.name}.current"


def kept_schema(stream: Stream) -> pa.Schema:
    """The columns of newest versions, and of what a reader holds: all but the raw metadata."""
    return pa.schema([f for f in segment_schema(stream) if f.name not in LEFT_OUT])


def current_shape(stream: Stream) -> Shape:
    """The files that hold the newest version of each row of a versioned stream."""
    columns = kept_schema(stream)
    return Shape(
        series(stream),
        columns,
        partition=stream.time,
        order=(stream.time, "source_id"),
        moments=tuple(name for name in _MOMENTS if name in columns.names),
        full_rows=FULL_ROWS,
        group_rows=_GROUP_ROWS,
        computed=(SEARCHED,) if stream is TRANSACTIONS else (),
    )


VERSIONED: Final = tuple(stream for stream in STREAMS.values() if stream.versioned)
SHAPES: Final = {series(stream): current_shape(stream) for stream in VERSIONED}


def newest(stream: Stream, rows: pa.Table) -> pa.Table:
    """The newest version of each row, by ``seq``: a batch holds a row at most once."""
    if not rows.num_rows:
        return rows
    found = pl.DataFrame(
        {
            "key": pl.from_arrow(rows.column(stream.key)),
            "seq": pl.from_arrow(rows.column("seq")),
        }
    )
    found = found.with_row_index("at").sort("seq", maintain_order=True)
    at = found.unique("key", keep="last").get_column("at").sort()
    return rows if len(at) == rows.num_rows else rows.take(at.to_arrow())


def folded(connection: Connection, stream: str) -> int:
    """The newest batch that the stream's current files take in, 0 for none."""
    table = schema.folded
    return connection.execute(select(table.c.seq).filter_by(stream=stream)).scalar() or 0


def is_caught_up(versions: Iterable[Segment], mark: int) -> bool:
    """Whether all sealed versions are folded in: only then may those being sealed follow."""
    return all(segment.last_seq <= mark for segment in versions)


def moves_of(connection: Connection, stream: Stream, rows: pa.Table) -> Moves:
    """Where else earlier versions of ``rows`` may lie."""
    keys = pc.unique(pc.cast(rows.column(stream.key), pa.string())).to_pylist()
    return Moves(*moves(connection, stream.name, keys))


def fold(
    segments: Segments,
    stream: Stream,
    rows: pa.Table,
    standing: Sequence[Segment],
    moved: Moves,
    upto: int,
) -> Change:
    """Files in which the newest of ``rows`` stand instead of their earlier versions.

    ``rows`` are all versions of the batches after those folded before, up to ``upto``; ``standing``
    are the current files now. Raises StoreError where one of them cannot be read or written.
    """
    change = Change(folded={stream.name: upto})
    fresh = newest(stream, rows).select(kept_schema(stream).names)
    if not fresh.num_rows:
        return change
    held = _files_holding(segments, stream, fresh, standing, moved)
    coming: dict[str | date, list[pa.Table]] = defaultdict(list)
    homes = {segment.key: segment for segment in held}
    for day, part in _by_day(stream, fresh):
        home = _home(day, part.num_rows, held, standing)
        if home is not None:
            homes[home.key] = home
        coming[day if home is None else home.key].append(part)
    gone = fresh.column(stream.key).combine_chunks()
    for segment in homes.values():
        change.replaced.append(segment)
        mine = coming.pop(segment.key, [])
        parts = _exchanged(segments, stream, segment, gone, mine)
        rows = segment.rows + sum(part.num_rows for part in mine)
        change.written += _write(segments, stream, parts, rows)
    for days in coming.values():
        rows = sum(part.num_rows for part in days)
        change.written += _write(segments, stream, [pa.concat_tables(days)], rows)
    return change


def _exchanged(
    segments: Segments,
    stream: Stream,
    segment: Segment,
    gone: pa.Array,
    coming: Sequence[pa.Table],
) -> Iterator[pa.Table]:
    """A file's rows without those gone and with those coming, a group at a time, in their order."""
    kept = kept_schema(stream)
    left = pa.concat_tables([kept.empty_table(), *coming]).sort_by(stream.time)
    for group in segments.groups(segment.key):
        rows = group.select(kept.names).cast(kept)
        last = pc.max(rows.column(stream.time))
        here = pc.sum(pc.less_equal(left.column(stream.time), last)).as_py() or 0
        rows = rows.filter(pc.invert(pc.is_in(rows.column(stream.key), gone)))
        yield pa.concat_tables([rows, left.slice(0, here)])
        left = left.slice(here)
    yield left


def _by_day(stream: Stream, rows: pa.Table) -> Iterator[tuple[date, pa.Table]]:
    rows = rows.sort_by(stream.time)
    days = pc.floor_temporal(rows.column(stream.time), unit="day")
    start = 0
    for run in pc.run_end_encode(days.combine_chunks()).run_ends.to_pylist():
        yield days[start].as_py().date(), rows.slice(start, run - start)
        start = run


def _files_holding(
    segments: Segments,
    stream: Stream,
    fresh: pa.Table,
    standing: Sequence[Segment],
    moved: Moves,
) -> list[Segment]:
    """The files in which any of the rows has its earlier version."""
    key = stream.key or ""
    moments = pc.unique(pc.floor_temporal(fresh.column(stream.time), unit="day")).to_pylist()
    days = sorted({moment.date() for moment in (*moments, *moved.moments)})
    keys = fresh.column(key).combine_chunks()
    found = []
    for segment in standing:
        at = bisect_left(days, segment.day)
        if moved.certain and not (at < len(days) and days[at] <= segment.last_day):
            continue
        if pc.any(pc.is_in(segments.read(segment.key, [key]).column(key), keys)).as_py():
            found.append(segment)
    return found


def _home(
    day: date, rows: int, held: Sequence[Segment], standing: Sequence[Segment]
) -> Segment | None:
    """The file that rows begun on a day go to: one that is rewritten anyway, else an open one."""
    for segment in held:
        if segment.day <= day <= segment.last_day:
            return segment
    for segment in standing:
        if segment.day <= day <= segment.last_day and segment.rows + rows <= FULL_ROWS:
            return segment
    return None


def _write(
    segments: Segments, stream: Stream, parts: Iterable[pa.Table], rows: int
) -> list[Segment]:
    """Files of about FULL_ROWS at most, alike, one after the other in time; a group in memory.

    ``rows`` is about how many there are in the parts: a full file that a few are exchanged in stays
    one.
    """
    shape = current_shape(stream)
    size = -(-rows // -(-4 * rows // (5 * FULL_ROWS)))
    pieces = _pieces(shape, parts, min(size, shape.group_rows))
    return [
        segments.write_parts(shape, chain([first], _up_to(pieces, size - first.num_rows)))
        for first in pieces
    ]


def _pieces(shape: Shape, parts: Iterable[pa.Table], size: int) -> Iterator[pa.Table]:
    for part in parts:
        rows = part.sort_by([(name, "ascending") for name in shape.order])
        yield from (rows.slice(start, size) for start in range(0, rows.num_rows, size))


def _up_to(pieces: Iterator[pa.Table], rows: int) -> Iterator[pa.Table]:
    while rows > 0 and (piece := next(pieces, None)) is not None:
        rows -= piece.num_rows
        yield piece
