"""Endpoint: how one endpoint, query, strategy or call of PayPal's API has been answered."""

from __future__ import annotations

from functools import partial

import streamlit as st

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import distribution, endpoint, live, notices, panels, performance, toolbar

DEFAULTS = Defaults(preset="7d", compare="previous")

toolbar.draw("Endpoint", DEFAULTS)
notices.draw()

if endpoint.heading(DEFAULTS):
    live.fragment(endpoint.metrics, DEFAULTS)
    wide, narrow = st.columns([1.35, 1], gap="xsmall")
    with wide, panels.box("over_time"):
        live.fragment(partial(performance.over_time, named=False), DEFAULTS)
    with narrow, panels.box("distribution"):
        live.fragment(distribution.draw, DEFAULTS)
    with panels.box("single"):
        live.fragment(endpoint.single, DEFAULTS)
