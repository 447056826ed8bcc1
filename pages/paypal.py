"""PayPal's own side: what it says was paid, beside what VectorCraft says, and importing it."""

from __future__ import annotations

import streamlit as st

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import live, money_desk, notices, panels, paypal, paypal_import, toolbar

DEFAULTS = Defaults(preset="all", compare="none")

toolbar.draw("PayPal", DEFAULTS, compares=False, keep_range=False)
money_desk.links("pages/paypal.py")
notices.draw()
live.fragment(paypal.draw, DEFAULTS)
wide, narrow = st.columns([1.55, 1], gap="xsmall")
with wide, panels.box("paypal_imports"):
    live.fragment(paypal.imported, DEFAULTS)
    live.fragment(paypal.kept_aside, DEFAULTS)
with narrow, panels.box("paypal_import"):
    live.fragment(paypal_import.draw, DEFAULTS)
