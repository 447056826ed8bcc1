"""Which hours of the week bring what: a heat map of the mean."""

from __future__ import annotations

import streamlit as st

from vcanalytics import cached
from vcanalytics.display import formats, rhythm
from vcanalytics.display.ranges import Range
from vcanalytics.ui import chart, exports, panels


def draw(view: Range, code: str) -> None:
    """Gross by weekday and hour, in the zone: the mean of the hours there were."""
    csv = exports.link("hours", view, currency=code)
    panels.head("Hour and weekday", note=f"{code}, mean gross", key="", csv=csv, picture="hours")
    with panels.contained("hours", skeleton=206):
        found = cached.hours_of_week(
            view.start, view.until, currency=code, zone=view.zone_name, now=view.now
        ).frame
        picture = rhythm.takings(found, view, code)
        if picture is None:
            panels.nothing_in(view)
            return
        chart.show(picture, key="chart_hours")
        if view.until - view.start > cached.HOURS_LONGEST:
            st.caption(f"Of the last {formats.count(cached.HOURS_LONGEST.days)} days.")
