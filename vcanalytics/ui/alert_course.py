"""What Alerts shows of an alert's figure: its course around the event, with limit and moments."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from vcanalytics import cached
from vcanalytics.alerts import drawn
from vcanalytics.cached import alerts, course
from vcanalytics.cached.alerts import Alert
from vcanalytics.cached.rules import Rule
from vcanalytics.display import formats
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.errors import BudgetExceeded, SettingError, UsageError
from vcanalytics.ui import chart, exports, live, notes, panels, toolbar
from vcanalytics.ui.alerts import opened


def draw(defaults: Defaults) -> None:
    """The figure of the alert that is open, from some windows before it until now, or its end."""
    view = toolbar.view(defaults)
    number = opened()
    with panels.contained("course", skeleton=drawn.HEIGHT):
        found = None if number is None else alerts.find(number)
        if found is None:
            st.header(drawn.TITLE, anchor=False)
            st.caption("There is no such alert.")
            return
        try:
            rule = course.of(found)
        except (UsageError, SettingError) as error:
            panels.head(drawn.TITLE)
            panels.empty("No chart can be drawn of it.", panels.sentence(error), icon="show_chart")
            return
        _chart(found, rule, view)


def _chart(found: Alert, rule: Rule, view: Range) -> None:
    start, end = course.around(rule, found, view.now)
    shown = replace(view, preset=None, start=start, end=end)
    seen = cached.dump_version(course.version_of(rule, view.now))
    panels.head(
        drawn.TITLE,
        note=drawn.note(rule),
        csv=exports.link(
            "alert-course", shown, streams=(), alert=str(found.number), seen=seen or None
        ),
        picture="alert-course",
    )
    with st.container(gap=None):
        live.listen((*course.streams_of(rule), live.ALERTS), key="course", every_s=live.CALMLY_S)
    try:
        frame = course.course(found, now=view.now).frame
    except BudgetExceeded as error:
        text = "The store is busy, or has a great deal to look through: the figure above stands."
        panels.empty("It could not be told in time.", text, icon="hourglass_disabled")
        st.caption(panels.sentence(error))
        return
    picture = drawn.course(frame, found, rule, shown)
    if picture is None:
        panels.empty("Nothing was recorded of it.", "Neither before it nor since.", icon="help")
        return
    chart.show(picture, key="chart_course", notes=notes.over(shown))
    meaning = f"{rule.of.meaning[:1].upper()}{rule.of.meaning[1:]}"
    st.caption(formats.literal(f"{meaning}. By what the store has of it now."))
