"""Readers: one consistent moment of the store, decoded once a process.

A snapshot opens one short read transaction, takes the manifest and what is new in batches, closes
it, and only then decodes. What was decoded is kept and shared by all viewers; nothing is ever
changed in place, so a snapshot stays as it was while newer ones are taken.

Streams of versions are held whole, because a row's newest version may be any of them. Of streams
that only grow the hot part is held; the rest stays in files, pruned by time from the manifest.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Connection, func, select

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import COUNT, STREAMS, Stream
from vcanalytics.store import schema
from vcanalytics.store.batches import decode
from vcanalytics.store.catalogue import Catalogue, states
from vcanalytics.store.facts import FORGOTTEN
from vcanalytics.store.manifest import manifest
from vcanalytics.store.quarantine import Quarantined, quarantined
from vcanalytics.store.segments import Segment, Segments, segment_schema
from vcanalytics.store.state import StreamState, from_micros

#: Kept on disk, fetched by ``Reader.whole`` only: the raw JSON would triple a reader's memory.
_LEFT_ON_DISK: Final = frozenset({"metadata"})
#: Arrow tables of more pieces than this are copied into one: queries pay per piece.
_PIECES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Damage:
    """A batch or segment that cannot be read: its rows are missing from figures; this says so.

    ``aside``: it was found before and put into quarantine; what is left agrees with itself.
    """

    stream: str
    name: str
    rows: int
    first_at: datetime | None
    last_at: datetime | None
    reason: str
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of a stream: those still hot, and the files that hold the others."""

    hot: pa.Table
    files: tuple[Path, ...] = ()

    def table(self) -> pa.Table:
        """All rows in memory. For streams that may be long, let the engine read the files."""
        parts = [pq.read_table(f, columns=self.hot.column_names) for f in self.files]
        return pa.concat_tables([*(part.cast(self.hot.schema) for part in parts), self.hot])


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The store at one moment."""

    taken_at: datetime
    states: dict[str, StreamState]
    facts: dict[str, Any]
    damage: tuple[Damage, ...]
    _held: dict[str, _Held] = field(repr=False)
    _segments: dict[str, tuple[tuple[Segment, Path], ...]] = field(repr=False)

    def state(self, stream: str) -> StreamState:
        return self.states[stream]

    def seqs(self, streams: Iterable[str]) -> tuple[tuple[str, int], ...]:
        """(stream, newest sequence number) pairs: the version a cached answer belongs to."""
        return tuple((name, self.states[name].seq) for name in sorted(streams))

    def relation(
        self, stream: str, start: datetime | None = None, end: datetime | None = None
    ) -> Relation:
        """The stream's rows as far as they can lie in ``[start, end)`` of its time column.

        Whole files are left out by the manifest; the question itself still says the range. The
        columns are the stream's (no raw metadata) and ``seq``.
        """
        return Relation(
            self._held[stream].table,
            tuple(
                path
                for segment, path in self._segments.get(stream, ())
                if (start is None or segment.last_at >= start)
                and (end is None or segment.first_at < end)
            ),
        )

    def table(self, stream: str) -> pa.Table:
        """All rows of the stream in memory, with ``seq``: of versions, oldest first."""
        return self.relation(stream).table()

    def current(self, stream: str) -> pl.DataFrame:
        """The newest version of each row of a versioned stream, also of deleted ones."""
        current = self._held[stream].current
        if current is None:
            raise StoreError(f"{stream} keeps no versions")
        return current


@dataclass(frozen=True, slots=True)
class _Held:
    """What a reader holds of a stream up to batch ``seq``: versions all, growing ones the hot."""

    seq: int
    table: pa.Table
    current: pl.DataFrame | None
    damage: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True)
class _News:
    """What one read transaction found of a stream: hot batches after those held, the manifest."""

    seq: int
    hot_after: int
    batches: Sequence[Any]
    segments: tuple[Segment, ...]


def _kept_schema(stream: Stream) -> pa.Schema:
    return pa.schema([f for f in segment_schema(stream) if f.name not in _LEFT_ON_DISK])


def _newest(stream: Stream, versions: pl.DataFrame) -> pl.DataFrame:
    # Rows come in sequence order and a batch holds a key at most once, so "last" is "newest".
    return versions.unique(subset=stream.key, keep="last", maintain_order=True)


def _empty(stream: Stream) -> _Held:
    empty = _kept_schema(stream).empty_table()
    return _Held(0, empty, pl.DataFrame(pl.from_arrow(empty)) if stream.versioned else None)


def _decoded(stream: Stream, row: Any) -> pa.Table:
    kept = _kept_schema(stream)
    table = decode(row.payload)
    seqs = pa.repeat(pa.scalar(row.seq, COUNT), table.num_rows)
    return table.append_column(kept.field("seq"), seqs).select(kept.names).cast(kept)


def _merge(stream: Stream, held: _Held, sealed: Sequence[pa.Table], news: _News) -> _Held:
    """``held`` with what is new; what cannot be decoded is left out and named."""
    pieces, damage = list(sealed), list(held.damage)
    for row in news.batches:
        try:
            pieces.append(_decoded(stream, row))
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            reason = str(error).splitlines()[0]
            bounds = from_micros(row.first_at), from_micros(row.last_at)
            damage.append(Damage(stream.name, f"batch {row.seq}", row.rows, *bounds, reason))
    table = held.table
    if not stream.versioned:
        table = table.filter(pc.greater(table.column("seq"), news.hot_after))
    if not pieces:
        return _Held(news.seq, table, held.current, tuple(damage))
    added = pa.concat_tables(pieces)
    table = pa.concat_tables([table, added])
    if table.column("seq").num_chunks > _PIECES_MAX:
        table = table.combine_chunks()
    current = held.current
    if current is not None:
        fresh = _newest(stream, pl.DataFrame(pl.from_arrow(added)).sort("seq", maintain_order=True))
        if current.height:
            current = current.join(fresh.select(stream.key), on=stream.key, how="anti")
        current = pl.concat([current, fresh]).rechunk()
    return _Held(news.seq, table, current, tuple(damage))


def _news(connection: Connection, stream: Stream, held: int, top: int) -> _News:
    batch = schema.batch
    segments = tuple(manifest(connection, stream.name))
    columns = (batch.c.seq, batch.c.rows, batch.c.first_at, batch.c.last_at, batch.c.payload)
    mine = batch.c.stream == stream.name
    lowest = connection.execute(select(func.min(batch.c.seq)).where(mine)).scalar()
    batches: Sequence[Any] = ()
    if top > held and lowest is not None:
        query = select(*columns).where(mine, batch.c.seq > held).order_by(batch.c.seq)
        batches = connection.execute(query).all()
    return _News(top, top if lowest is None else lowest - 1, batches, segments)


class Reader:
    """Takes snapshots of one catalogue. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._files = Segments(catalogue.path.parent)
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {name: _empty(s) for name, s in STREAMS.items()}
        self._rewritten: object = None

    def snapshot(self, streams: Iterable[str] | None = None) -> Snapshot:
        """One moment of the given streams (all of them by default). 1-2 ms where little is new."""
        names = sorted(STREAMS if streams is None else streams)
        with self._lock:
            with self._catalogue.read() as connection:
                known = states(connection)
                fact = schema.fact
                facts = dict(connection.execute(select(fact.c.name, fact.c.value)).all())
                if facts.get(FORGOTTEN) != self._rewritten:
                    # Someone was forgotten: what was decoded before still names them.
                    self._rewritten = facts.get(FORGOTTEN)
                    self._held = {name: _empty(s) for name, s in STREAMS.items()}
                aside = quarantined(connection)
                news = {
                    name: _news(connection, STREAMS[name], self._held[name].seq, known[name].seq)
                    for name in names
                }
            for name in names:
                self._held[name] = self._take(STREAMS[name], self._held[name], news[name])
            held = {name: self._held[name] for name in names}
        damage = [d for h in held.values() for d in h.damage]
        segments: dict[str, tuple[tuple[Segment, Path], ...]] = {}
        for name in names:
            if not STREAMS[name].versioned:
                segments[name] = tuple(self._present(news[name].segments, damage))
        return Snapshot(
            taken_at=datetime.now(UTC),
            states=known,
            facts={name: json.loads(text) for name, text in facts.items()},
            damage=(*damage, *_aside(aside, names)),
            _held=held,
            _segments=segments,
        )

    def _take(self, stream: Stream, held: _Held, news: _News) -> _Held:
        if not stream.versioned:
            hot_moved = held.table.num_rows and news.hot_after >= _first_seq(held.table)
            return _merge(stream, held, (), news) if news.batches or hot_moved else held
        if news.seq == held.seq:
            return held
        sealed = []
        damage = list(held.damage)
        # Batches that were sealed before this reader saw them.
        for segment in news.segments if news.hot_after > held.seq else ():
            if segment.last_seq <= held.seq:
                continue
            try:
                rows = self._files.read(segment.key, _kept_schema(stream).names)
            except StoreError as error:
                damage.append(_damage(segment, str(error.what)))
                continue
            rows = rows.cast(_kept_schema(stream))
            sealed.append(rows.filter(pc.greater(rows.column("seq"), held.seq)))
        return _merge(
            stream, _Held(held.seq, held.table, held.current, tuple(damage)), sealed, news
        )

    def _present(
        self, segments: Iterable[Segment], damage: list[Damage]
    ) -> Iterable[tuple[Segment, Path]]:
        for segment in segments:
            path = self._files.local(segment.key)
            # One missing or truncated file must not cost a question its other rows.
            try:
                size = path.stat().st_size
            except OSError as error:
                missing = isinstance(error, FileNotFoundError)
                reason = "the file is missing" if missing else f"the file: {error.strerror}"
            else:
                if size == segment.bytes:
                    yield segment, path
                    continue
                reason = f"the file has {size:,} bytes, the manifest says {segment.bytes:,}"
            damage.append(_damage(segment, reason))

    def whole(self, stream: str, seqs: Iterable[int]) -> pl.DataFrame:
        """Rows of the given batches with every column, raw metadata too, and their ``seq``.

        Raises StoreError where one of them is damaged.
        """
        wanted, subject, batch = sorted(set(seqs)), STREAMS[stream], schema.batch
        full = segment_schema(subject)
        parts = [full.empty_table()]
        with self._catalogue.read() as connection:
            mine = connection.execute(
                select(batch.c.seq, batch.c.payload)
                .where(batch.c.stream == stream)
                .where(batch.c.seq.in_(wanted))
                .order_by(batch.c.seq)
            ).all()
            sealed = manifest(connection, stream)
        for segment in sealed:
            if any(segment.first_seq <= seq <= segment.last_seq for seq in wanted):
                rows = self._files.read(segment.key)
                parts.append(rows.filter(pc.is_in(rows.column("seq"), pa.array(wanted, COUNT))))
        for row in mine:
            try:
                table = decode(row.payload)
            except (pa.ArrowException, OSError) as error:
                raise StoreError(
                    f"batch {row.seq} is damaged",
                    where=stream,
                    hint="Run `python -m vcanalytics check`",
                ) from error
            parts.append(
                table.append_column("seq", pa.repeat(pa.scalar(row.seq, COUNT), len(table)))
            )
        whole = pa.concat_tables([part.select(full.names).cast(full) for part in parts])
        return pl.DataFrame(pl.from_arrow(whole)).sort("seq", maintain_order=True)


def _first_seq(table: pa.Table) -> int:
    return int(table.column("seq")[0].as_py())


def _aside(entries: Iterable[Quarantined], names: Sequence[str]) -> Iterable[Damage]:
    for one in entries:
        # Of what is derived from a stream (``requests.hours``) as of itself.
        if one.stream.partition(".")[0] in names:
            bounds = one.first_at, one.last_at
            yield Damage(one.stream, one.name, one.rows, *bounds, one.reason, aside=True)


def _damage(segment: Segment, reason: str) -> Damage:
    return Damage(
        segment.stream, segment.key, segment.rows, segment.first_at, segment.last_at, reason
    )
