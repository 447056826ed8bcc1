"""Performance: how long it takes, how often it fails, and what is slow."""

from __future__ import annotations

import streamlit as st

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import (
    distribution,
    live,
    notices,
    panels,
    performance,
    strategies,
    toolbar,
)

DEFAULTS = Defaults(preset="7d", compare="previous")

toolbar.draw("Performance", DEFAULTS)
notices.draw()

performance.kinds(DEFAULTS)
live.fragment(performance.metrics, DEFAULTS)

wide, narrow = st.columns([1.35, 1], gap="xsmall")
with wide, panels.box("over_time"):
    live.fragment(performance.over_time, DEFAULTS)
with narrow, panels.box("distribution"):
    live.fragment(distribution.draw, DEFAULTS)

wide, narrow = st.columns([1.72, 1], gap="xsmall")
with wide, panels.box("endpoints"):
    live.fragment(performance.endpoints, DEFAULTS)
with narrow:
    with panels.box("paypal", stretch=False):
        live.fragment(performance.paypal, DEFAULTS)
    with panels.box("strategies"):
        live.fragment(strategies.draw, DEFAULTS)
