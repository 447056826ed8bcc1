"""Revenue as pictures: bars by window, the running total. Of answers of ``analytics.revenue``.

``windows`` and ``past`` are those answers for one currency: of the view, and of what it is
compared with.
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl

from vcanalytics.display import charts, formats
from vcanalytics.display.picture import Key, Picture
from vcanalytics.display.ranges import Range
from vcanalytics.model.windows import Grain

HEIGHT: Final = 238
_TICKS: Final = 8
#: Before this share of a narrow chart there is no room for a label.
_EARLY: Final = 0.35
_BARS: Final = {
    "label": pl.String,
    "value": pl.Float64,
    "series": pl.String,
    "text": pl.String,
    "to": pl.Float64,
}
_LINES: Final = {
    "t": pl.Float64,
    "value": pl.Float64,
    "series": pl.String,
    "label": pl.String,
    "text": pl.String,
}


def labels(windows: pl.DataFrame, view: Range) -> list[str]:
    """A short, unique name for each window: a repeated hour carries its offset."""
    zone, grain = view.zone, view.grain
    one_day = view.end - view.start <= timedelta(days=1, hours=2)
    texts = []
    for start in windows["window_start"]:
        if grain is Grain.HOUR:
            clock = formats.clock(start, zone, seconds=False)
            texts.append(clock if one_day else f"{formats.day(start, zone)} {clock}")
        elif grain is Grain.MONTH:
            texts.append(start.astimezone(zone).strftime("%b %Y"))
        else:
            long = view.end - view.start > timedelta(days=360)
            texts.append(formats.day(start, zone, year=long))
    twice = {text for text, number in Counter(texts).items() if number > 1}
    return [
        f"{text} {label[-6:]}" if text in twice else text
        for text, label in zip(texts, windows["window_label"], strict=True)
    ]


def begun(windows: pl.DataFrame, view: Range) -> pl.DataFrame:
    """The windows that have begun by now."""
    return windows.filter(pl.col("window_start") <= view.now)


def is_open(row: dict[str, Any], view: Range) -> bool:
    """Whether a window is not over yet."""
    return bool(row["window_start"] <= view.now < row["window_end"])


def silent(windows: pl.DataFrame) -> bool:
    """Whether nothing at all happened in ``windows``."""
    return windows.filter(
        (pl.col("attempts") > 0) | (pl.col("captured") > 0) | (pl.col("refunded") > 0)
    ).is_empty()


def bars(windows: pl.DataFrame, past: pl.DataFrame | None, view: Range, code: str) -> Picture:
    """How much per window, with refunds below and the period before as ticks.

    ``past`` is None where nothing is compared.
    """
    grain = view.grain.value
    windows = begun(windows, view)
    names = labels(windows, view)
    against = view.against()
    legend = [Key("gross", "subject"), Key("refunds", "refund")]
    if against is not None and past is not None:
        legend.append(Key(against.label, "comparison", "line"))
    if view.open:
        legend.append(Key(f"this {grain}, still open", "subject", "open"))
    every = max(1, math.ceil(len(names) / _TICKS))
    return Picture(
        f"Gross and refunds by {grain}",
        code,
        f"Gross and refunds by {grain}, {view.extent}",
        _bar_rows(windows, past, names, view, code),
        charts.bars(HEIGHT, tuple(names[::every])),
        tuple(legend),
        timed=True,
        windows=tuple(
            (name, *edges)
            for name, edges in zip(
                names, windows.select("window_start", "window_end").iter_rows(), strict=True
            )
        ),
    )


def _bar_rows(
    windows: pl.DataFrame, past: pl.DataFrame | None, names: list[str], view: Range, code: str
) -> pl.DataFrame:
    before_all: list[Decimal] = [] if past is None else past["gross"].to_list()
    rows: list[tuple[str, float, str, str, float | None]] = []
    top = float(max([*windows["gross"], *before_all], default=0))
    for i, (name, row) in enumerate(zip(names, windows.iter_rows(named=True), strict=True)):
        before = before_all[i] if i < len(before_all) else None
        text = _bar_text(name, row, before, code)
        series = "open" if is_open(row, view) else "subject"
        rows.append((name, float(row["gross"]), series, text, None))
        if series == "open":
            hatching = charts.hatching(float(row["gross"]), top, len(names), HEIGHT)
            rows += [(name, low, piece, "", high) for piece, low, high in hatching]
        if row["refunds"]:
            rows.append((name, -float(row["refunds"]), "refund", text, None))
        if before is not None:
            rows.append((name, float(before), "comparison", text, None))
    return pl.DataFrame(rows, schema=_BARS, orient="row")


def _bar_text(name: str, row: dict[str, Any], before: Decimal | None, code: str) -> str:
    parts = [
        f"{name}: {formats.money(row['gross'], code)} gross",
        f"{formats.money(row['refunds'], code)} refunds",
        f"{formats.count(row['captured'])} payments",
        f"success {formats.rate(row['success_rate'])}",
    ]
    if before is not None:
        parts.append(f"before {formats.money(before, code)}")
    return ", ".join(parts)


def cumulative(
    windows: pl.DataFrame, past: pl.DataFrame | None, view: Range, code: str
) -> Picture | None:
    """Net as it added up, against the period before; None where no window has begun."""
    rows = _running(begun(windows, view), view, 0.0, "subject", code)
    against = view.against()
    # Before the shop's first day there is nothing, not a line of zeros.
    if against is not None and past is not None and past["attempts"].sum() > 0:
        shift = charts.wall_ms(view.start, view.zone) - charts.wall_ms(against.start, view.zone)
        rows += _running(past, view, shift, "comparison", code)
    if len(rows) < 2:
        return None
    return Picture(
        "Cumulative net",
        code,
        f"Cumulative net, {view.extent}",
        pl.DataFrame(rows, schema=_LINES, orient="row"),
        charts.against_before(HEIGHT, view.axis_format),
        timed=True,
    )


def _running(
    windows: pl.DataFrame, view: Range, shift: float, series: str, code: str
) -> list[tuple[float, float, str, str, str]]:
    total = Decimal(0)
    rows: list[tuple[float, float, str, str, str]] = []
    name = {"subject": "this period", "comparison": "before"}[series]
    for start, end, net in windows.select("window_start", "window_end", "net").iter_rows():
        if not rows:
            rows.append((charts.wall_ms(start, view.zone) + shift, 0.0, series, "", ""))
        total += net
        until = min(end, view.now) if series == "subject" else end
        when = formats.moment(until, view.zone, view.now)
        text = f"{name}, to {when}: {formats.money(total, code)}"
        t = charts.wall_ms(until, view.zone) + shift
        rows.append((t, float(total), series, "", text))
    if rows:
        ends = {"subject": "end", "comparison": "end_comparison"}[series]
        at = rows[-1][0]
        first, last = (charts.wall_ms(edge, view.zone) for edge in (view.start, view.end))
        early = at - first < (last - first) * _EARLY
        rows.append((at, rows[-1][1], ends, name, "early" if early else ""))
    return rows
