"""Notes on the time axis: on charts, and where one looks, to read and to write them."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from vcanalytics.cached import notes as _notes
from vcanalytics.display.noted import Notes
from vcanalytics.display.ranges import Range
from vcanalytics.errors import StoreError
from vcanalytics.model.notes import Note


def over(view: Range, *, narrow: bool = False) -> Notes:
    """The notes of the range, for a chart over time; ``narrow``: in a small panel."""
    return Notes(_within(view), view, narrow=narrow)


def on_windows(view: Range, names: Sequence[str], windows: pl.DataFrame) -> Notes:
    """The same for bars: ``names`` are their labels, ``windows`` has window_start, window_end."""
    found = _within(view)
    if not found:
        return Notes((), view)
    edges = windows.select("window_start", "window_end").iter_rows()
    bars = tuple((name, *edge) for name, edge in zip(names, edges, strict=True))
    return Notes(found, view, bars)


def _within(view: Range) -> tuple[Note, ...]:
    try:
        return _notes.within(view.start, view.end)
    except StoreError:
        # Health says that the journal cannot be read; figures are drawn all the same.
        return ()
