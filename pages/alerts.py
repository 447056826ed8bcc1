"""Alerts: what is firing, who minds it, what is silenced, and what has fired."""

from __future__ import annotations

import streamlit as st

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import (
    alert_course,
    alert_history,
    alerts,
    channels,
    live,
    notices,
    panels,
    rules,
    silences,
    toolbar,
)

# An alert does not end at midnight: a range picked elsewhere must not hide one here.
DEFAULTS = Defaults(preset="30d", compare="none")

toolbar.draw("Alerts", DEFAULTS, compares=False, keep_range=False)
notices.draw()
with panels.contained("refused"):
    alerts.refused()

if alerts.opened() is not None and toolbar.phone():
    st.button("All alerts", icon=":material/chevron_left:", on_click=alerts.close)
    with panels.box("alert"):
        live.fragment(alerts.alert, DEFAULTS)
    with panels.box("course"):
        live.fragment(alert_course.draw, DEFAULTS)
else:
    course = None
    if alerts.opened() is None:
        with panels.box("firing"):
            live.fragment(alerts.firing, DEFAULTS)
        left, right = st.columns(2, gap="xsmall")
    else:
        # Below each other beside the open one, which is long.
        left, narrow = st.columns([1.3, 1], gap="xsmall")
        right = left
        with left, panels.box("firing", stretch=False):
            live.fragment(alerts.firing, DEFAULTS)
        with narrow:
            with panels.box("alert", stretch=False):
                live.fragment(alerts.alert, DEFAULTS)
            course = panels.box("course", stretch=False)
    with left, panels.box("silences", stretch=alerts.opened() is None):
        live.fragment(silences.draw, DEFAULTS)
    with right, panels.box("channels", stretch=alerts.opened() is None):
        live.fragment(channels.draw, DEFAULTS)
    with panels.box("history"):
        live.fragment(alert_history.draw, DEFAULTS)
    with panels.box("rules"):
        live.fragment(rules.draw, DEFAULTS)
    if course is not None:
        # The last to be drawn: nothing on the page waits for what it asks of the store.
        with course:
            live.fragment(alert_course.draw, DEFAULTS)
