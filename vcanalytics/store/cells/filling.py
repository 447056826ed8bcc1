"""Filling cells: as rows are sealed, and from what was sealed before there were any.

Cells take in every sealed row of the days from the oldest that has any cell on, and none of the
days before: the manifest alone says so, and one transaction moves rows out of the batches and into
both. So a reader adds to the cells what is hot, and reads the days before from their rows; nothing
is counted twice or left out, wherever a crash comes in between.

    derive(...)                                  # called by the sealer
    fill(catalogue, segments, "requests", now)   # a day that has none yet, the newest first
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl
import pyarrow as pa

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import STREAMS
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.cells.counting import (
    COUNTED,
    DAYS,
    HOURS,
    Cells,
    Counted,
    added,
    hours_of,
    table,
)
from vcanalytics.store.manifest import Change, enter, manifests
from vcanalytics.store.segments import Segment, Segments
from vcanalytics.store.shapes import Shape, segment_schema

#: The segments of a series that stand now.
Standing = Callable[[str], list[Segment]]
#: Called before each step by its name: crash tests stop the process there.
Step = Callable[[str], None]
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Filled:
    """One day whose cells were made of rows sealed before; ``left`` is how many files may wait."""

    stream: str
    day: date
    rows: int
    left: int


def filled_since(counted: Counted, standing: Standing) -> date | None:
    """The oldest day with cells: from it on they take in every sealed row. None: no day has."""
    return min((s.day for s in standing(counted.figures(HOURS).name)), default=None)


def unfilled(counted: Counted, standing: Standing) -> list[Segment]:
    """Files with rows that no cell takes in: they must not be let go."""
    since = filled_since(counted, standing)
    return [s for s in standing(counted.stream) if since is None or s.day < since]


def derive(counted: Counted, segments: Segments, rows: pa.Table, standing: Standing) -> Change:
    """Cells with ``rows``, which are being sealed, in them."""
    if not rows.num_rows:
        return Change()
    since = filled_since(counted, standing)
    waiting = unfilled(counted, standing)
    fresh = hours_of(counted, rows)
    covered: list[date] = []
    for day in sorted(fresh.figures["cell_at"].dt.date().unique(), reverse=True):
        if since is None or day < since:
            # Rows of this day or a later one may lie in files that no cell takes in yet: cells of
            # it would pass for theirs. ``fill`` comes to it.
            if any(segment.last_day >= day for segment in waiting):
                break
            since = day
        covered.append(day)
    return _written(counted, segments, _of(fresh, covered), standing) if covered else Change()


def _of(cells: Cells, days: Sequence[date]) -> Cells:
    wanted = pl.col("cell_at").dt.date().is_in(list(days))
    return Cells(cells.figures.filter(wanted), cells.buckets.filter(wanted))


def _written(counted: Counted, segments: Segments, hours: Cells, standing: Standing) -> Change:
    """Files with these hour cells added to those that stand: hours a day, days a month."""
    change = Change()
    for shape, fresh in series(counted, HOURS, hours):
        for day, part in parted(fresh, file_length(HOURS)):
            old = [s for s in standing(shape.name) if s.day == s.last_day == day]
            change += _put(counted, segments, shape, part, old)
    for shape, fresh in series(counted, DAYS, hours):
        for month, part in parted(fresh, file_length(DAYS)):
            old = [s for s in standing(shape.name) if _month(s.day) == month == _month(s.last_day)]
            change += _put(counted, segments, shape, part, old)
    return change


def series(counted: Counted, grain: str, cells: Cells) -> list[tuple[Shape, pl.DataFrame]]:
    """Figures and buckets, each with the shape of its files."""
    return [(counted.figures(grain), cells.figures), (counted.buckets(grain), cells.buckets)]


def file_length(grain: str) -> str:
    """How long the time is that a new file of the grain holds: there are few day cells a day."""
    return "1mo" if grain == DAYS else "1d"


def parted(frame: pl.DataFrame, length: str) -> list[tuple[date, pl.DataFrame]]:
    """The cells by the file they lie in, with the day it begins at."""
    begun = frame["cell_at"].dt.truncate(length).dt.date()
    return [(day, frame.filter(begun == day)) for day in begun.unique().sort()]


def _month(day: date) -> date:
    return day.replace(day=1)


def _put(
    counted: Counted, segments: Segments, shape: Shape, fresh: pl.DataFrame, old: list[Segment]
) -> Change:
    """One file of ``fresh``, added up with the newest of the ``old`` ones where it can be read."""
    change, parts = Change(), [fresh]
    for segment in old[-1:]:
        # What is damaged is not copied into what would pass for sound, and keeps nothing from being
        # sealed: both lie side by side until it is mended, and add up.
        if segments.verify(segment) is None:
            parts.append(read(segments, shape, segment))
            change.replaced.append(segment)
    change.written.append(segments.write(shape, table(shape, added(counted, shape, parts))))
    return change


def read(segments: Segments, shape: Shape, segment: Segment) -> pl.DataFrame:
    """The cells of a file. Raises StoreError where it is missing or damaged."""
    return pl.DataFrame(pl.from_arrow(segments.read(segment.key).cast(shape.schema)))


def fill(
    catalogue: Catalogue,
    segments: Segments,
    stream: str,
    now: datetime,
    step: Step = lambda _name: None,
) -> Filled | None:
    """Make the cells of one day that was sealed before there were any; None where none waits.

    Reads the day's rows in pieces, so that its size does not matter. Who seals calls this, and
    nothing is sealed meanwhile. Raises StoreError where a file is damaged: nothing has moved then.
    """
    counted = COUNTED[stream]
    with catalogue.read() as connection:
        standing = manifests(connection)
    files = unfilled(counted, lambda series: standing.get(series, []))
    if not files:
        return None
    since = filled_since(counted, lambda series: standing.get(series, []))
    day = max(_newest_before(segments, segment, since) for segment in files)
    mine = [s for s in standing[stream] if s.day <= day <= s.last_day]
    step("read")
    hours = hours_of_day(counted, segments, mine, day)
    change = _written(counted, segments, hours, lambda series: standing.get(series, []))
    step("written")
    with catalogue.transaction() as connection:
        enter(connection, change, now)
        step("committing")
    step("committed")
    left = sum(segment.day < day for segment in files)
    return Filled(stream, day, int(hours.figures["count"].sum()), left)


def _newest_before(segments: Segments, segment: Segment, since: date | None) -> date:
    """The newest day before ``since`` of which the file holds rows."""
    if since is None or segment.last_day < since:
        return segment.last_day
    moments = segments.read(segment.key, [STREAMS[segment.stream].time]).column(0)
    days: list[date] = pl.Series(pl.from_arrow(moments)).dt.date().unique().to_list()
    return max(day for day in days if day < since)


def hours_of_day(
    counted: Counted,
    segments: Segments,
    files: Sequence[Segment],
    day: date,
    *,
    verify: Callable[[Segment], str | None] | None = None,
) -> Cells:
    """The hour cells of a day's rows in the given files.

    ``verify`` is the segments' own, or that of who has looked already. Raises StoreError where one
    of them is not as the manifest says.
    """
    time = STREAMS[counted.stream].time
    columns = segment_schema(STREAMS[counted.stream])
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    found: list[Cells] = []
    for segment in files:
        if wrong := (verify or segments.verify)(segment):
            raise StoreError(
                f"a file {wrong}", where=segment.key, hint="Run `python -m vcanalytics check`"
            )
        parts = segments.between(segment.key, time, start, start + _DAY)
        found += [hours_of(counted, rows.cast(columns)) for rows in parts]
    if len(found) == 1:
        return found[0]
    found = found or [hours_of(counted, columns.empty_table())]
    return Cells(
        added(counted, counted.figures(HOURS), [part.figures for part in found]),
        added(counted, counted.buckets(HOURS), [part.buckets for part in found]),
    )
