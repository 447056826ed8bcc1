"""When people come: the hours of the day around a clock, or the week as a heat map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.display import charts, formats
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.model.windows import WEEKDAYS
from vcanalytics.ui import chart, exports, live, panels, toolbar
from vcanalytics.ui.toggles import Choice

_HEIGHT: Final = 240
_FORM: Final = Choice("Rhythm as", "rhythm", {"polar": "Polar", "heat": "Heat"})
_MEANS: Final = {"polar": "area is the count", "heat": "darker, the more"}
NEVER: Final = "They appear here as soon as somebody signs in or uploads something."


def draw(defaults: Defaults) -> None:
    """The rhythm of the range, in its zone."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Rhythm",
        key="rhythm",
        note="events",
        streams=("activity",),
        csv=exports.link("rhythm", view, streams=("activity",)),
        choice=_FORM,
        skeleton=_HEIGHT,
        every_s=live.CALMLY_S,
    ):
        frame = cached.activity.heat(view.start, view.end, zone=view.zone_name).frame
        if not frame["events"].sum():
            panels.nothing_of("activity", view, NEVER)
        elif _FORM.value == "polar":
            _polar(frame, view)
        else:
            _week(frame, view)
        st.caption(f"{view.name} {view.extent}, {view.zone_name}; the {_MEANS[_FORM.value]}.")


def _polar(frame: pl.DataFrame, view: Range) -> None:
    hours = frame.group_by("hour").agg(pl.col("events").sum()).sort("hour")
    rows: list[tuple[int, float, str, str]] = [
        (hour, float(events), "subject", f"{hour:02d}:00: {formats.count(events)} events")
        for hour, events in hours.iter_rows()
    ]
    rows += [(hour, 0.0, "mark", f"{hour:02d}:00") for hour in (0, 6, 12, 18)]
    busiest = hours.sort("events", descending=True)["hour"][0]
    chart.draw(
        pl.DataFrame(rows, schema=["hour", "value", "series", "text"], orient="row"),
        charts.polar(_HEIGHT),
        key="chart_polar",
        alt=f"Events by hour of the day, {view.spoken}; the busiest hour is {busiest:02d}:00",
    )


def _week(frame: pl.DataFrame, view: Range) -> None:
    cells = [
        (
            row["weekday"],
            row["hour"],
            float(row["events"]),
            f"{formats.count(row['events'])} events",
        )
        for row in frame.iter_rows(named=True)
        if row["hours"]
    ]
    alt = f"Events by hour and weekday, {view.spoken}"
    week(cells, view, height=_HEIGHT, key="chart_week", alt=alt)


def week(
    cells: Iterable[tuple[int, int, float, str]], view: Range, *, height: int, key: str, alt: str
) -> None:
    """The hours of a week as a heat map: (weekday, 0 for Monday; hour; value; words) of each."""
    first = WEEKDAYS.index(view.week_start)
    names = {day % 7: WEEKDAYS[day % 7][:3].capitalize() for day in range(first, first + 7)}
    rows = [
        (f"{hour:02d}", names[weekday], value, f"{names[weekday]} {hour:02d}:00: {words}")
        for weekday, hour, value, words in cells
    ]
    hours = tuple(f"{hour:02d}" for hour in range(24))
    days = tuple(names.values())
    chart.draw(
        pl.DataFrame(rows, schema=["x", "y", "value", "text"], orient="row"),
        charts.cells(height, hours, days, x_ticks=hours[::6], y_ticks=days),
        key=key,
        alt=alt,
    )
