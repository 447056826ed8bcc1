"""Reconcile: what does not add up, who waits for it, and who works on it."""

from __future__ import annotations

import streamlit as st

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import disputes, live, money_desk, notices, panels, reconcile, toolbar

# A case does not end at midnight: a range picked elsewhere must not hide one here.
DEFAULTS = Defaults(preset="all", compare="none")

toolbar.draw("Reconcile", DEFAULTS, compares=False, keep_range=False)
money_desk.links("pages/reconcile.py")
notices.draw()
live.fragment(reconcile.draw, DEFAULTS)
wide, narrow = st.columns([1.55, 1], gap="xsmall")
with wide, panels.box("disputes"):
    live.fragment(disputes.waiting, DEFAULTS)
with narrow, panels.box("refunds"):
    live.fragment(disputes.refunds, DEFAULTS)
