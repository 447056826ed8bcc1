"""Pieces of a range: what of each window the same files answer, so that it can be kept.

A window's whole days come from files of day cells, what is left of it from files of hour cells and,
where an edge cuts an hour, from rows; days that no cells stand for come from rows alone. What a
piece comes to hangs on its files and its bounds, so it stands until these files are replaced. An
hour that the range itself cuts, as at an end that moves with the clock, is a piece of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final, TypeAlias

from vcanalytics.analytics.sources import Sources, part_of_hours
from vcanalytics.model.windows import Window
from vcanalytics.store.cells.counting import DAYS, HOURS
from vcanalytics.store.cells.files import CellFiles, Files
from vcanalytics.store.state import instant, to_micros

_HOUR_US: Final = 3_600_000_000
_DAY_US: Final = 24 * _HOUR_US
_DAY: Final = timedelta(days=1)
_EPOCH: Final = date(1970, 1, 1).toordinal()
Days: TypeAlias = tuple[int, int]


class Origin(StrEnum):
    """What a piece is read from."""

    ROWS = "rows"
    HOURS = "hours"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Piece:
    """``[start_us, end_us)`` of the window ``slot``, read from ``files``.

    Not ``kept``: its rows were let go of, so that hours count whole.
    """

    slot: int
    origin: Origin
    start_us: int
    end_us: int
    kept: bool
    files: tuple[str, ...]

    @property
    def cost(self) -> int:
        """About what it takes to read, in hours of cells; rows of an hour cost as much as a day."""
        hours = (self.end_us - self.start_us) // _HOUR_US + 1
        if self.origin is Origin.DAYS:
            return hours // 6
        cut = bool(self.start_us % _HOUR_US) + bool(self.end_us % _HOUR_US)
        return hours + 24 * (hours if self.origin is Origin.ROWS else cut)

    def sources(self, slot: int, found: Sources) -> None:
        """Add what answers the piece to ``found``, in this slot."""
        start, end = instant(self.start_us), instant(self.end_us)
        if self.origin is Origin.ROWS:
            found.rows.append((start, end))
        elif self.origin is Origin.DAYS:
            found.days += [(start + _DAY * n, slot) for n in range((end - start) // _DAY)]
        else:
            part_of_hours(found, slot, start, end, kept=self.kept)


class Stretches:
    """Stretches of days that the same files speak for. Days without any are in none."""

    def __init__(self, *files: Files) -> None:
        changes: dict[int, tuple[list[str], list[str]]] = {}
        for segment, _ in (pair for some in files for pair in some):
            changes.setdefault(segment.day.toordinal(), ([], []))[0].append(segment.key)
            over = segment.last_day.toordinal() + 1
            changes.setdefault(over, ([], []))[1].append(segment.key)
        there: set[str] = set()
        self._found: list[tuple[int, int, tuple[str, ...]]] = []
        for first, until in pairwise(sorted(changes)):
            begun, over_now = changes[first]
            there.difference_update(over_now)
            there.update(begun)
            if there:
                self._found.append((_us(first), _us(until), tuple(sorted(there))))
        self._ends = [end for _, end, _ in self._found]

    def within(self, start: int, end: int) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        """What lies in ``[start, end)`` of each, with its files."""
        for at in range(bisect_right(self._ends, start), len(self._ends)):
            first, until, files = self._found[at]
            if first >= end:
                return
            yield max(first, start), min(until, end), files

    def files(self, start: int, end: int) -> set[str]:
        return {file for _, _, files in self.within(start, end) for file in files}


class Layout:
    """Which files speak for which days of a stream that has cells."""

    def __init__(self, cells: CellFiles) -> None:
        def series(grain: str) -> list[Files]:
            shapes = cells.counted.figures(grain), cells.counted.buckets(grain)
            return [cells.series.get(shape.name, ()) for shape in shapes]

        self._rows = Stretches(cells.rows)
        self._hours = Stretches(*series(HOURS))
        self._days = Stretches(*series(DAYS))
        self._spans = list(_spans(cells))
        self._ends = [end for _, end, _, _ in self._spans]
        self.files = frozenset(
            segment.key for files in (cells.rows, *cells.series.values()) for segment, _ in files
        )

    def pieces(self, start: datetime, end: datetime, windows: Sequence[Window]) -> Iterator[Piece]:
        """The pieces of ``[start, end)``, window by window; a window's place is its slot."""
        from_us, to_us = to_micros(start), to_micros(end)
        for slot, window in enumerate(windows):
            low, high = max(to_micros(window.start), from_us), min(to_micros(window.end), to_us)
            for at in range(bisect_right(self._ends, low), len(self._ends)):
                first, until, cover, kept = self._spans[at]
                if first >= high:
                    break
                a, b = max(first, low), min(until, high)
                if not cover:
                    for x, y, files in self._rows.within(a, b):
                        yield Piece(slot, Origin.ROWS, x, y, True, files)
                    continue
                edges = (a == from_us, b == to_us) if kept else (False, False)
                yield from self._covered(slot, a, b, kept, edges)

    def _covered(
        self, slot: int, start: int, end: int, kept: bool, own: tuple[bool, bool]
    ) -> Iterator[Piece]:
        """Pieces of what cells stand for; ``own``: which of its edges are the range's."""
        first, last = _up(start, _DAY_US), _down(end, _DAY_US)
        if first >= last:
            yield from self._hourly(slot, start, end, kept, own)
            return
        yield from self._hourly(slot, start, first, kept, (own[0], False))
        for a, b, files in self._days.within(first, last):
            yield Piece(slot, Origin.DAYS, a, b, True, files)
        yield from self._hourly(slot, last, end, kept, (False, own[1]))

    def _hourly(
        self, slot: int, start: int, end: int, kept: bool, own: tuple[bool, bool]
    ) -> Iterator[Piece]:
        cuts = {start, end}
        if own[0]:
            cuts.add(min(_up(start, _HOUR_US), end))
        if own[1]:
            cuts.add(max(_down(end, _HOUR_US), start))
        for low, high in pairwise(sorted(cuts)):
            for a, b, files in self._hours.within(low, high):
                cut = self._cut(a, b) if kept else set()
                yield Piece(slot, Origin.HOURS, a, b, kept, (*files, *sorted(cut)))

    def _cut(self, start: int, end: int) -> set[str]:
        """The files of rows that an hour lies in which is cut at the start or the end."""
        found: set[str] = set()
        if start % _HOUR_US:
            found |= self._rows.files(start, start + 1)
        if end % _HOUR_US:
            found |= self._rows.files(end - 1, end)
        return found


