"""Sealing: moving what the catalogue holds in batches into segments, a day in a file.

A day that has a segment already gets a new one with the old rows and the new; the old file is
retired, and deleted once no reader can still be at it. So a stream has few files, however slowly
its rows come in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, delete, func, select

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import STREAMS, Stream
from vcanalytics.store import schema
from vcanalytics.store.batches import decode
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.derived import DERIVED, Standing
from vcanalytics.store.manifest import Change, enter, manifests
from vcanalytics.store.newest.current import Moves, fold, folded, is_caught_up, moves_of, series
from vcanalytics.store.segments import Segment, Segments
from vcanalytics.store.shapes import Shape, segment_schema, shape_of
from vcanalytics.store.state import to_micros

_BATCHES_MAX: Final = 5_000
_ROWS_MAX: Final = 500_000


@dataclass(frozen=True, slots=True)
class Limits:
    """When a stream is due: so many rows or batches hot, or the oldest batch so old."""

    rows: int = 50_000
    batches: int = 2_000
    age: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one sealing came to."""

    stream: str
    rows: int
    batches: int
    segments: tuple[Segment, ...]


#: Called before each step by its name: crash tests stop the process there.
Step = Callable[[str], None]


def due(connection: Connection, stream: str, limits: Limits, now: datetime) -> bool:
    """Whether the stream's hot batches have come to a limit."""
    batch = schema.batch
    rows, batches, oldest = connection.execute(
        select(func.sum(batch.c.rows), func.count(), func.min(batch.c.appended_at)).where(
            batch.c.stream == stream
        )
    ).one()
    if not batches:
        return False
    return bool(
        rows >= limits.rows
        or batches >= limits.batches
        or to_micros(now) - oldest >= limits.age // timedelta(microseconds=1)
    )


def seal(
    catalogue: Catalogue,
    segments: Segments,
    stream: Stream,
    now: datetime,
    step: Step = lambda _name: None,
) -> Sealed | None:
    """Move the stream's hot batches, oldest first, into segments; None where there are none.

    One sealer a data directory at a time (the collectors' lock). Raises StoreError where a file
    cannot be written or the oldest batch is damaged; nothing has moved then.
    """
    batch = schema.batch
    with catalogue.read() as connection:
        found = connection.execute(
            select(batch.c.seq, batch.c.rows, batch.c.payload)
            .where(batch.c.stream == stream.name)
            .order_by(batch.c.seq)
            .limit(_BATCHES_MAX)
        ).all()
        standing = manifests(connection)
        mark = folded(connection, stream.name)
    taken: list[pa.Table] = []
    count, last_seq = 0, 0
    for row in found:
        if count and count + row.rows > _ROWS_MAX:
            break
        try:
            table = decode(row.payload)
        except (pa.ArrowException, OSError) as error:
            if taken:
                break
            raise StoreError(
                f"batch {row.seq} is damaged: nothing from it on is sealed",
                where=stream.name,
                hint="Run `python -m vcanalytics check`",
            ) from error
        seqs = pa.repeat(pa.scalar(row.seq, pa.int64()), table.num_rows)
        taken.append(table.append_column("seq", seqs).cast(segment_schema(stream)))
        count, last_seq = count + row.rows, row.seq
    if not taken:
        return None
    step("read")
    rows = pa.concat_tables(taken)
    change = _change(segments, stream, rows, lambda name: standing.get(name, []), step)
    if stream.versioned and is_caught_up(standing.get(stream.name, ()), mark):
        change += _folding(catalogue, segments, stream, rows, standing, last_seq)
        step("folded")
    with catalogue.transaction() as connection:
        # Batches without rows, which announce a rewriting, come to no file.
        enter(connection, change, now)
        connection.execute(
            delete(batch).where(batch.c.stream == stream.name, batch.c.seq <= last_seq)
        )
        step("committing")
    step("committed")
    mine = tuple(segment for segment in change.written if segment.stream == stream.name)
    return Sealed(stream.name, rows.num_rows, len(taken), mine)


def _change(
    segments: Segments, stream: Stream, rows: pa.Table, standing: Standing, step: Step
) -> Change:
    """Files of the stream with ``rows`` in them, and what is derived from it likewise."""
    shape, change = shape_of(stream), Change()
    for day, part in by_day(shape, rows):
        # Only the newest open one of the day: merging others is upkeep of another kind.
        old = [s for s in standing(shape.name) if s.day == s.last_day == day][-1:]
        old = [s for s in old if s.rows + part.num_rows <= shape.full_rows]
        # What is damaged keeps its name and its rows; copied, it would pass for sound.
        old = [s for s in old if segments.verify(s) is None]
        parts = [segments.read(s.key).cast(shape.schema) for s in old]
        change.replaced.extend(old)
        change.written.append(segments.write(shape, pa.concat_tables([*parts, part])))
        step("written")
    for derivation in DERIVED.get(stream.name, ()):
        change += derivation(segments, rows, standing)
        step("derived")
    return change


def _folding(
    catalogue: Catalogue,
    segments: Segments,
    stream: Stream,
    rows: pa.Table,
    standing: Mapping[str, list[Segment]],
    last_seq: int,
) -> Change:
    """What becomes of the newest versions' files; nothing where one of them is damaged."""
    with catalogue.read() as connection:
        moved = moves_of(connection, stream, rows) if rows.num_rows else Moves()
    try:
        return fold(segments, stream, rows, standing.get(series(stream), ()), moved, last_seq)
    except StoreError as error:
        if error.heals:
            raise
        # Versions are kept whatever becomes of what is made of them; upkeep says what is damaged.
        return Change()


def by_day(shape: Shape, rows: pa.Table) -> list[tuple[date, pa.Table]]:
    """``rows`` by the day of the shape's partition, oldest first."""
    days = pc.cast(pc.floor_temporal(rows.column(shape.partition), unit="day"), pa.timestamp("us"))
    parts = [(v.as_py().date(), rows.filter(pc.equal(days, v))) for v in pc.unique(days)]
    return sorted(parts, key=lambda pair: pair[0])


def seal_due(
    catalogue: Catalogue, segments: Segments, limits: Limits, now: datetime
) -> list[Sealed]:
    """Seal every stream that is due, once.

    One that cannot be sealed keeps no other from it: the first StoreError is raised at the end.
    """
    done = []
    failed: StoreError | None = None
    for stream in STREAMS.values():
        with catalogue.read() as connection:
            wanted = due(connection, stream.name, limits, now)
        try:
            if wanted and (sealed := seal(catalogue, segments, stream, now)):
                done.append(sealed)
        except StoreError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return done
