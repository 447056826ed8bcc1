"""How a chart is put on a page; vcanalytics.display.charts makes what it looks like."""

from __future__ import annotations

import polars as pl
import streamlit as st

from vcanalytics.display.charts import Spec


def draw(data: pl.DataFrame, spec: Spec, *, key: str, alt: str) -> None:
    """Draw ``data`` by ``spec``; a keyed chart keeps its node, so a refresh does not flicker."""
    st.vega_lite_chart(data, spec, key=key, alt=alt, width="stretch")
