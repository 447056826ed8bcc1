"""System: what the host bears, whether the collectors work, and what the store takes."""

from __future__ import annotations

import streamlit as st

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import live, notices, panels, plant, system, toolbar

DEFAULTS = Defaults(preset="hour", compare="none")

toolbar.draw("System", DEFAULTS, compares=False)
notices.draw()

live.fragment(system.hosts, DEFAULTS)
live.fragment(system.metrics, DEFAULTS)

left, middle, right = st.columns(3, gap="xsmall")
with left, panels.box("cpu"):
    live.fragment(system.cpu, DEFAULTS)
with middle, panels.box("memory"):
    live.fragment(system.memory, DEFAULTS)
with right, panels.box("network"):
    live.fragment(system.network, DEFAULTS)

left, right = st.columns([1, 1.35], gap="xsmall")
with left, panels.box("collectors"):
    live.fragment(plant.collectors, DEFAULTS)
with right, panels.box("store"):
    live.fragment(plant.store, DEFAULTS)

live.fragment(plant.aside, DEFAULTS)
