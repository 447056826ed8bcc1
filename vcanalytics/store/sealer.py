"""Sealing: moving what the catalogue holds in batches into segments, a day in a file.

A day that has a segment already gets a new one with the old rows and the new; the old file is
retired, and deleted once no reader can still be at it. So a stream has few files, however slowly
its rows come in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, delete, func, insert, select, update

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import STREAMS, Stream
from vcanalytics.store import schema
from vcanalytics.store.batches import decode
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.segments import Segment, Segments, segment_schema
from vcanalytics.store.state import from_micros, to_micros

#: A segment of so many rows is full: what comes for its day begins another.
FULL_ROWS: Final = 1_000_000
#: Retired files outlive the slowest question by far.
GRACE: Final = timedelta(minutes=10)
#: A file no manifest names, untouched for so long, is left over from a crash.
ORPHAN_AFTER: Final = timedelta(hours=1)
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
        open_segments = manifest(connection, stream.name)
    taken: list[pa.Table] = []
    rows, last_seq = 0, 0
    for row in found:
        if rows and rows + row.rows > _ROWS_MAX:
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
        rows, last_seq = rows + row.rows, row.seq
    if not taken:
        return None
    step("read")
    written: list[Segment] = []
    replaced: list[Segment] = []
    for day, part in _by_day(stream, pa.concat_tables(taken)):
        roomy = [s for s in open_segments if s.day == day and s.rows + part.num_rows <= FULL_ROWS]
        # Only the newest open one of the day: merging full ones is upkeep of another kind.
        old = roomy[-1:]
        parts = [segments.read(s.key).cast(segment_schema(stream)) for s in old]
        replaced.extend(old)
        written.append(segments.write(stream, day, pa.concat_tables([*parts, part])))
        step("written")
    with catalogue.transaction() as connection:
        _commit(connection, stream.name, last_seq, written, replaced, now)
        step("committing")
    step("committed")
    return Sealed(stream.name, rows, len(taken), tuple(written))


def _by_day(stream: Stream, rows: pa.Table) -> list[tuple[date, pa.Table]]:
    days = pc.cast(pc.floor_temporal(rows.column(stream.partition), unit="day"), pa.timestamp("us"))
    parts = [(v.as_py().date(), rows.filter(pc.equal(days, v))) for v in pc.unique(days)]
    return sorted(parts, key=lambda pair: pair[0])


def _commit(
    connection: Connection,
    stream: str,
    last_seq: int,
    written: list[Segment],
    replaced: list[Segment],
    now: datetime,
) -> None:
    """Manifest in, batches out, replaced files retired: one transaction."""
    # Batches without rows, which announce a rewriting, come to no file.
    if written:
        connection.execute(
            insert(schema.segment),
            [
                {
                    "key": s.key,
                    "stream": stream,
                    "day": s.day.isoformat(),
                    "rows": s.rows,
                    "bytes": s.bytes,
                    "sha256": s.sha256,
                    "first_seq": s.first_seq,
                    "last_seq": s.last_seq,
                    "first_at": to_micros(s.first_at),
                    "last_at": to_micros(s.last_at),
                    "sealed_at": to_micros(now),
                    "retired_at": None,
                }
                for s in written
            ],
        )
    connection.execute(
        update(schema.segment)
        .where(schema.segment.c.key.in_([s.key for s in replaced]))
        .values(retired_at=to_micros(now))
    )
    connection.execute(
        delete(schema.batch).where(schema.batch.c.stream == stream, schema.batch.c.seq <= last_seq)
    )


def manifest(connection: Connection, stream: str) -> list[Segment]:
    """The stream's segments that readers see now, oldest day first."""
    table = schema.segment
    rows = connection.execute(
        select(table)
        .where(table.c.stream == stream, table.c.retired_at.is_(None))
        .order_by(table.c.day, table.c.sealed_at, table.c.key)
    ).mappings()
    return [
        Segment(
            stream=row["stream"],
            key=row["key"],
            day=date.fromisoformat(row["day"]),
            rows=row["rows"],
            bytes=row["bytes"],
            sha256=row["sha256"],
            first_seq=row["first_seq"],
            last_seq=row["last_seq"],
            first_at=_instant(row["first_at"]),
            last_at=_instant(row["last_at"]),
        )
        for row in rows
    ]


def _instant(micros: int) -> datetime:
    instant = from_micros(micros)
    assert instant is not None  # noqa: S101 the column is not nullable
    return instant


def clean(
    catalogue: Catalogue,
    segments: Segments,
    now: datetime,
    orphan_after: timedelta = ORPHAN_AFTER,
) -> int:
    """Delete retired files past their grace, and files a crash left over; how many.

    Who knows that nothing is being sealed now passes no ``orphan_after`` to wait for.
    """
    table = schema.segment
    with catalogue.read() as connection:
        retired = connection.execute(
            select(table.c.key).where(table.c.retired_at < to_micros(now - GRACE))
        ).scalars()
        gone = list(retired)
    for key in gone:
        segments.delete(key)
    if gone:
        with catalogue.transaction() as connection:
            connection.execute(delete(table).where(table.c.key.in_(gone)))
    orphans = orphaned(catalogue, segments, older_than=orphan_after)
    for key in orphans:
        segments.delete(key)
    return len(gone) + len(orphans)


def orphaned(catalogue: Catalogue, segments: Segments, older_than: timedelta) -> list[str]:
    """Files that no manifest names, untouched for ``older_than``."""
    # Listed before the manifest is read: a file sealed in between is then in the manifest.
    files = [k for k in segments.files() if segments.age_s(k) >= older_than.total_seconds()]
    with catalogue.read() as connection:
        named = set(connection.execute(select(schema.segment.c.key)).scalars())
    return [key for key in files if key not in named]


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
