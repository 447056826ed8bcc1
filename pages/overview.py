"""Overview: the day on one screen."""

from __future__ import annotations

import streamlit as st

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import day, live, notices, overview, panels, toolbar

DEFAULTS = Defaults(preset="today", compare="previous")

toolbar.draw("Overview", DEFAULTS)
notices.draw()

wide, narrow = st.columns([2.05, 1], gap="xsmall")
with wide, panels.box("takings"):
    live.fragment(overview.takings, DEFAULTS)
with narrow:
    with panels.box("needs"):
        live.fragment(overview.needs_a_person, DEFAULTS)
    with panels.box("status", stretch=False):
        live.fragment(overview.by_status, DEFAULTS)

live.fragment(day.draw, DEFAULTS)

wide, narrow = st.columns([2.05, 1], gap="xsmall")
with wide, panels.box("feed"):
    live.fragment(overview.feed, DEFAULTS)
with narrow, panels.box("freshness"):
    overview.freshness(DEFAULTS)
