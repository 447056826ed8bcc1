"""Revenue: what came in by window, against before."""

from __future__ import annotations

import streamlit as st

from vcanalytics.ui import notices, panels, prices, refresh, revenue, toolbar
from vcanalytics.ui.ranges import Defaults

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

wide, narrow = st.columns([2.05, 1], gap="xsmall")
with wide, panels.box("table"):
    revenue.table(view, currency)
with narrow, panels.box("prices"):
    prices.draw(view, currency)

refresh.whole_page("revenue")
