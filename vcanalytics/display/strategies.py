"""What was vectorised by which strategy, as pictures."""

from __future__ import annotations

from typing import Final

import polars as pl

from vcanalytics.display import charts, formats
from vcanalytics.display.picture import Key, Picture

#: A doughnut shows so many parts; the smaller ones are one.
_PARTS_MAX: Final = 5
_SHADES: Final = (1.0, 0.76, 0.56, 0.4, 0.28)


def picture(frame: pl.DataFrame, form: str) -> Picture | None:
    """How long each took (``bars``), or how much of it each did (``doughnut``).

    ``frame`` is of ``analytics.performance.strategies``. None where nothing was vectorised.
    """
    if not frame.height:
        return None
    return _bars(frame) if form == "bars" else _shares(frame)


def _strategy(name: str | None) -> str:
    return name or "none recorded"


def _bars(frame: pl.DataFrame) -> Picture:
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
    return Picture(
        "Strategies",
        "p95, failed, uploads",
        "Vectorising by strategy, p95",
        shown,
        charts.ranked(26 * len(rows) + 8, tuple(shown["name"]), 0.46),
    )


def _shares(frame: pl.DataFrame) -> Picture:
    """How much was vectorised by which strategy, and what failed."""
    done = frame.with_columns((pl.col("count") - pl.col("failed")).alias("done"))
    done = done.filter(pl.col("done") > 0).sort("done", descending=True)
    parts = [(_strategy(name), number) for name, number in done.select("strategy", "done").rows()]
    if len(parts) > _PARTS_MAX:
        rest = parts[_PARTS_MAX - 1 :]
        others = (f"{len(rest)} others", sum(number for _, number in rest))
        parts = [*parts[: _PARTS_MAX - 1], others]
    total, failed = int(frame["count"].sum()), int(frame["failed"].sum())
    rows = [
        (number, "subject", _SHADES[i], i, f"{name}: {formats.count(number)}")
        for i, (name, number) in enumerate(parts)
    ]
    if failed:
        rows.append((failed, "critical", 1.0, len(rows), f"failed: {formats.count(failed)}"))
        parts.append(("failed", failed))
    return Picture(
        "Strategies",
        "",
        f"Vectorisations by strategy: {formats.count(total)}, {formats.count(failed)} failed",
        pl.DataFrame(rows, schema=["value", "role", "shade", "order", "text"], orient="row"),
        charts.doughnut(176, formats.count(total), "vectorisations"),
        tuple(
            Key(name, row[1], "square", formats.count(number), formats.rate(number / total))
            for (name, number), row in zip(parts, rows, strict=True)
        ),
    )
