"""Which hours of the week bring what: a heat map of the mean."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from vcanalytics import cached
from vcanalytics.display import formats
from vcanalytics.display.ranges import Range
from vcanalytics.ui import exports, panels, rhythm

_HEIGHT: Final = 206


def draw(view: Range, code: str) -> None:
    """Gross by weekday and hour, in the zone: the mean of the hours there were."""
    csv = exports.link("hours", view, currency=code)
    panels.head("Hour and weekday", note=f"{code}, mean gross", key="", csv=csv)
    with panels.contained("hours", skeleton=_HEIGHT):
        found = cached.hours_of_week(
            view.start, view.until, currency=code, zone=view.zone_name, now=view.now
        ).frame
        if not found["captured"].sum():
            panels.nothing_in(view)
            return
        cells = [
            (row["weekday"], row["hour"], float(row["mean"]), _words(row, code))
            for row in found.iter_rows(named=True)
        ]
        alt = f"Mean gross by hour and weekday, {view.spoken}"
        rhythm.week(cells, view, height=_HEIGHT, key="chart_hours", alt=alt)
        if view.until - view.start > cached.HOURS_LONGEST:
            st.caption(f"Of the last {formats.count(cached.HOURS_LONGEST.days)} days.")


def _words(row: dict[str, Any], code: str) -> str:
    paid = formats.counted(row["captured"], "payment", "payments")
    hours = formats.counted(row["hours"], "hour", "hours")
    return f"{formats.money(row['mean'], code)}, {paid} in {hours}"
