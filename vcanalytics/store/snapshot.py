"""Readers: one consistent moment of the store as Arrow tables, decoded once a process.

A snapshot opens one short read transaction, takes what is new since the last one, closes it, and
only then decodes. What was decoded is kept and shared by all viewers; nothing is ever changed in
place, so a snapshot stays as it was while newer ones are taken.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import polars as pl
import pyarrow as pa
from sqlalchemy import select

from vcanalytics.model.streams import COUNT, STREAMS, Stream
from vcanalytics.store import schema
from vcanalytics.store.batches import decode
from vcanalytics.store.catalogue import Catalogue, states
from vcanalytics.store.state import StreamState, from_micros

#: Kept on disk, fetched by ``Reader.whole`` only: the raw JSON would triple a reader's memory.
_LEFT_ON_DISK: Final = frozenset({"metadata"})
#: Arrow tables of more pieces than this are copied into one: queries pay per piece.
_PIECES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Damage:
    """A batch that cannot be decoded: its rows are missing from every figure, and this says so."""

    stream: str
    seq: int
    rows: int
    first_at: datetime | None
    last_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The store at one moment."""

    taken_at: datetime
    states: dict[str, StreamState]
    facts: dict[str, Any]
    damage: tuple[Damage, ...]
    _tables: dict[str, pa.Table] = field(repr=False)
    _current: dict[str, pl.DataFrame] = field(repr=False)

    def state(self, stream: str) -> StreamState:
        return self.states[stream]

    def seqs(self, streams: Iterable[str]) -> tuple[tuple[str, int], ...]:
        """(stream, newest sequence number) pairs: the version a cached answer belongs to."""
        return tuple((name, self.states[name].seq) for name in sorted(streams))

    def table(self, stream: str) -> pa.Table:
        """All rows, oldest batch first: the stream's columns (no raw metadata) and ``seq``."""
        return self._tables[stream]

    def current(self, stream: str) -> pl.DataFrame:
        """The newest version of each row of a versioned stream, also of deleted ones."""
        return self._current[stream]


@dataclass(frozen=True, slots=True)
class _Held:
    seq: int
    table: pa.Table
    current: pl.DataFrame | None
    damage: tuple[Damage, ...] = ()


def _kept_schema(stream: Stream) -> pa.Schema:
    fields = [f for f in stream.schema if f.name not in _LEFT_ON_DISK]
    return pa.schema([*fields, pa.field("seq", COUNT, nullable=False)])


def _newest(stream: Stream, versions: pl.DataFrame) -> pl.DataFrame:
    # Batches come in sequence order and hold a row's key at most once, so "last" is "newest".
    return versions.unique(subset=stream.key, keep="last", maintain_order=True)


def _merge(stream: Stream, held: _Held, batches: Sequence[Any]) -> _Held:
    """``held`` with the new batches added; a damaged one is left out and named."""
    kept = _kept_schema(stream)
    pieces: list[pa.Table] = []
    damage = list(held.damage)
    for row in batches:
        try:
            table = decode(row.payload)
            table = table.append_column(
                kept.field("seq"), pa.repeat(pa.scalar(row.seq, COUNT), table.num_rows)
            )
            pieces.append(table.select(kept.names).cast(kept))
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            damage.append(
                Damage(
                    stream.name,
                    row.seq,
                    row.rows,
                    from_micros(row.first_at),
                    from_micros(row.last_at),
                    str(error).splitlines()[0],
                )
            )
    seq = batches[-1].seq
    if not pieces:
        return _Held(seq, held.table, held.current, tuple(damage))
    added = pa.concat_tables(pieces)
    merged = pa.concat_tables([held.table, added])
    if merged.column("seq").num_chunks > _PIECES_MAX:
        merged = merged.combine_chunks()
    current = held.current
    if current is not None:
        fresh = _newest(stream, pl.DataFrame(pl.from_arrow(added)))
        rest = (
            current.join(fresh.select(stream.key), on=stream.key, how="anti")
            if current.height
            else current
        )
        current = pl.concat([rest, fresh]).rechunk()
    return _Held(seq, merged, current, tuple(damage))


class Reader:
    """Takes snapshots of one catalogue. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def snapshot(self, streams: Iterable[str] | None = None) -> Snapshot:
        """One moment of the given streams (all of them by default). 1-2 ms where little is new."""
        names = sorted(STREAMS if streams is None else streams)
        batch = schema.batch
        columns = (batch.c.seq, batch.c.rows, batch.c.first_at, batch.c.last_at, batch.c.payload)
        with self._lock:
            new: dict[str, Sequence[Any]] = {}
            with self._catalogue.read() as connection:
                known = states(connection)
                facts = dict(
                    connection.execute(select(schema.fact.c.name, schema.fact.c.value))
                    .tuples()
                    .all()
                )
                for name in names:
                    held = self._hold(name)
                    if known[name].seq > held.seq:
                        query = select(*columns).where(
                            batch.c.stream == name, batch.c.seq > held.seq
                        )
                        new[name] = connection.execute(query.order_by(batch.c.seq)).all()
            for name, batches in new.items():
                if batches:
                    self._held[name] = _merge(STREAMS[name], self._held[name], batches)
            held_now = {name: self._held[name] for name in names}
        return Snapshot(
            taken_at=datetime.now(UTC),
            states=known,
            facts={name: json.loads(text) for name, text in facts.items()},
            damage=tuple(d for held in held_now.values() for d in held.damage),
            _tables={name: held.table for name, held in held_now.items()},
            _current={
                name: held.current for name, held in held_now.items() if held.current is not None
            },
        )

    def _hold(self, name: str) -> _Held:
        held = self._held.get(name)
        if held is None:
            stream = STREAMS[name]
            empty = _kept_schema(stream).empty_table()
            current = pl.DataFrame(pl.from_arrow(empty)) if stream.versioned else None
            held = self._held[name] = _Held(0, empty, current)
        return held

    def whole(self, stream: str, seqs: Iterable[int]) -> pl.DataFrame:
        """Rows of the given batches with every column, raw metadata too, and their ``seq``."""
        batch = schema.batch
        with self._catalogue.read() as connection:
            rows = connection.execute(
                select(batch.c.seq, batch.c.payload)
                .where(batch.c.stream == stream, batch.c.seq.in_(list(seqs)))
                .order_by(batch.c.seq)
            ).all()
        frames = [
            pl.DataFrame(pl.from_arrow(decode(row.payload))).with_columns(
                pl.lit(row.seq, pl.Int64).alias("seq")
            )
            for row in rows
        ]
        if not frames:
            schema_now = STREAMS[stream].schema.append(pa.field("seq", COUNT))
            return pl.DataFrame(pl.from_arrow(schema_now.empty_table()))
        return pl.concat(frames)
