"""Where an answer comes from: rows one by one, or cells and what no cell stands for.

Up to 24 hours, and ``exact_rows`` rows, figures are made from rows, exactly. Beyond, whole days
come from day cells and whole hours from hour cells; the ends of a range, and hours that a window's
edge cuts (in zones that are half an hour off), come from rows. Where those were let go of, an hour
counts whole, in the window it begins in: such an answer is of ``whole_hours``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Final

import polars as pl

from vcanalytics.analytics.engine import Engine, Table
from vcanalytics.model import buckets
from vcanalytics.model.streams import STREAMS
from vcanalytics.model.windows import Window
from vcanalytics.store import Snapshot
from vcanalytics.store.cells.counting import DAYS, HOURS
from vcanalytics.store.cells.files import CellFiles
from vcanalytics.store.state import to_micros

#: The contract's default of VC_EXACT_ROWS.
EXACT_ROWS: Final = 5_000_000
#: 24 hours, and the minute that an end which is now is rounded up to.
EXACT_LENGTH: Final = timedelta(hours=24, minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_HOUR_US: Final = 3_600_000_000
_COUNT: Final = (
    "SELECT count(*) AS rows FROM counted"
    " WHERE happened_at >= $from AND happened_at < $to AND ($kind IS NULL OR kind = $kind)"
)
_SLOTS: Final = pl.Schema({"cell_at": pl.Datetime("us", "UTC"), "slot": pl.Int64()})
_PLACES: Final = dict.fromkeys(("slot", "first_bucket", "next_bucket"), pl.Int64())
Span = tuple[datetime, datetime]


@dataclass(slots=True)
class Sources:
    """What answers a range: spans from rows, hours and days from cells, each in its window."""

    rows: list[Span] = field(default_factory=list)
    hours: list[tuple[datetime, int]] = field(default_factory=list)
    days: list[tuple[datetime, int]] = field(default_factory=list)
    whole_hours: bool = False


def is_exact(
    engine: Engine,
    snapshot: Snapshot,
    start: datetime,
    end: datetime,
    *,
    kind: str | None = None,
    exact_rows: int = EXACT_ROWS,
) -> bool:
    """Whether percentiles of requests in ``[start, end)`` are made from the rows themselves.

    They are up to 24 hours, unless there are more than ``exact_rows`` rows (of ``kind``), or rows
    of it were let go of. Raises BudgetExceeded.
    """
    if end - start > EXACT_LENGTH:
        return False
    cells = snapshot.cells("requests")
    if cells.gone(start.astimezone(UTC).date(), end.astimezone(UTC).date()):
        return False
    if cells.rows_at_most(start, end) <= exact_rows:
        return True
    found = snapshot.relation("requests", start, end)
    counted = engine.ask(_COUNT, {"from": start, "to": end, "kind": kind}, {"counted": found})
    return int(counted["rows"][0]) <= exact_rows


def sources(
    cells: CellFiles,
    start: datetime,
    end: datetime,
    windows: Sequence[Window],
    *,
    by_day: bool = True,
) -> Sources:
    """What answers ``[start, end)``, window by window; a window's slot is its place in the list.

    Not ``by_day``: whole days come from hour cells as well.
    """
    found = Sources()
    for slot, window in enumerate(windows):
        for day, low, high in _days(max(window.start, start), min(window.end, end)):
            if not cells.cover(day.date()):
                found.rows.append((low, high))
            elif by_day and high - low == _DAY:
                found.days.append((day, slot))
            else:
                part_of_hours(found, slot, low, high, kept=cells.kept(day.date()))
    found.rows = list(joined(sorted(found.rows)))
    return found


def _days(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, datetime]]:
    """Each UTC day that ``[start, end)`` touches: its beginning, and the part that is touched."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        yield day, max(day, start), min(day + _DAY, end)
        day += _DAY


