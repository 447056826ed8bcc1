"""Readers: one consistent moment of the store, decoded once a process.

A snapshot opens one short read transaction, takes the manifest and what is new in batches, closes
it, and only then decodes. What was decoded is kept and shared by all viewers; nothing is ever
changed in place, so a snapshot stays as it was while newer ones are taken.

What is hot is held in memory; the rest stays in files, pruned by the manifest. Of versioned streams
the newest version of each row lies in files of its own (``store.current``): what came after those
were made is held as well, and laid over them.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

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
from vcanalytics.store.cell_files import CellFiles
from vcanalytics.store.cells import COUNTED, HOURS
from vcanalytics.store.current import SHAPES, VERSIONED, folded, series
from vcanalytics.store.facts import FORGOTTEN, LET_GO
from vcanalytics.store.held import Damage, Held, News, empty, take
from vcanalytics.store.manifest import Known, manifest
from vcanalytics.store.places import Place, places
from vcanalytics.store.quarantine import Quarantined, quarantined
from vcanalytics.store.relation import Relation, Within
from vcanalytics.store.segments import Segment, Segments, segment_schema
from vcanalytics.store.state import StreamState

#: The files of each series that are there, as of a snapshot.
Files = Mapping[str, Sequence[tuple[Segment, Path]]]
#: Finds the places of rows of a stream by their keys.
Places = Callable[[str, Sequence[str]], Mapping[str, Place]]
_DAY: Final = timedelta(days=1)
_US: Final = timedelta(microseconds=1)
#: More moments than this are told by their range.
_MOMENTS_MAX: Final = 500
#: How much further back each step looks.
_WIDER: Final = 8


def _nowhere(_stream: str, _keys: Sequence[str]) -> Mapping[str, Place]:
    return {}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The store at one moment."""

    taken_at: datetime
    states: dict[str, StreamState]
    facts: dict[str, Any]
    damage: tuple[Damage, ...]
    _held: Mapping[str, Held] = field(repr=False)
    _files: Files = field(repr=False)
    _places: Places = field(default=_nowhere, repr=False)
    #: Files of cells that cannot be read: rows stand in for them, where they are still kept.
    _broken: tuple[Segment, ...] = field(default=(), repr=False)
    _since: Mapping[str, date] = field(default_factory=dict, repr=False)
    #: Revenue as it was booked up to this moment; None where the books are not whole.
    books: Books | None = field(default=None, repr=False)

    def state(self, stream: str) -> StreamState:
        return self.states[stream]

    def seqs(self, streams: Iterable[str]) -> tuple[tuple[str, int], ...]:
        """(stream, newest sequence number) pairs: the version a cached answer belongs to."""
        return tuple((name, self.states[name].seq) for name in sorted(streams))

    def relation(
        self, stream: str, start: datetime | None = None, end: datetime | None = None
    ) -> Relation:
        """The stream's rows as far as they can lie in ``[start, end)`` of its time column.

        Whole files are left out by the manifest; the question itself still says the range. Of
        versioned streams these are all versions. The columns are the stream's (no raw metadata) and
        ``seq``.
        """
        return Relation(
            self._held[stream].table,
            tuple(p for s, p in self._files.get(stream, ()) if _touches(s, start, end)),
        )

    def seen(self, stream: str, since: datetime) -> Relation:
        """The versions of a stream that were seen since then, and others beside them."""
        files = self._files.get(stream, ())
        return Relation(
            self._held[stream].table,
            tuple(path for segment, path in files if segment.last_day >= since.date()),
            within=Within((STREAMS[stream].partition,), since, None),
        )

    def versions_of(self, stream: str, key: str) -> Relation:
        """All versions of one row, and others beside them."""
        hot = self._held[stream].table
        place = self._places(stream, [key]).get(key)
        if place is None:
            return Relation(hot)
        if not place.certain:
            return self.relation(stream)
        within = _around(STREAMS[stream].time, place.moments)
        files = tuple(
            path
            for segment, path in self._files.get(stream, ())
            if any(segment.first_at <= moment <= segment.last_at for moment in place.moments)
        )
        return Relation(hot, files, within=within)

    def first_seqs(self, stream: str, keys: Sequence[str]) -> dict[str, int]:
        """The batch of each row's first version, as far as it is known."""
        found = self._places(stream, keys)
        return {k: place.first_seq for k, place in found.items() if place.first_seq is not None}

    def newest(
        self,
        stream: str,
        start: datetime | None = None,
        end: datetime | None = None,
        *,
        by: tuple[str, ...] = (),
    ) -> Relation:
        """The newest version of each row of a versioned stream, also of deleted ones.

        Those of which nothing happened in ``[start, end)`` may be left out: not begun, not captured
        or completed, not seen as refunded, not resolved; with ``by`` those for which these columns
        say another time. Raises StoreError for other streams.
        """
        hot, files = self._overlay(stream), self._current(stream)
        columns = by or SHAPES[series(STREAMS[stream])].moments
        return Relation(
            hot,
            tuple(path for segment, path in files if _touches(segment, start, end)),
            STREAMS[stream].key,
            None if start is end is None else Within(columns, start, end),
        )

    def begun(
        self, stream: str, start: datetime | None = None, end: datetime | None = None
    ) -> Relation:
        """As ``newest``, of rows that were begun in ``[start, end)``, and others beside them."""
        return Relation(
            self._overlay(stream),
            tuple(path for _, path in self._begun_files(stream, start, end)),
            STREAMS[stream].key,
            None if start is end is None else Within((STREAMS[stream].time,), start, end),
        )

    def _begun_files(
        self, stream: str, start: datetime | None, end: datetime | None
    ) -> Iterator[tuple[Segment, Path]]:
        for segment, path in self._current(stream):
            early = start is not None and segment.last_day < start.astimezone(UTC).date()
            if not early and (end is None or _midnight(segment.day) < end):
                yield segment, path

    def back(
        self, stream: str, rows: int, start: datetime | None, end: datetime | None
    ) -> Iterator[datetime | None]:
        """Ever earlier moments to look for the newest of ``[start, end)`` from; last ``start``.

        The first is such that about ``rows`` rows lie between it and the end.
        """
        found = sorted(
            self._begun_files(stream, start, end), key=lambda one: one[0].last_day, reverse=True
        )
        known = 0
        for segment, _ in found:
            while known + segment.rows >= rows:
                # As if its rows lay evenly in its days: who finds too few looks further back.
                over = _midnight(segment.last_day) + _DAY
                length = over - _midnight(segment.day)
                last = over if end is None else min(over, end)
                moment = last - length * ((rows - known) / segment.rows)
                if start is None or moment > start:
                    yield moment
                rows *= _WIDER
            known += segment.rows
        yield start

    def newest_of(self, stream: str, keys: Sequence[str]) -> Relation:
        """The newest versions of these rows, and others beside them."""
        hot = self._overlay(stream)
        found = self._places(stream, keys).values()
        if not all(place.certain for place in found):
            return self.newest(stream)
        moments = frozenset(moment for place in found for moment in place.moments)
        days = {moment.date() for moment in moments}
        files = tuple(
            path
            for segment, path in self._current(stream)
            if any(segment.day <= day <= segment.last_day for day in days)
        )
        within = _around(STREAMS[stream].time, moments) if files else None
        return Relation(hot, files, STREAMS[stream].key, within)

    def current(self, stream: str) -> pl.DataFrame:
        """All newest versions in memory, for who must look at each; questions take ``newest``."""
        return self.newest(stream).frame()

    def cells(self, stream: str) -> CellFiles:
        """The cells of a stream that has any, with the rows they are made of."""
        counted = COUNTED[stream]
        let_go = (self.facts.get(LET_GO) or {}).get(stream)
        return CellFiles(
            counted,
            self._files.get(stream, ()),
            self._held[stream].table,
            {name: self._files.get(name, ()) for name in counted.series},
            self._since.get(stream),
            tuple((s.day, s.last_day) for s in self._broken if s.stream in counted.series),
            None if let_go is None else date.fromisoformat(let_go),
        )

    def table(self, stream: str) -> pa.Table:
        """All rows of the stream in memory, with ``seq``: of versions, each."""
        return self.relation(stream).table()

    def _overlay(self, stream: str) -> pa.Table:
        overlay = self._held[stream].overlay
        if overlay is None:
            raise StoreError(f"{stream} keeps no versions")
        return overlay

    def _current(self, stream: str) -> Sequence[tuple[Segment, Path]]:
        return self._files.get(series(STREAMS[stream]), ())


def _touches(segment: Segment, start: datetime | None, end: datetime | None) -> bool:
    return (start is None or segment.last_at >= start) and (end is None or segment.first_at < end)


def _around(column: str, moments: Iterable[datetime]) -> Within:
    some = tuple(sorted(moments))
    return Within((column,), some[0], some[-1] + _US, some if len(some) <= _MOMENTS_MAX else ())


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


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
