"""Health: how each component is, what was left alone, what failed, and what could not be read."""

from __future__ import annotations

import streamlit as st

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import failures, health, live, notices, panels, toolbar

#: The range is the errors'.
DEFAULTS = Defaults(preset="today", compare="none")

toolbar.draw("Health", DEFAULTS, compares=False)
notices.draw()

left, right = st.columns([1.55, 1], gap="xsmall")
with left, panels.box("components"):
    live.fragment(health.components, DEFAULTS)
with right, panels.box("days"):
    live.fragment(health.days, DEFAULTS)

with panels.box("errors"):
    live.fragment(failures.errors, DEFAULTS)

left, right = st.columns([1.55, 1], gap="xsmall")
with left, panels.box("breakers"):
    live.fragment(failures.breakers, DEFAULTS)
with right, panels.box("rates"):
    live.fragment(health.rates, DEFAULTS)

with panels.box("aside"):
    live.fragment(failures.aside, DEFAULTS)
