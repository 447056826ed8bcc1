"""Failed payments as a picture: how many window by window, and which of them were charged."""

from __future__ import annotations

import math
from typing import Any, Final

import polars as pl

from vcanalytics.display import charts, formats, words
from vcanalytics.display.picture import Key, Picture
from vcanalytics.display.ranges import Range
from vcanalytics.model.windows import Grain

HEIGHT: Final = 150
_TICKS: Final = 8
_FAILED: Final = "failed"
_CHARGED: Final = "captured_but_failed"
#: What a payment that failed is, by its finding.
KINDS: Final[dict[str, words.Word]] = {
    _FAILED: words.Word("Failed", "red", "cancel", "critical"),
    _CHARGED: words.Word("Charged", "orange", "error", "warning"),
}
_SCHEMA: Final = {
    "label": pl.String,
    "value": pl.Int64,
    "role": pl.String,
    "order": pl.Int64,
    "text": pl.String,
}


def over_time(windows: pl.DataFrame, counts_of: pl.DataFrame, view: Range) -> Picture | None:
    """How many failed; those that were charged stand on the others. None where none did.

    ``windows`` and ``counts_of`` are of ``analytics.failures.over_time``.
    """
    if not counts_of["count"].sum():
        return None
    counts = {
        (start, finding): count
        for start, finding, count in counts_of.filter(pl.col("pattern").is_null())
        .select("window_start", "finding", "count")
        .iter_rows()
    }
    rows, names = [], []
    for window in windows.iter_rows(named=True):
        # A repeated hour is told apart by its offset.
        name = _label(window, view)
        name = f"{name} {window['window_label'][-6:]}" if name in names else name
        names.append(name)
        each = {kind: counts.get((window["window_start"], kind), 0) for kind in KINDS}
        still = ", still open" if window["window_end"] > view.now else ""
        failed, charged = formats.count(each[_FAILED]), formats.count(each[_CHARGED])
        text = f"{name}: {failed} failed, {charged} of charged customers{still}"
        rows += [
            (name, each[kind], word.role, order, text)
            for order, (kind, word) in enumerate(KINDS.items())
        ]
    every = max(1, math.ceil(len(names) / _TICKS))
    grain = view.grain.value
    told = f"Failed payments by {grain}"
    edges = windows.select("window_start", "window_end").iter_rows()
    return Picture(
        told,
        "by the time they were begun",
        f"{told}, {view.extent}",
        pl.DataFrame(rows, schema=_SCHEMA, orient="row"),
        charts.stacked(HEIGHT, tuple(names), tuple(names[::every])),
        (Key("failed", "critical"), Key("charged, marked failed", "warning")),
        timed=True,
        windows=tuple((name, *edge) for name, edge in zip(names, edges, strict=True)),
    )


def _label(row: dict[str, Any], view: Range) -> str:
    day = formats.day(row["window_start"], view.zone)
    if view.grain is not Grain.HOUR:
        return formats.day(row["window_start"], view.zone, year=view.grain is Grain.MONTH)
    return f"{day}, {formats.clock(row['window_start'], view.zone, seconds=False)}"
