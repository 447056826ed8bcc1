"""Activity: who is here, what they do, and how far they get."""

from __future__ import annotations

from functools import partial

import streamlit as st

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import activity, live, notices, panels, rhythm, strategies, toolbar

DEFAULTS = Defaults(preset="today", compare="previous")

toolbar.draw("Activity", DEFAULTS)
notices.draw()

live.fragment(activity.metrics, DEFAULTS)

wide, narrow = st.columns([2.05, 1], gap="xsmall")
with wide, panels.box("people"):
    live.fragment(activity.people, DEFAULTS)
with narrow, panels.box("funnel"):
    live.fragment(activity.funnel, DEFAULTS)

left, middle, right = st.columns([1.75, 1, 1], gap="xsmall")
with left, panels.box("activity_feed"):
    live.fragment(activity.feed, DEFAULTS)
with middle, panels.box("rhythm"):
    live.fragment(rhythm.draw, DEFAULTS)
with right, panels.box("strategies"):
    live.fragment(partial(strategies.draw, shares=True), DEFAULTS)
