"""What was vectorised by which strategy: how long it took, how much of it, what failed."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.display import charts, formats
from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import chart, exports, live, panels, toolbar
from vcanalytics.ui.toggles import Choice

#: Performance asks how long each takes, Activity how much each is used.
_TIMES: Final = Choice("Strategies as", "strategies", {"bars": "Bars", "doughnut": "Doughnut"})
_SHARES: Final = Choice("Strategies as", "strategies", {"doughnut": "Doughnut", "bars": "Bars"})


def draw(defaults: Defaults, *, shares: bool = False) -> None:
    """What was vectorised by strategy: how long it took and failed, or how much of it each did."""
    choice = _SHARES if shares else _TIMES
    view = toolbar.view(defaults)
    frame = cached.strategies(view.start, view.until).frame
    with panels.panel(
        "Strategies",
        key="strategies",
        note="p95, failed, uploads" if choice.value == "bars" else "",
        streams=("activity",),
        csv=exports.link("strategies", view, streams=("activity",)),
        choice=choice,
        every_s=live.CALMLY_S,
    ):
        if not frame.height:
            panels.empty("Nothing was vectorised in this range.", "Choose a longer one.")
            return
        if choice.value == "bars":
            _bars(frame)
        else:
            _shares(frame)


def _strategy(name: str | None) -> str:
    return name or "none recorded"


def _bars(frame: pl.DataFrame) -> None:
    """p95 of each strategy, with failure rate and count in words."""
    rows = []
    for row in frame.iter_rows(named=True):
        took = formats.milliseconds(row["p95_ms"])
        count = formats.count(row["count"])
        label = f"{took} \u00b7 {formats.rate(row['failure_rate'])} \u00b7 {count}"
        text = f"{_strategy(row['strategy'])}: p95 {took}, {count} uploads, {row['failed']} failed"
        value = (row["p95_ms"] or 0.0) / 1000
        rows.append((_strategy(row["strategy"]), value, "subject", label, text))
    shown = pl.DataFrame(rows, schema=["name", "value", "role", "label", "text"], orient="row")
    chart.draw(
        shown,
        charts.ranked(26 * len(rows) + 8, tuple(shown["name"]), 0.46),
        key="chart_strategies",
        alt="Vectorising by strategy, p95",
    )


#: A doughnut shows so many parts; the smaller ones are one.
_PARTS_MAX: Final = 5


def _shares(frame: pl.DataFrame) -> None:
    """How much was vectorised by which strategy, and what failed."""
    done = frame.with_columns((pl.col("count") - pl.col("failed")).alias("done"))
    done = done.filter(pl.col("done") > 0).sort("done", descending=True)
    parts = [(_strategy(name), number) for name, number in done.select("strategy", "done").rows()]
    if len(parts) > _PARTS_MAX:
        rest = parts[_PARTS_MAX - 1 :]
        others = (f"{len(rest)} others", sum(number for _, number in rest))
        parts = [*parts[: _PARTS_MAX - 1], others]
    total, failed = int(frame["count"].sum()), int(frame["failed"].sum())
    shades = [1.0, 0.76, 0.56, 0.4, 0.28]
    rows = [
        (number, "subject", shades[i], i, f"{name}: {formats.count(number)}")
        for i, (name, number) in enumerate(parts)
    ]
    if failed:
        rows.append((failed, "critical", 1.0, len(rows), f"failed: {formats.count(failed)}"))
    chart.draw(
        pl.DataFrame(rows, schema=["value", "role", "shade", "order", "text"], orient="row"),
        charts.doughnut(176, formats.count(total), "vectorisations"),
        key="chart_shares",
        alt=f"Vectorisations by strategy: {formats.count(total)}, {formats.count(failed)} failed",
    )
    lines = [
        f":blue[\u25a0] {formats.literal(name)} **{formats.count(number)}**"
        f" :gray[{formats.rate(number / total)}]"
        for name, number in parts
    ]
    if failed:
        lines.append(
            f":red[\u25a0] failed **{formats.count(failed)}** :gray[{formats.rate(failed / total)}]"
        )
    st.markdown(":small[" + "  \n".join(lines) + "]")