def part_of_hours(found: Sources, slot: int, low: datetime, high: datetime, *, kept: bool) -> None:
    """Add a part of a day or more: whole hours from cells, what is left at both ends from rows.

    Not ``kept``: all hours that begin in it from cells, whole.
    """
    floor = low.replace(minute=0, second=0, microsecond=0)
    first = floor if floor == low else floor + _HOUR
    last = high.replace(minute=0, second=0, microsecond=0)
    if not kept:
        found.whole_hours |= first != low or last != high
        last = high
    elif first > last:
        found.rows.append((low, high))
    else:
        found.rows += [span for span in ((low, first), (last, high)) if span[0] < span[1]]
    while first < last:
        found.hours.append((first, slot))
        first += _HOUR


def joined(spans: Sequence[Span]) -> Iterator[Span]:
    """Spans in order, those that meet made one."""
    waiting: Span | None = None
    for start, end in spans:
        if waiting is not None and start <= waiting[1]:
            waiting = waiting[0], max(waiting[1], end)
            continue
        if waiting is not None:
            yield waiting
        waiting = start, end
    if waiting is not None:
        yield waiting


def hours_alone(
    snapshot: Snapshot, stream: str, start: datetime, end: datetime, windows: Sequence[Window] = ()
) -> bool:
    """Whether hours at the ends of the range, or at edges of windows, are counted whole.

    So it is where they were let go of but for their cells.
    """
    whole = windows or (Window(start, end, start),)
    return sources(snapshot.cells(stream), start, end, whole).whole_hours


def tables(
    cells: CellFiles, found: Sources, windows: Sequence[Window]
) -> tuple[dict[str, Table], int]:
    """What SQL joins: rows, cells, and the windows both lie in; and how long its buckets are."""
    spans = [(slot, window.start, window.end) for slot, window in enumerate(windows)]
    places, bucket_us = placed(spans)
    rows = cells.rows_in(found.rows, STREAMS[cells.counted.stream].time)
    return cells_of(cells, found) | {cells.counted.stream: rows, "windows": places}, bucket_us


def placed(spans: Sequence[tuple[int, datetime, datetime]]) -> tuple[pl.DataFrame, int]:
    """Where rows lie: ``slot``, ``first_bucket``, ``next_bucket``; and how long buckets are."""
    edges = [(slot, to_micros(start), to_micros(end)) for slot, start, end in spans]
    bucket_us = math.gcd(_HOUR_US, *(edge for _, *both in edges for edge in both))
    places = [(slot, start // bucket_us, end // bucket_us) for slot, start, end in edges]
    return pl.DataFrame(places, schema=_PLACES, orient="row"), bucket_us


def cells_of(cells: CellFiles, found: Sources) -> dict[str, Table]:
    """The cells that answer, and the slots they lie in."""
    hours = {moment.date() for moment, _ in found.hours}
    days = {moment.date() for moment, _ in found.days}
    counted = cells.counted
    return {
        "hours": cells.of(counted.figures(HOURS), hours),
        "hours_buckets": cells.of(counted.buckets(HOURS), hours),
        "days": cells.of(counted.figures(DAYS), days),
        "days_buckets": cells.of(counted.buckets(DAYS), days),
        "hour_slots": pl.DataFrame(found.hours, schema=_SLOTS, orient="row"),
        "day_slots": pl.DataFrame(found.days, schema=_SLOTS, orient="row"),
    }


@cache
def bands() -> dict[str, pl.DataFrame]:
    """``bands`` and ``edges`` as requests_cells.sql says."""
    inner = list(buckets.BANDS_MS[1:-1])
    numbers = pl.DataFrame({"edge_ms": inner}).select(
        buckets.bucket(pl.col("edge_ms")).cast(pl.Int64).alias("bucket"), "edge_ms"
    )
    keys = [2 * number for number in numbers["bucket"]]
    ends = [-2 * buckets.BEYOND - 1, *keys, 2 * buckets.BEYOND + 1]
    rows = [
        (band, low if band else -math.inf, low, high, first + 1, last)
        for band, ((low, high), (first, last)) in enumerate(
            zip(pairwise(buckets.BANDS_MS), pairwise(ends), strict=True)
        )
    ]
    names = ["band", "above_ms", "low_ms", "high_ms", "first_key", "last_key"]
    return {"edges": numbers, "bands": pl.DataFrame(rows, schema=names, orient="row")}
