"""Readers: they take snapshots, and keep what was decoded once a process.

A snapshot opens one short read transaction, takes the manifest and what is new in batches, closes
it, and only then decodes. What was decoded is kept and shared by all viewers; nothing is ever
changed in place, so a snapshot stays as it was while newer ones are taken.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from sqlalchemy import Connection, func, select

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import COUNT, STREAMS
from vcanalytics.store import schema
from vcanalytics.store.batches import decode
from vcanalytics.store.books import held as held_books
from vcanalytics.store.books.held import Books
from vcanalytics.store.books.keeping import FACT as BOOKS
from vcanalytics.store.catalogue import Catalogue, states
from vcanalytics.store.cells.counting import COUNTED, HOURS
from vcanalytics.store.facts import FORGOTTEN
from vcanalytics.store.held import Damage, Held, News, empty, take
from vcanalytics.store.manifest import Known, manifest
from vcanalytics.store.newest.current import VERSIONED, folded, series
from vcanalytics.store.newest.places import Place, moves, places
from vcanalytics.store.quarantine import Quarantined, quarantined
from vcanalytics.store.segments import Segment, Segments
from vcanalytics.store.shapes import segment_schema
from vcanalytics.store.snapshot import Snapshot


def _news(
    connection: Connection, stream: str, held: int, top: int, files: Mapping[str, list[Segment]]
) -> News:
    batch = schema.batch
    columns = (batch.c.seq, batch.c.rows, batch.c.first_at, batch.c.last_at, batch.c.payload)
    mine = batch.c.stream == stream
    lowest = connection.execute(select(func.min(batch.c.seq)).where(mine)).scalar()
    batches: Sequence[Any] = ()
    if top > held and lowest is not None:
        query = select(*columns).where(mine, batch.c.seq > held).order_by(batch.c.seq)
        batches = connection.execute(query).all()
    mark = folded(connection, stream) if STREAMS[stream].versioned else 0
    hot_after = top if lowest is None else lowest - 1
    return News(top, hot_after, batches, tuple(files.get(stream, ())), mark)


class Reader:
    """Takes snapshots of one catalogue. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue, *, books: bool = True) -> None:
        """``books``: hold the books as well, wherever payments are asked for."""
        self._with_books = books
        self._books: Books | None = None
        self._catalogue = catalogue
        self._files = Segments(catalogue.path.parent)
        self._lock = threading.Lock()
        self._known = Known()
        self._held: dict[str, Held] = {name: empty(s) for name, s in STREAMS.items()}
        self._rewritten: object = None

    def snapshot(self, streams: Iterable[str] | None = None) -> Snapshot:
        """One moment of the given streams (all of them by default). 1-2 ms where little is new."""
        names = sorted(STREAMS if streams is None else streams)
        with_books = self._with_books and "transactions" in names
        with self._lock:
            with self._catalogue.read() as connection:
                known = states(connection)
                fact = schema.fact
                facts = dict(connection.execute(select(fact.c.name, fact.c.value)).all())
                if facts.get(FORGOTTEN) != self._rewritten:
                    # Someone was forgotten: what was decoded before still names them.
                    self._rewritten = facts.get(FORGOTTEN)
                    self._held = {name: empty(s) for name, s in STREAMS.items()}
                    self._books = None
                files = self._known.manifests(connection)
                aside = quarantined(connection)
                news = {
                    name: _news(connection, name, self._held[name].seq, known[name].seq, files)
                    for name in names
                }
                booked = None
                if with_books:
                    version = sum(known[name].seq for name in schema.BOOKED)
                    stands = json.loads(facts.get(BOOKS, "null"))
                    booked = held_books.news(connection, stands, self._books, version)
            if with_books:
                self._books = held_books.taken_over(self._books, booked)
            for name in names:
                self._held[name] = take(self._files, STREAMS[name], self._held[name], news[name])
            held = {name: self._held[name] for name in names}
            books = self._books if with_books else None
        damage = [d for h in held.values() for d in h.damage]
        wanted = [*names, *(series(s) for s in VERSIONED if s.name in held)]
        there = {name: tuple(self._present(files.get(name, ()), damage)) for name in wanted}
        broken: list[Segment] = []
        since: dict[str, date] = {}
        for name in COUNTED.keys() & held.keys():
            cells = [s for part in COUNTED[name].series for s in files.get(part, ())]
            there |= self._cells(name, cells, there[name], broken, damage)
            # Of damaged ones too: what they took in is not taken for hot or for waiting.
            if days := [s.day for s in cells if s.stream == COUNTED[name].figures(HOURS).name]:
                since[name] = min(days)
        return Snapshot(
            taken_at=datetime.now(UTC),
            states=known,
            facts={name: json.loads(text) for name, text in facts.items()},
            damage=(
                *{(one.stream, one.name): one for one in damage}.values(),
                *_aside(aside, names),
            ),
            _held=held,
            _files=there,
            _places=self.places,
            _moves=self._moves,
            _whole=self.whole,
            _broken=tuple(broken),
            _since=since,
            books=books,
        )

    def _cells(
        self,
        stream: str,
        cells: Sequence[Segment],
        rows: Sequence[tuple[Segment, Path]],
        broken: list[Segment],
        damage: list[Damage],
    ) -> dict[str, tuple[tuple[Segment, Path], ...]]:
        """The files of cells by series; one that cannot be read is ``broken``.

        It is a damage as well where the rows it was made of are let go.
        """
        found: dict[str, list[tuple[Segment, Path]]] = {}
        kept = {day for s, _ in rows for day in (s.day, s.last_day)}
        for segment in cells:
            wrong: list[Damage] = []
            present = list(self._present([segment], wrong))
            found.setdefault(segment.stream, []).extend(present)
            if not present:
                broken.append(segment)
                if not any(segment.day <= day <= segment.last_day for day in kept):
                    damage.extend(replace(one, stream=stream) for one in wrong)
        return {name: tuple(files) for name, files in found.items()}

    def places(self, stream: str, keys: Sequence[str]) -> dict[str, Place]:
        """When rows of a versioned stream were begun, by key; unknown ones are left out.

        As of now: of an earlier snapshot's rows this is all that held then, and maybe more.
        """
        with self._catalogue.read() as connection:
            return places(connection, stream, keys)

    def _moves(self, stream: str, keys: Sequence[str]) -> tuple[frozenset[datetime], bool]:
        with self._catalogue.read() as connection:
            return moves(connection, stream, keys)

    def _present(
        self, segments: Iterable[Segment], damage: list[Damage]
    ) -> Iterator[tuple[Segment, Path]]:
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
            near = [seq for seq in wanted if segment.first_seq <= seq <= segment.last_seq]
            if near:
                parts += self._files.pieces(segment.key, pa.array(near, COUNT), full.names)
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


def _damage(segment: Segment, reason: str) -> Damage:
    return Damage(
        segment.stream, segment.key, segment.rows, segment.first_at, segment.last_at, reason
    )


def _aside(entries: Iterable[Quarantined], names: Sequence[str]) -> Iterable[Damage]:
    for one in entries:
        # Of what is derived from a stream (``requests.hours``) as of itself.
        if one.stream.partition(".")[0] in names:
            bounds = one.first_at, one.last_at
            yield Damage(one.stream, one.name, one.rows, *bounds, one.reason, aside=True)
