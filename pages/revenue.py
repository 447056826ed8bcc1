"""Revenue: what came in by window, against before, and what made the difference."""

from __future__ import annotations

import streamlit as st

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import changes, hours, notices, panels, prices, refresh, revenue, toolbar

DEFAULTS = Defaults(preset="30d", compare="previous")

view = toolbar.draw("Revenue", DEFAULTS)
notices.draw()

currency = revenue.currency(view)
revenue.metrics(view, currency)

wide, narrow = st.columns([2.05, 1], gap="xsmall")
with wide, panels.box("bars"):
    revenue.bars(view, currency)
with narrow, panels.box("cumulative"):
    revenue.cumulative(view, currency)

why, when, what = st.columns([1.18, 1, 0.86], gap="xsmall")
with why, panels.box("changes"):
    changes.draw(view, currency)
with when, panels.box("hours"):
    hours.draw(view, currency)
with what, panels.box("prices"):
    prices.draw(view, currency)

with panels.box("table"):
    revenue.table(view, currency)

refresh.whole_page("revenue")
