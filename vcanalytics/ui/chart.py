"""How a chart is put on a page; vcanalytics.display.charts makes what it looks like."""

from __future__ import annotations

import polars as pl
import streamlit as st

from vcanalytics.display import charts, noted
from vcanalytics.display.charts import Spec
from vcanalytics.display.noted import Notes
from vcanalytics.ui import agents


def draw(data: pl.DataFrame, spec: Spec, *, key: str, alt: str, notes: Notes | None = None) -> None:
    """Draw ``data`` by ``spec``; a keyed chart keeps its node, so a refresh does not flicker.

    ``notes`` are laid over it, and named in its text: the specification changes with them alone.
    """
    if notes is not None and notes.notes:
        laid = noted.laid(notes, data, phone=agents.phone())
        spec, alt = charts.with_notes(spec, laid.marks), alt + laid.spoken
    st.vega_lite_chart(data, spec, key=key, alt=alt, width="stretch")
