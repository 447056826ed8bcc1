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
from vcanalytics.store.cell_files import CellFiles
from vcanalytics.store.cells import DAYS, HOURS
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
                _part(found, slot, low, high, kept=cells.kept(day.date()))
    found.rows = list(_joined(sorted(found.rows)))
    return found


def _days(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, datetime]]:
    """Each UTC day that ``[start, end)`` touches: its beginning, and the part that is touched."""
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while day < end:
        yield day, max(day, start), min(day + _DAY, end)
        day += _DAY


def _part(found: Sources, slot: int, low: datetime, high: datetime, *, kept: bool) -> None:
    """A part of a day: whole hours from cells, what is left at both ends from rows."""
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


def _joined(spans: Sequence[Span]) -> Iterator[Span]:
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
    hours = {moment.date() for moment, _ in found.hours}
    days = {moment.date() for moment, _ in found.days}
    counted = cells.counted
    edges = [to_micros(edge) for window in windows for edge in (window.start, window.end)]
    bucket_us = math.gcd(_HOUR_US, *edges)
    places = [
        (slot, to_micros(window.start) // bucket_us, to_micros(window.end) // bucket_us)
        for slot, window in enumerate(windows)
    ]
    named = ("slot", "first_bucket", "next_bucket")
    return {
        counted.stream: cells.rows_in(found.rows, STREAMS[counted.stream].time),
        "hours": cells.of(counted.figures(HOURS), hours),
        "hours_buckets": cells.of(counted.buckets(HOURS), hours),
        "days": cells.of(counted.figures(DAYS), days),
        "days_buckets": cells.of(counted.buckets(DAYS), days),
        "hour_slots": pl.DataFrame(found.hours, schema=_SLOTS, orient="row"),
        "day_slots": pl.DataFrame(found.days, schema=_SLOTS, orient="row"),
        "windows": pl.DataFrame(
            places,
            schema=dict.fromkeys(named, pl.Int64),
            orient="row",
        ),
    }, bucket_us


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
