"""How response times are spread: a heat map by window and band, or one bar a band."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import polars as pl

from vcanalytics import cached
from vcanalytics.display import charts, formats
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.ui import chart, exports, live, notes, panels, performance, toolbar
from vcanalytics.ui.toggles import Choice

_HEIGHT: Final = 238
_FORM: Final = Choice("Distribution as", "spread", {"heat": "Heat", "bars": "Bars"})


def draw(defaults: Defaults) -> None:
    """How times are spread: a cell a window and band, or one bar a band."""
    view = toolbar.view(defaults)
    one = performance.endpoint()
    with panels.panel(
        "Distribution",
        key="distribution",
        note=f"{performance.KINDS[performance.kind()].lower()} per cell",
        streams=performance.STREAMS,
        csv=exports.link(
            "distribution", view, streams=performance.STREAMS, kind=performance.kind(), endpoint=one
        ),
        choice=_FORM,
        skeleton=_HEIGHT,
        every_s=live.CALMLY_S,
    ):
        frame = cached.response_heat(
            view.start,
            view.end,
            kind=performance.kind(),
            endpoint=one,
            zone=view.zone_name,
            week_start=view.week_start,
            now=view.now,
        ).frame
        if not frame.height:
            panels.empty("Nothing was measured in this range.", "Choose a longer one.")
        elif _FORM.value == "heat":
            _heat(frame, view)
        else:
            _histogram(frame)


def _band(low: float, high: float) -> str:
    return f">{_edge(low)}" if math.isinf(high) else f"to {_edge(high)}"


def _edge(value_ms: float) -> str:
    unit, value = ("s", value_ms / 1000) if value_ms >= 1000 else ("ms", value_ms)
    return f"{value:g}{formats.NBSP}{unit}"


def _bands(frame: pl.DataFrame) -> list[tuple[float, float]]:
    """Every band from the fastest to the slowest that anything lies in, the slowest first."""
    edges = sorted(set(frame["low_ms"]) | set(frame["high_ms"]))
    inside = [edge for edge in cached.RESPONSE_BANDS_MS if edges[0] <= edge <= edges[-1]]
    return list(pairwise(inside))[::-1]


def _columns(view: Range) -> dict[datetime, str]:
    """A name for every window that has begun, those without anything too."""
    starts = cached.heat_windows(
        view.start, view.end, zone=view.zone_name, week_start=view.week_start
    )
    daily = len(starts) > 1 and starts[1] - starts[0] >= timedelta(hours=23)
    return {
        start: formats.day(start, view.zone)
        if daily
        else formats.moment(start, view.zone, view.now)
        for start in starts
        if start <= view.now
    }


def _heat(frame: pl.DataFrame, view: Range) -> None:
    bands = _bands(frame)
    names = {low: _band(low, high) for low, high in bands}
    columns = _columns(view)
    rows = [
        (
            columns[row["window_start"]],
            names[row["low_ms"]],
            row["count"],
            f"{columns[row['window_start']]}, {names[row['low_ms']]}: {row['count']:,}",
        )
        for row in frame.iter_rows(named=True)
        if row["window_start"] in columns
    ]
    x, y = tuple(columns.values()), tuple(names.values())
    chart.draw(
        pl.DataFrame(rows, schema=["x", "y", "value", "text"], orient="row"),
        charts.cells(_HEIGHT, x, y, x_ticks=x[:: max(1, len(x) // 6)], y_ticks=y[::2]),
        key="chart_heat",
        alt=f"Distribution by window, {view.spoken}",
        notes=notes.on_columns(view, columns),
    )


def _histogram(frame: pl.DataFrame) -> None:
    counts = dict(frame.group_by("low_ms").agg(pl.col("count").sum()).iter_rows())
    total = sum(counts.values())
    rows = []
    for low, high in _bands(frame)[::-1]:
        number = counts.get(low, 0)
        share = formats.rate(number / total)
        label = f"{formats.count(number)} \u00b7 {share}"
        rows.append((_band(low, high), float(number), "subject", label, label))
    frame = pl.DataFrame(rows, schema=["name", "value", "role", "label", "text"], orient="row")
    chart.draw(
        frame,
        charts.ranked(_HEIGHT, tuple(frame["name"])),
        key="chart_histogram",
        alt=f"Distribution of {performance.KINDS[performance.kind()].lower()}",
    )
