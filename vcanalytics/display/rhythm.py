"""The hours of the week, and of the day, as pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import polars as pl

from vcanalytics.display import charts, formats
from vcanalytics.display.charts import Spec
from vcanalytics.display.picture import Picture
from vcanalytics.display.ranges import Range
from vcanalytics.model.windows import WEEKDAYS

HEIGHT: Final = 240
_TAKINGS_HEIGHT: Final = 206


def takings(hours: pl.DataFrame, view: Range, code: str) -> Picture | None:
    """Gross by weekday and hour: the mean of the hours there were; None where nothing was paid.

    ``hours`` is of ``analytics.hours.hours_of_week``.
    """
    if not hours["captured"].sum():
        return None
    cells = [
        (row["weekday"], row["hour"], float(row["mean"]), _words(row, code))
        for row in hours.iter_rows(named=True)
    ]
    return Picture(
        "Hour and weekday",
        f"{code}, mean gross",
        f"Mean gross by hour and weekday, {view.spoken}",
        *_week(cells, view, _TAKINGS_HEIGHT),
    )


def _words(row: dict[str, Any], code: str) -> str:
    paid = formats.counted(row["captured"], "payment", "payments")
    hours = formats.counted(row["hours"], "hour", "hours")
    return f"{formats.money(row['mean'], code)}, {paid} in {hours}"


def clock(events: pl.DataFrame, view: Range) -> Picture:
    """Events by hour around a clock: of ``analytics.activity.heat``, with one event at least."""
    hours = events.group_by("hour").agg(pl.col("events").sum()).sort("hour")
    rows: list[tuple[int, float, str, str]] = [
        (hour, float(number), "subject", f"{hour:02d}:00: {formats.count(number)} events")
        for hour, number in hours.iter_rows()
    ]
    rows += [(hour, 0.0, "mark", f"{hour:02d}:00") for hour in (0, 6, 12, 18)]
    busiest = hours.sort("events", descending=True)["hour"][0]
    return Picture(
        "Rhythm",
        "events",
        f"Events by hour of the day, {view.spoken}; the busiest hour is {busiest:02d}:00",
        pl.DataFrame(rows, schema=["hour", "value", "series", "text"], orient="row"),
        charts.polar(HEIGHT),
    )


def week(events: pl.DataFrame, view: Range) -> Picture:
    """Events by weekday and hour as a heat map: of ``analytics.activity.heat``."""
    cells = [
        (
            row["weekday"],
            row["hour"],
            float(row["events"]),
            f"{formats.count(row['events'])} events",
        )
        for row in events.iter_rows(named=True)
        if row["hours"]
    ]
    return Picture(
        "Rhythm",
        "events",
        f"Events by hour and weekday, {view.spoken}",
        *_week(cells, view, HEIGHT),
    )


def _week(
    cells: Iterable[tuple[int, int, float, str]], view: Range, height: int
) -> tuple[pl.DataFrame, Spec]:
    """The hours of a week as a heat map: (weekday, 0 for Monday; hour; value; words) of each."""
    first = WEEKDAYS.index(view.week_start)
    names = {day % 7: WEEKDAYS[day % 7][:3].capitalize() for day in range(first, first + 7)}
    rows = [
        (f"{hour:02d}", names[weekday], value, f"{names[weekday]} {hour:02d}:00: {words}")
        for weekday, hour, value, words in cells
    ]
    hours = tuple(f"{hour:02d}" for hour in range(24))
    days = tuple(names.values())
    data = pl.DataFrame(rows, schema=["x", "y", "value", "text"], orient="row")
    return data, charts.cells(height, hours, days, x_ticks=hours[::6], y_ticks=days)