def _spans(cells: CellFiles) -> Iterator[tuple[int, int, bool, bool]]:
    """Spans of days for which cells stand, or do not, and rows are kept, or are not."""
    days: set[int] = set()
    for files in (cells.rows, *cells.series.values()):
        for segment, _ in files:
            days |= {segment.day.toordinal(), segment.last_day.toordinal() + 1}
    if days:
        between = [day for day in (cells.since, cells.let_go) if day is not None]
        between += [day for first, last in cells.broken for day in (first, last + _DAY)]
        days |= {n for n in (day.toordinal() for day in between) if min(days) < n < max(days)}
    waiting: tuple[int, int, bool, bool] | None = None
    for first, until in pairwise(sorted(days)):
        day = date.fromordinal(first)
        cover, kept = cells.cover(day), cells.kept(day)
        if waiting is not None and waiting[2:] == (cover, kept):
            waiting = waiting[0], _us(until), cover, kept
            continue
        if waiting is not None:
            yield waiting
        waiting = _us(first), _us(until), cover, kept
    if waiting is not None:
        yield waiting


def _us(day: int) -> int:
    return (day - _EPOCH) * _DAY_US


def _up(micros: int, step: int) -> int:
    return -(-micros // step) * step


def _down(micros: int, step: int) -> int:
    return micros // step * step
