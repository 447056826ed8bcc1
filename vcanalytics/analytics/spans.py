"""Windows for charts: a grain that fits the range, and what SQL needs to put rows into them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.errors import UsageError
from vcanalytics.model.times import in_zone
from vcanalytics.model.windows import WINDOWS_MAX, Grain, Window, windows
from vcanalytics.store import Snapshot
from vcanalytics.store.state import to_micros

#: As many windows as a chart of a page's width can show apart.
POINTS: Final = 300
#: Steps below the hour divide a quarter of an hour, of which every zone's offset is a multiple.
_STEPS: Final = tuple(timedelta(seconds=s) for s in (1, 5, 10, 15, 30, 60, 300, 900))
_LENGTHS: Final = {
    Grain.HOUR: timedelta(hours=1),
    Grain.DAY: timedelta(days=1),
    Grain.WEEK: timedelta(days=7),
    Grain.MONTH: timedelta(days=30),
}
_SCHEMA: Final = pl.Schema(
    {
        "window_start": pl.Datetime("us", "UTC"),
        "window_end": pl.Datetime("us", "UTC"),
        "window_label": pl.String(),
        "first_bucket": pl.Int64(),
        "next_bucket": pl.Int64(),
        "complete": pl.Boolean(),
    }
)


@dataclass(frozen=True, slots=True)
class Spans:
    """The windows of a range, and what SQL joins on.

    ``bucket_us`` is the length, in microseconds, of the buckets ``table`` counts in: every edge is
    a multiple of it.
    """

    found: tuple[Window, ...]
    table: pl.DataFrame
    bucket_us: int


def fitting(start: datetime, end: datetime, points: int = POINTS) -> Grain | timedelta:
    """The finest step of which ``[start, end)`` holds at most ``points``."""
    length = end - start
    for step in _STEPS:
        if length <= step * points:
            return step
    for grain, each in _LENGTHS.items():
        if length <= each * points:
            return grain
    return Grain.MONTH


def _steps(start: datetime, end: datetime, step: timedelta, zone: ZoneInfo) -> list[Window]:
    if step not in _STEPS:
        raise UsageError(f"no window is {step} long", hint="Take a step that fits, or a grain")
    if (end - start) / step > WINDOWS_MAX:
        raise UsageError(
            f"the range holds more than {WINDOWS_MAX:,} windows of {step}",
            hint="Ask by a longer grain, or shorten the range",
        )
    edge = start.astimezone(UTC) - timedelta(microseconds=to_micros(start) % _us(step))
    found = []
    while edge < end:
        found.append(Window(edge, edge + step, in_zone(edge, zone)))
        edge += step
    return found


def _us(length: timedelta) -> int:
    return length // timedelta(microseconds=1)


def spans(
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    *,
    grain: Grain | timedelta | None = None,
    week_start: str = "monday",
    over: datetime | None = None,
    points: int = POINTS,
) -> Spans:
    """The windows ``[start, end)`` touches, aligned in ``zone``, by ``grain`` or one that fits.

    A window is complete where it lies in the range and ends by ``over``.
    Raises UsageError for more than 100,000 windows.
    """
    step = grain or fitting(start, end, points)
    if isinstance(step, Grain):
        found = windows(start, end, step, zone, week_start)
    else:
        found = _steps(start, end, step, zone) if start < end else []
    return Spans(tuple(found), *_table(found, start, end, over))


def stream_spans(
    snapshot: Snapshot,
    stream: str,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    *,
    now: datetime,
    grain: Grain | timedelta | None = None,
    week_start: str = "monday",
    points: int = POINTS,
) -> Spans:
    """``spans`` whose windows are complete where the stream was read after they ended."""
    state = snapshot.state(stream)
    over = None if state.read_at is None or state.reading_history else min(now, state.read_at)
    return spans(start, end, zone, grain=grain, week_start=week_start, over=over, points=points)


def _table(
    found: Sequence[Window], start: datetime, end: datetime, over: datetime | None
) -> tuple[pl.DataFrame, int]:
    edges = [to_micros(edge) for window in found for edge in (window.start, window.end)]
    bucket_us = math.gcd(*edges) or 1
    last = min(end, over) if over is not None else None
    rows = [
        (
            window.start,
            window.end,
            window.label.isoformat(),
            to_micros(window.start) // bucket_us,
            to_micros(window.end) // bucket_us,
            last is not None and start <= window.start and window.end <= last,
        )
        for window in found
    ]
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row"), bucket_us
