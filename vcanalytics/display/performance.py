"""Response times as pictures: percentiles over time, and how they are spread."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

import polars as pl

from vcanalytics.display import charts, formats, series
from vcanalytics.display.charts import Limit, Stroke
from vcanalytics.display.charts.lines import Unit
from vcanalytics.display.picture import Picture, columns_of
from vcanalytics.display.ranges import Range
from vcanalytics.model import thresholds
from vcanalytics.model.buckets import BANDS_MS

HEIGHT: Final = 238
#: Kinds of measurement as the URL names them, and what one of each is called.
KINDS: Final[dict[str, str]] = {
    "request_time": "Requests",
    "database_query": "Database queries",
    "vectorization_time": "Vectorising",
    "paypal_api_response_time": "PayPal's API",
}
#: What is drawn over time.
MEASURES: Final[dict[str, str]] = {
    "percentiles": "Percentiles",
    "mean": "Mean",
    "errors": "Error rate",
}
LIMITS: Final[dict[str, Limit]] = {
    "request_time": Limit(thresholds.RESPONSE_P95_MS, "p95 limit 200 ms"),
    "database_query": Limit(thresholds.QUERY_MS, "slow above 50 ms"),
    "paypal_api_response_time": Limit(thresholds.PAYPAL_MS, "limit 5 s"),
}
_PERCENTILES: Final = (
    Stroke("p99", "muted", 1.25),
    Stroke("p50", "subject", 1.5, 0.7),
    Stroke("p95", "subject"),
)
_NAMES: Final = ("p50", "p95", "p99", "mean")
_MEAN_LIMIT: Final = Limit(thresholds.RESPONSE_MEAN_MS, "mean limit 100 ms")
_ERROR_LIMIT: Final = Limit(thresholds.ERROR_RATE, "limit 5 %")


def title(kind: str) -> str:
    """What a chart of one kind of measurement is called."""
    return "Response time" if kind == "request_time" else KINDS[kind]


def window(frame: pl.DataFrame) -> str:
    """How long a window of the frame is; nothing where there is none."""
    if not frame.height:
        return ""
    start, end = frame.select("window_start", "window_end").row(0)
    return formats.duration((end - start).total_seconds(), 1)


def over_time(
    frame: pl.DataFrame, view: Range, *, kind: str, measure: str, note: str = ""
) -> Picture | None:
    """Percentiles, mean or error rate by window; None where nothing was measured.

    ``frame`` is of ``analytics.performance.over_time``, ``measure`` one of MEASURES.
    """
    begun = frame.filter(pl.col("window_start") <= view.now)
    if not begun["count"].sum():
        return None
    if measure == "percentiles":
        data, spec = _percentiles(begun, view, kind)
    elif measure == "mean":
        limit = _MEAN_LIMIT if kind == "request_time" else None
        data, spec = _one_line(begun, view, "mean_ms", "mean", "ms", limit)
    else:
        data, spec = _one_line(begun, view, "error_rate", "errors", "rate", _ERROR_LIMIT)
    alt = f"{title(kind)}: {MEASURES[measure].lower()}, {view.spoken}"
    return Picture(title(kind), note, alt, data, spec, timed=True)


def _windows(frame: pl.DataFrame, column: str) -> Iterator[series.Window]:
    yield from frame.select("window_start", "window_end", column).iter_rows()


def _hovers(frame: pl.DataFrame, view: Range) -> list[series.Point]:
    texts = {}
    for row in frame.filter(pl.col("count") > 0).iter_rows(named=True):
        when = formats.moment(row["window_start"], view.zone, view.now)
        parts = [f"{name} {formats.milliseconds(row[f'{name}_ms'])}" for name in _NAMES]
        errors = f"{formats.rate(row['error_rate'])} errors of {formats.count(row['count'])}"
        texts[row["window_start"]] = f"{when}: {', '.join(parts)}, {errors}"
    return series.hovers(texts, view)


def _percentiles(frame: pl.DataFrame, view: Range, kind: str) -> tuple[pl.DataFrame, charts.Spec]:
    columns = [f"{stroke.series}_ms" for stroke in _PERCENTILES]
    # Zeros have no place on a logarithmic axis.
    frame = frame.with_columns(pl.when(pl.col(columns) > 0).then(pl.col(columns)))
    rows = [
        point
        for stroke in _PERCENTILES
        for point in series.points(_windows(frame, f"{stroke.series}_ms"), view, stroke.series)
    ]
    limit = LIMITS.get(kind)
    shown = [row[1] for row in rows if row[1] is not None]
    shown += [limit.value] if limit is not None else []
    ticks = charts.log_ticks(min(shown, default=1.0), max(shown, default=1.0))
    spec = charts.trend(
        HEIGHT,
        view.axis_format,
        _PERCENTILES,
        "ms",
        log=True,
        ticks=ticks,
        limit=limit,
    )
    table = series.table(rows + _hovers(frame, view), height=HEIGHT, log=True, limit=limit)
    return table, spec


def _one_line(
    frame: pl.DataFrame, view: Range, column: str, name: str, unit: Unit, limit: Limit | None
) -> tuple[pl.DataFrame, charts.Spec]:
    rows = series.points(_windows(frame, column), view, name)
    spec = charts.trend(HEIGHT, view.axis_format, (Stroke(name, "subject"),), unit, limit=limit)
    return series.table(rows + _hovers(frame, view), height=HEIGHT, limit=limit), spec


def spread(
    frame: pl.DataFrame, starts: Sequence[datetime], view: Range, *, kind: str, form: str
) -> Picture | None:
    """How times are spread: a cell a window and band (``heat``), or one bar a band (``bars``).

    ``frame`` is of ``analytics.performance.heat``, ``starts`` those of its windows. None where
    nothing was measured.
    """
    if not frame.height:
        return None
    if form == "heat":
        return _heat(frame, _columns(starts, view), view, kind)
    return _histogram(frame, kind)


def _band(low: float, high: float) -> str:
    return f">{_edge(low)}" if math.isinf(high) else f"to {_edge(high)}"


def _edge(value_ms: float) -> str:
    unit, value = ("s", value_ms / 1000) if value_ms >= 1000 else ("ms", value_ms)
    return f"{value:g}{formats.NBSP}{unit}"


def _bands(frame: pl.DataFrame) -> list[tuple[float, float]]:
    """Every band from the fastest to the slowest that anything lies in, the slowest first."""
    edges = sorted(set(frame["low_ms"]) | set(frame["high_ms"]))
    inside = [edge for edge in BANDS_MS if edges[0] <= edge <= edges[-1]]
    return list(pairwise(inside))[::-1]


def _columns(starts: Sequence[datetime], view: Range) -> dict[datetime, str]:
    """A name for every window that has begun, those without anything too."""
    daily = len(starts) > 1 and starts[1] - starts[0] >= timedelta(hours=23)
    return {
        start: formats.day(start, view.zone)
        if daily
        else formats.moment(start, view.zone, view.now)
        for start in starts
        if start <= view.now
    }


def _heat(frame: pl.DataFrame, columns: Mapping[datetime, str], view: Range, kind: str) -> Picture:
    bands = _bands(frame)
    names = {low: _band(low, high) for low, high in bands}
    rows = [
        (
            columns[row["window_start"]],
            names[row["low_ms"]],
            row["count"],
            ": ".join(
                [
                    f"{columns[row['window_start']]}, {names[row['low_ms']]}",
                    formats.count(row["count"]),
                ]
            ),
        )
        for row in frame.iter_rows(named=True)
        if row["window_start"] in columns
    ]
    x, y = tuple(columns.values()), tuple(names.values())
    return Picture(
        "Distribution",
        f"{KINDS[kind].lower()} per cell",
        f"Distribution by window, {view.spoken}",
        pl.DataFrame(rows, schema=["x", "y", "value", "text"], orient="row"),
        charts.cells(HEIGHT, x, y, x_ticks=x[:: max(1, len(x) // 6)], y_ticks=y[::2]),
        timed=True,
        windows=columns_of(columns, view),
    )


def _histogram(frame: pl.DataFrame, kind: str) -> Picture:
    counts = dict(frame.group_by("low_ms").agg(pl.col("count").sum()).iter_rows())
    total = sum(counts.values())
    rows = []
    for low, high in _bands(frame)[::-1]:
        number = counts.get(low, 0)
        share = formats.rate(number / total)
        label = f"{formats.count(number)} \u00b7 {share}"
        rows.append((_band(low, high), float(number), "subject", label, label))
    frame = pl.DataFrame(rows, schema=["name", "value", "role", "label", "text"], orient="row")
    return Picture(
        "Distribution",
        KINDS[kind].lower(),
        f"Distribution of {KINDS[kind].lower()}",
        frame,
        charts.ranked(HEIGHT, tuple(frame["name"])),
    )
