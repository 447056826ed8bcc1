"""Charts: every specification is Vega-Lite, takes its colours from the theme, and tells no lie."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import altair as alt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcanalytics.display import charts
from vcanalytics.display.charts import Limit, Stroke

STROKES = (Stroke("p99", "muted", 1.25), Stroke("p95", "subject", dash=(2, 2)))
NOTED = (
    charts.Mark("1 Nov", 0.5, "2 Nov", 0.25, "critical", "text", "PayPal was down", 0, "right"),
    charts.Mark("2 Nov", 0.5, None, 0, "ink", "text", "", 0, "right"),
)
SPECS = {
    "so_far": charts.so_far(170),
    "spark": charts.spark(),
    "bars": charts.bars(206, ("1 Nov", "2 Nov")),
    "bars_with_notes": charts.with_notes(charts.bars(206, ("1 Nov", "2 Nov")), NOTED),
    "against_before": charts.against_before(206, "%-d %b"),
    "strip": charts.strip(),
    "trend": charts.trend(206, "%H:%M", STROKES, "percent", limit=Limit(80, "80 %"), top=100),
    "trend_log": charts.trend(206, "%H:%M", STROKES, "ms", log=True, ticks=(1, 10, 100)),
    "trend_events": charts.trend(206, "%H:%M", STROKES, "count", events=True),
    "cells": charts.cells(206, ("a", "b"), ("x",), x_ticks=("a",), y_ticks=("x",)),
    "cells_of_shares": charts.cells(206, ("a",), ("x",), x_ticks=(), y_ticks=(), top=100),
    "ranked": charts.ranked(100, ("one", "two")),
    "doughnut": charts.doughnut(176, "1,413", "vectorisations"),
    "polar": charts.polar(240),
}


def parts(spec: Any) -> Iterator[dict[str, Any]]:
    """Every object in a specification."""
    if isinstance(spec, dict):
        yield spec
        for value in spec.values():
            yield from parts(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from parts(value)


def by_the_letter(spec: Any) -> Any:
    """Without two things that Vega-Lite takes and its schema does not know.

    A scale beside a datum, by which a constant has a role's colour, and null for a channel that a
    layer does not inherit.
    """
    if isinstance(spec, list):
        return [by_the_letter(value) for value in spec]
    if not isinstance(spec, dict):
        return spec
    without = {"scale"} if "datum" in spec else set()
    nulls = {name for name, value in spec.items() if value is None and name in {"x", "y"}}
    return {n: by_the_letter(value) for n, value in spec.items() if n not in without | nulls}


@pytest.mark.parametrize("name", SPECS)
def test_a_specification_is_vega_lite(name: str) -> None:
    rows = {"data": {"values": [{"t": 0, "value": 1}]}}
    alt.LayerChart.from_dict(by_the_letter(SPECS[name]) | rows, validate=True)


@pytest.mark.parametrize("name", SPECS)
def test_no_colour_is_written_down(name: str) -> None:
    """Colours are roles of the theme: a colour in a chart would be the same on dark."""
    text = json.dumps(SPECS[name])
    assert "#" not in text.replace("'#,##0'", "")
    assert "rgb(" not in text


@pytest.mark.parametrize("name", SPECS)
def test_roles_stand_in_the_themes_order(name: str) -> None:
    domains = [
        part["scale"]["domain"]
        for part in parts(SPECS[name])
        if isinstance(part.get("scale"), dict) and "subject" in part["scale"].get("domain", ())
    ]
    assert all(domain == list(charts.ROLES) for domain in domains)
    assert domains


@pytest.mark.parametrize("name", SPECS)
def test_lines_are_straight_or_steps(name: str) -> None:
    """Smoothing invents values."""
    kinds = {part["interpolate"] for part in parts(SPECS[name]) if "interpolate" in part}
    assert kinds <= {"step-after"}


@given(value=st.floats(0, 1e7), top=st.floats(1, 1e7), shown=st.integers(1, 400))
def test_hatching_stays_in_its_bar(value: float, top: float, shown: int) -> None:
    lines = charts.hatching(value, max(top, value), shown, 206)
    assert all(0 <= low < high <= value for _, low, high in lines)
    assert len(lines) < 500


def test_an_open_bar_of_some_height_is_hatched() -> None:
    assert len(charts.hatching(5_000, 7_000, 30, 206)) > 20


@given(low=st.floats(0.01, 1e5), factor=st.floats(1, 1e4))
def test_a_logarithmic_axis_has_at_most_five_round_ticks_within(low: float, factor: float) -> None:
    ticks = charts.log_ticks(low, low * factor)
    assert len(ticks) <= 5
    assert all(low <= tick <= low * factor for tick in ticks)
    assert list(ticks) == sorted(ticks)
