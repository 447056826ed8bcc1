"""Today against the same time of earlier days: headline figures, and takings as they add up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.revenue import figures
from vcanalytics.model.times import in_zone, resolve
from vcanalytics.model.windows import Grain, Window, window_start, windows
from vcanalytics.store import Snapshot

#: The days compared, and how many days back each lies.
SERIES: Final[dict[str, int]] = {"today": 0, "yesterday": 1, "last_week": 7}
#: A point every so often is as fine as a line across a day can be told apart.
STEP: Final = timedelta(minutes=15)
_ADDED: Final = ("captured", "gross", "refunds", "net")
_POINTS: Final = pl.Schema(
    {
        "series": pl.String(),
        "window_start": pl.Datetime("us", "UTC"),
        "at": pl.Datetime("us", "UTC"),
        "clock": pl.Datetime("us"),
    }
)


def same_time(now: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The moment ``days`` days earlier at which the wall clock of ``zone`` stood as ``now``."""
    return resolve(now.astimezone(zone).replace(tzinfo=None) - timedelta(days=days), zone)


def _day(now: datetime, days: int, zone: ZoneInfo) -> Window:
    """The local day ``days`` days before that of ``now``."""
    then = same_time(now, days, zone)
    start = window_start(then, Grain.DAY, zone)
    return windows(start, start + timedelta(hours=1), Grain.DAY, zone)[0]


def headline(
    engine: Engine,
    snapshot: Snapshot,
    *,
    now: datetime,
    zone: ZoneInfo,
    currency: str | None = None,
    default_currency: str = "USD",
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """Today so far, and yesterday and the same day last week up to the same time of day.

    Columns: ``series`` (today, yesterday, last_week) and those of ``revenue.revenue``; a row a
    series and currency. Days are those of ``zone``. Raises BudgetExceeded.
    """
    spans = {}
    for series, days in SERIES.items():
        start = _day(now, days, zone).start
        # At midnight sharp nothing of the day is over yet: a moment is the shortest of windows.
        end = max(same_time(now, days, zone), start + timedelta(microseconds=1))
        spans[series] = Window(start, end, in_zone(start, zone))
    names = pl.DataFrame(
        {"series": list(spans), "window_start": [span.start for span in spans.values()]},
        schema={"series": pl.String, "window_start": pl.Datetime("us", "UTC")},
    )
    answer = figures(
        engine,
        snapshot,
        list(spans.values()),
        start=spans["last_week"].start,
        end=spans["today"].end,
        now=now,
        currency=currency,
        default_currency=default_currency,
        sample_prefixes=sample_prefixes,
    )
    return names.join(answer, on="window_start", maintain_order="left_right").select(
        "series", *answer.columns
    )


def _steps(day: Window, until: datetime) -> list[Window]:
    steps = []
    start = day.start
    while start < min(day.end, until):
        end = min(start + STEP, day.end)
        steps.append(Window(start, end, start))
        start = end
    return steps


def _points(
    series: str,
    day: Window,
    steps: Sequence[Window],
    now: datetime,
    zone: ZoneInfo,
    today: datetime,
) -> list[tuple[str, datetime | None, datetime, datetime]]:
    """(series, step that ends there, moment, wall clock on today's date), from midnight on."""
    midnight = day.start.astimezone(zone).replace(tzinfo=None)
    points: list[tuple[str, datetime | None, datetime, datetime]] = [
        (series, None, day.start, today)
    ]
    for step in steps:
        at = min(step.end, now)
        clock = today + (at.astimezone(zone).replace(tzinfo=None) - midnight)
        # In a repeated hour the wall clock goes back; a line must not.
        points.append((series, step.start, at, max(clock, points[-1][3])))
    return points


def pace(
    engine: Engine,
    snapshot: Snapshot,
    *,
    now: datetime,
    zone: ZoneInfo,
    currency: str,
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """Takings of one currency as they add up: today up to ``now``, and the days compared whole.

    Columns: ``series`` (today, yesterday, last_week), ``at`` (UTC), ``clock`` (naive: the wall
    clock of ``zone`` on today's date, so that days lie over each other), and what had come together
    by then since the day began: ``captured`` (count), ``gross``, ``refunds``, ``net`` (money). Each
    series begins with zeros at midnight; today's ends ``now``. Raises BudgetExceeded.
    """
    days = {series: _day(now, back, zone) for series, back in SERIES.items()}
    steps = {series: _steps(day, now) for series, day in days.items()}
    today = days["today"].start.astimezone(zone).replace(tzinfo=None)
    points = [
        point
        for series, day in days.items()
        for point in _points(series, day, steps[series], now, zone, today)
    ]
    answer = figures(
        engine,
        snapshot,
        [step for some in steps.values() for step in some],
        start=days["last_week"].start,
        end=now,
        now=now,
        currency=currency,
        sample_prefixes=sample_prefixes,
    )
    return (
        pl.DataFrame(points, schema=_POINTS, orient="row")
        .join(answer, on="window_start", how="left", maintain_order="left")
        .with_columns(pl.col(name).fill_null(0).cum_sum().over("series") for name in _ADDED)
        .select("series", "at", "clock", *_ADDED)
    )
