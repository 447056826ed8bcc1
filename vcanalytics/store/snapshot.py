"""Snapshots: one consistent moment of the store, and the rows that questions are given of it.

What is hot is held in memory; the rest stays in files, pruned by the manifest. Of versioned streams
the newest version of each row lies in files of its own (``newest.current``): what came after those
were made is held as well, and laid over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import STREAMS
from vcanalytics.store.books.held import Books
from vcanalytics.store.cells.counting import COUNTED
from vcanalytics.store.cells.files import CellFiles
from vcanalytics.store.facts import LET_GO
from vcanalytics.store.held import Damage, Held
from vcanalytics.store.newest.current import SHAPES, series
from vcanalytics.store.newest.places import Place
from vcanalytics.store.relation import Relation, Within
from vcanalytics.store.segments import Segment
from vcanalytics.store.shapes import segment_schema
from vcanalytics.store.state import StreamState

#: The files of each series that are there, as of a snapshot.
Files = Mapping[str, Sequence[tuple[Segment, Path]]]
#: Finds the places of rows of a stream by their keys.
Places = Callable[[str, Sequence[str]], Mapping[str, Place]]
#: The other times any of some rows was begun at, and whether that is all of them.
Moves = Callable[[str, Sequence[str]], tuple[frozenset[datetime], bool]]
#: The rows of some batches of a stream with every column.
Whole = Callable[[str, Iterable[int]], pl.DataFrame]
_DAY: Final = timedelta(days=1)
_US: Final = timedelta(microseconds=1)
#: More moments than this are told by their range.
_MOMENTS_MAX: Final = 500
#: How much further back each step looks.
_WIDER: Final = 8


def _nowhere(_stream: str, _keys: Sequence[str]) -> Mapping[str, Place]:
    return {}


def _no_rows(stream: str, _seqs: Iterable[int]) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(segment_schema(STREAMS[stream]).empty_table()))


def _unmoved(_stream: str, _keys: Sequence[str]) -> tuple[frozenset[datetime], bool]:
    return frozenset(), True


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
    _moves: Moves = field(default=_unmoved, repr=False)
    _whole: Whole = field(default=_no_rows, repr=False)
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

    def raw(
        self,
        stream: str,
        columns: Sequence[str],
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> Relation:
        """As ``relation``, with columns that readers do not hold (raw metadata), read anew.

        Raises StoreError where a batch is damaged.
        """
        seqs = pc.unique(self._held[stream].table.column("seq")).to_pylist()
        hot = self._whole(stream, seqs).select(list(columns))
        kept = pa.schema([segment_schema(STREAMS[stream]).field(name) for name in columns])
        return replace(
            self.relation(stream, start, end),
            hot=hot.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(kept),
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

    def places(self, stream: str, keys: Sequence[str]) -> Mapping[str, Place]:
        """When rows of a versioned stream were begun, by key; unknown ones are left out."""
        return self._places(stream, keys)

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

    def by_age(self, stream: str, rows: int) -> Iterator[Relation]:
        """The newest versions in parts, the newest files first: about ``rows``, then ever more.

        Each part has the hot rows as well, so that none of those they replace comes up.
        """
        parts: list[list[Path]] = [[]]
        known = 0
        for segment, path in sorted(
            self._current(stream), key=lambda one: one[0].last_day, reverse=True
        ):
            if known >= rows:
                parts.append([])
                known, rows = 0, rows * _WIDER
            parts[-1].append(path)
            known += segment.rows
        for part in parts:
            yield Relation(self._overlay(stream), tuple(part), STREAMS[stream].key)

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

    def settled(self, stream: str, start: datetime, end: datetime) -> tuple[Path, ...]:
        """Files of newest versions whose rows lie in ``[start, end)``, all as they stand now.

        No hot row takes the place of any of theirs.
        """
        hot = self._overlay(stream)
        subject = STREAMS[stream]
        moved, certain = self._moves(stream, hot[subject.key].to_pylist())
        if not certain:
            return ()
        begun = pc.unique(pc.cast(hot[subject.time], pa.date32())).to_pylist()
        days = {*begun, *(moment.date() for moment in moved)}
        return tuple(
            path
            for segment, path in self._current(stream)
            if start <= segment.first_at
            and segment.last_at < end
            and not any(segment.day <= day <= segment.last_day for day in days)
        )

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
