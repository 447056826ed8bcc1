"""The cells of a stream as a snapshot has them: which days they stand for, in which files."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from vcanalytics.store.cells.counting import HOURS, Counted
from vcanalytics.store.relation import Cut, Relation
from vcanalytics.store.segments import Segment
from vcanalytics.store.shapes import Shape

Files = Sequence[tuple[Segment, Path]]
Days = tuple[date, date]


@dataclass(frozen=True, slots=True)
class CellFiles:
    """What stands for the sealed rows of a stream.

    From the day ``since`` on cells take in every sealed row; None: there are none. ``broken`` are
    days (first, last) of which a file of cells cannot be read; ``let_go`` is the day before which
    rows may have been let go of, for good.
    """

    counted: Counted
    rows: Files
    hot: pa.Table
    series: Mapping[str, Files]
    since: date | None
    broken: tuple[Days, ...] = ()
    let_go: date | None = None

    def cover(self, day: date) -> bool:
        """Whether cells stand for the day's sealed rows; else those rows answer themselves."""
        return self.since is not None and self.since <= day and not _within(day, self.broken)

    def kept(self, day: date) -> bool:
        """Whether the day's sealed rows are all still there."""
        if self.let_go is not None and day < self.let_go:
            return False
        figures = self.series.get(self.counted.figures(HOURS).name, ())
        return _spanned(day, self.rows) or not _spanned(day, figures)

    def gone(self, start: date, end: date) -> bool:
        """Whether only cells can answer for a day from ``start`` to ``end``."""
        days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
        return any(self.cover(day) and not self.kept(day) for day in days)

    def rows_at_most(self, start: datetime, end: datetime) -> int:
        """No more rows than these lie in ``[start, end)``."""
        files = (s for s, _ in self.rows if start <= s.last_at and s.first_at < end)
        return sum(segment.rows for segment in files) + len(self.hot)

    def of(self, shape: Shape, days: Iterable[date]) -> Relation:
        """The cells of a series that lie in any of these days, and others beside them."""
        wanted = sorted(set(days))
        files = []
        for segment, path in self.series.get(shape.name, ()):
            first = bisect_left(wanted, segment.day)
            if first < len(wanted) and wanted[first] <= segment.last_day:
                files.append(path)
        return Relation(shape.schema.empty_table(), tuple(files))

    def rows_in(self, spans: Iterable[tuple[datetime, datetime]], column: str) -> Relation:
        """All hot rows, and of the sealed ones those whose ``column`` lies in one of the spans."""
        wanted, whole, cuts = list(spans), [], []
        for segment, path in self.rows:
            for start, end in wanted:
                if start <= segment.first_at and segment.last_at < end:
                    whole.append(path)
                elif start <= segment.last_at and segment.first_at < end:
                    cuts.append(Cut(path, column, start, end))
        return Relation(self.hot, tuple(whole), cuts=tuple(cuts))


def _spanned(day: date, files: Files) -> bool:
    return any(segment.day <= day <= segment.last_day for segment, _ in files)


def _within(day: date, days: Iterable[Days]) -> bool:
    return any(first <= day <= last for first, last in days)
