"""How a chart is put on a page; vcanalytics.display.charts makes what it looks like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl
import streamlit as st

from vcanalytics.display import charts, formats, noted
from vcanalytics.display.charts import Spec
from vcanalytics.display.noted import Notes
from vcanalytics.display.picture import SIGNS, Key, Picture
from vcanalytics.ui import agents, first_chart

#: The roles as Streamlit's Markdown names them.
_COLOURS: Final = {
    "subject": "blue",
    "comparison": "gray",
    "good": "green",
    "warning": "orange",
    "critical": "red",
    "refund": "violet",
    "muted": "gray",
}


def draw(data: pl.DataFrame, spec: Spec, *, key: str, alt: str, notes: Notes | None = None) -> None:
    """Draw ``data`` by ``spec``; a keyed chart keeps its node, so a refresh does not flicker.

    ``notes`` are laid over it, and named in its text: the specification changes with them alone.
    """
    if notes is not None and notes.notes:
        laid = noted.laid(notes, data, phone=agents.phone())
        spec, alt = charts.with_notes(spec, laid.marks), alt + laid.spoken
    st.vega_lite_chart(data, spec, key=key, alt=alt, width="stretch")
    first_chart.sent()


def show(picture: Picture, *, key: str, notes: Notes | None = None) -> None:
    """Draw a picture as files and reports draw it too; its legend is the caller's to place."""
    draw(picture.data, picture.spec, key=key, alt=picture.alt, notes=notes)


def legend(keys: Sequence[Key]) -> str:
    """The line of swatches below a chart, in Markdown."""
    parts = [
        f":{_COLOURS[key.role]}[{SIGNS[key.mark]}] {formats.literal(key.words)}" for key in keys
    ]
    return ":small[" + "\u2003".join(parts) + "]"


def listed(keys: Sequence[Key]) -> str:
    """The same as a list, each part with its figure and its share."""
    lines = [
        f":{_COLOURS[key.role]}[{SIGNS[key.mark]}] {formats.literal(key.words)} **{key.figure}**"
        f" :gray[{key.share}]"
        for key in keys
    ]
    return ":small[" + "  \n".join(lines) + "]"
