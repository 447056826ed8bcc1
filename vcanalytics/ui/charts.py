"""Charts as Vega-Lite: specifications built once and shared, data passed beside them.

Colours are roles with a fixed domain, so that the theme alone decides them. Times come as the
zone's wall clock in milliseconds on a ``utc`` scale: the browser's zone does not matter. Tooltips
carry text made on the server.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics.ui import formats, words

Spec = dict[str, Any]

#: In the order of ``chartCategoricalColors`` in config.toml.
ROLES: Final = (
    "subject",
    "comparison",
    "good",
    "warning",
    "critical",
    "refund",
    "ink",
    "muted",
    "tint",
    "grid",
)
HEIGHT: Final = 206
SPARK_HEIGHT: Final = 38

_MUTED: Final = {"expr": "scale('color','muted')"}
_GRID: Final = {"expr": "scale('color','grid')"}
_AXIS: Final[Spec] = {
    "title": None,
    "domain": False,
    "ticks": False,
    "labelColor": _MUTED,
    "labelFontSize": 12,
    "labelPadding": 8,
}
_X: Final[Spec] = {**_AXIS, "grid": False, "labelFlush": True, "labelOverlap": True}
_Y: Final[Spec] = {
    **_AXIS,
    "grid": True,
    "gridColor": _GRID,
    "gridWidth": 1,
    "tickCount": 4,
    # 6k, 120k, 2.5M; the minus is typographic like the axis' own.
    "labelExpr": "replace(format(datum.value, '~s'), 'G', 'B')",
}


def role(name: str) -> Spec:
    """The colour of a mark by what it means."""
    return {"datum": name, "scale": {"domain": list(ROLES)}}


def wall_ms(instant: datetime, zone: tzinfo) -> float:
    """Milliseconds of the zone's wall clock, as charts want time."""
    local = instant.astimezone(zone)
    offset = local.utcoffset()
    return (instant.timestamp() + (offset.total_seconds() if offset else 0.0)) * 1000


def _only(*series: str) -> list[Spec]:
    return [{"filter": {"field": "series", "oneOf": list(series)}}]


def _line(series: str, colour: str, width: float, **mark: Any) -> Spec:
    return {
        "transform": _only(series),
        "mark": {"type": "line", "strokeWidth": width, "clip": True, **mark},
        "encoding": {"color": role(colour)},
    }


def _hover(fields: str = "text") -> Spec:
    """A wide invisible rule under the pointer that carries the tooltip."""
    return {
        "mark": {"type": "rule", "strokeWidth": 12, "opacity": 0, "aria": False},
        "encoding": {"tooltip": {"field": fields, "type": "nominal"}, "y": None},
    }


def _base(height: int, layers: list[Spec], encoding: Spec | None = None) -> Spec:
    return {
        "height": height,
        "padding": {"left": 0, "right": 0, "top": 4, "bottom": 0},
        "autosize": {"type": "fit", "contains": "padding"},
        "config": {"view": {"stroke": None}, "legend": {"disable": True}},
        "encoding": encoding or {},
        "layer": layers,
    }


@lru_cache(maxsize=16)
def so_far(height: int, x_format: str = "%H:%M") -> Spec:
    """How much so far: stepped line with a faint area, today ending in a dot at a dotted "now".

    Columns: ``t`` (wall ms), ``value``, ``series`` (subject, comparison, second, now, end),
    ``text`` (tooltip), ``label``.
    """
    stepped = {"interpolate": "step-after"}
    label = {"type": "text", "aria": False, "fontSize": 12, "dy": -10, "dx": -8, "align": "right"}
    return _base(
        height,
        [
            {
                "transform": _only("subject"),
                "mark": {"type": "area", "opacity": 0.07, "clip": True, "aria": False, **stepped},
                "encoding": {"color": role("subject")},
            },
            _line("second", "comparison", 1.25, strokeDash=[1, 2.5], **stepped),
            _line("comparison", "comparison", 1.5, **stepped),
            _line("subject", "subject", 2.25, **stepped),
            {
                "transform": _only("now"),
                "mark": {"type": "rule", "strokeDash": [1.5, 3], "strokeWidth": 1.5, "aria": False},
                "encoding": {"color": role("muted"), "y": None},
            },
            {
                "transform": _only("now"),
                "mark": {"type": "text", "align": "left", "dx": 6, "dy": -7, "aria": False},
                "encoding": {
                    "color": role("muted"),
                    "text": {"field": "label"},
                    "y": {"value": height - 28},
                },
            },
            {
                "transform": _only("end"),
                "mark": {"type": "point", "filled": True, "size": 48, "opacity": 1},
                "encoding": {"color": role("subject")},
            },
            {
                "transform": _only("end"),
                "mark": {**label, "fontWeight": 600},
                "encoding": {"color": role("subject"), "text": {"field": "label"}},
            },
            {"transform": _only("subject", "comparison"), **_hover()},
        ],
        {
            "x": {
                "field": "t",
                "type": "temporal",
                "scale": {"type": "utc", "nice": False},
                "axis": {**_X, "format": x_format, "tickCount": 8},
            },
            "y": {"field": "value", "type": "quantitative", "axis": _Y, "scale": {"nice": True}},
        },
    )


@lru_cache(maxsize=4)
def spark() -> Spec:
    """A tile's course: comparison behind, the open last window dashed with a hollow end.

    Columns: ``i`` (position), ``value``, ``series`` (subject, comparison, open, end).
    """
    return {
        **_base(
            SPARK_HEIGHT,
            [
                _line("comparison", "comparison", 1.25, clip=False),
                _line("subject", "subject", 1.75, clip=False),
                _line("open", "subject", 1.75, clip=False, strokeDash=[2, 2.5]),
                {
                    "transform": _only("end"),
                    "mark": {"type": "point", "size": 22, "strokeWidth": 1.75, "opacity": 1},
                    "encoding": {"color": role("subject")},
                },
                {
                    "transform": _only("dot"),
                    "mark": {"type": "point", "size": 22, "filled": True, "opacity": 1},
                    "encoding": {"color": role("subject")},
                },
            ],
            {
                "x": {"field": "i", "type": "quantitative", "axis": None, "scale": {"nice": False}},
                "y": {
                    "field": "value",
                    "type": "quantitative",
                    "axis": None,
                    "scale": {"zero": False, "nice": False},
                },
            },
        ),
        "padding": {"left": 3, "right": 4, "top": 4, "bottom": 4},
    }


def _hatching() -> Spec:
    """45 degree lines over the open window's bar, six pixels apart: there is no pattern fill."""
    left = "(scale('x', datum.label) + bandwidth('x') * 0.15)"
    width = "(bandwidth('x') * 0.7)"
    top, bottom = "scale('y', datum.value)", "scale('y', 0)"
    start = f"({bottom} - 6 * datum.k)"
    x = f"{left} + max(0, {start} - {bottom})"
    x2 = f"{left} + min({width}, max(0, {start} - {top}))"
    return {
        "transform": [
            {"filter": "datum.series === 'open' && datum.value > 0"},
            {"calculate": "sequence(-20, 60)", "as": "k"},
            {"flatten": ["k"]},
            {"filter": "isNumber(datum.k)"},
        ],
        "mark": {
            "type": "rule",
            "strokeWidth": 1,
            "aria": False,
            "x": {"expr": x},
            "x2": {"expr": f"max({x}, {x2})"},
            "y": {"expr": f"clamp({start} - max(0, {start} - {bottom}), {top}, {bottom})"},
            "y2": {
                "expr": f"clamp({start} - min({width}, max(0, {start} - {top})), {top}, {bottom})"
            },
        },
        "encoding": {"color": role("subject"), "x": None, "y": None},
    }


@lru_cache(maxsize=64)
def bars(height: int, ticks: tuple[str, ...]) -> Spec:
    """How much per window: bars, comparison as an ink tick, refunds below, the open one hatched.

    Columns: ``label`` (of the window, unique), ``value``, ``series`` (subject, refund, comparison,
    open), ``text`` (tooltip). ``ticks`` are the labels the axis shows.
    """
    bar = {"type": "bar", "clip": True, "width": {"band": 0.7}}
    return _base(
        height,
        [
            {
                "transform": _only("subject"),
                "mark": {**bar, "opacity": 0.84},
                "encoding": {"color": role("subject")},
            },
            {
                "transform": _only("open"),
                "mark": {**bar, "opacity": 0.16},
                "encoding": {"color": role("subject")},
            },
            _hatching(),
            {
                "transform": _only("refund"),
                "mark": {**bar, "opacity": 0.84},
                "encoding": {"color": role("refund")},
            },
            {
                "transform": _only("comparison"),
                "mark": {"type": "tick", "thickness": 2, "width": {"band": 0.7}, "opacity": 0.84},
                "encoding": {"color": role("ink")},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 1.5, "aria": False},
                "encoding": {"y": {"datum": 0}, "color": role("muted"), "x": None},
            },
            {
                "transform": _only("open"),
                "mark": {"type": "text", "dy": -8, "fontSize": 12, "aria": False},
                "encoding": {"color": role("subject"), "text": {"value": "open"}},
            },
            {
                "transform": _only("subject", "open"),
                "mark": {"type": "bar", "opacity": 0, "width": {"band": 1}, "aria": False},
                "encoding": {
                    "y": {"value": 0},
                    "y2": {"value": height},
                    "tooltip": {"field": "text", "type": "nominal"},
                },
            },
        ],
        {
            "x": {
                "field": "label",
                "type": "ordinal",
                "sort": None,
                "axis": {**_X, "values": list(ticks), "labelAngle": 0},
                "scale": {"paddingInner": 0, "paddingOuter": 0.05},
            },
            "y": {"field": "value", "type": "quantitative", "axis": _Y},
        },
    )


@lru_cache(maxsize=16)
def against_before(height: int, x_format: str) -> Spec:
    """The running total against that of the period before, both from their beginning.

    Columns: ``t`` (wall ms of the subject's windows), ``value``, ``series`` (subject, comparison,
    end, end_comparison), ``label``, ``text``.
    """
    text = {"type": "text", "aria": False, "align": "right", "fontSize": 12, "dx": -10}
    return _base(
        height,
        [
            _line("comparison", "comparison", 1.5),
            _line("subject", "subject", 2.25),
            {
                "transform": _only("end"),
                "mark": {"type": "point", "filled": True, "size": 48, "opacity": 1},
                "encoding": {"color": role("subject")},
            },
            {
                "transform": _only("end"),
                "mark": {**text, "dy": -6, "fontWeight": 600},
                "encoding": {"color": role("subject"), "text": {"field": "label"}},
            },
            {
                "transform": _only("end_comparison"),
                "mark": {**text, "dx": 0, "dy": 14},
                "encoding": {"color": role("muted"), "text": {"field": "label"}},
            },
            {"transform": _only("subject", "comparison"), **_hover()},
        ],
        {
            "x": {
                "field": "t",
                "type": "temporal",
                "scale": {"type": "utc", "nice": False},
                "axis": {**_X, "format": x_format, "tickCount": 5},
            },
            "y": {"field": "value", "type": "quantitative", "axis": _Y},
        },
    )


@lru_cache(maxsize=2)
def strip() -> Spec:
    """Parts of one whole as one stacked strip.

    Columns: ``status``, ``value``, ``role``, ``order``, ``text``.
    """
    return {
        **_base(
            18,
            [
                {
                    "mark": {
                        "type": "bar",
                        "height": 15,
                        "cornerRadius": 2,
                        "opacity": 0.88,
                        "stroke": {"expr": "background"},
                        "strokeWidth": 3,
                    },
                    "encoding": {
                        "color": {
                            "field": "role",
                            "type": "nominal",
                            "scale": {"domain": list(ROLES)},
                        },
                        "order": {"field": "order"},
                        "tooltip": {"field": "text", "type": "nominal"},
                    },
                }
            ],
            {
                "x": {
                    "field": "value",
                    "type": "quantitative",
                    "axis": None,
                    "stack": "zero",
                    "scale": {"nice": False},
                }
            },
        ),
        "padding": 0,
    }


def draw(data: pl.DataFrame, spec: Spec, *, key: str, alt: str) -> None:
    """Draw ``data`` by ``spec``; a keyed chart keeps its node, so a refresh does not flicker."""
    st.vega_lite_chart(data, spec, key=key, alt=alt, width="stretch")


def status_rows(counts: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``strip`` from ``status``, ``count``: in the order states are always named."""
    known = list(words.STATUSES)
    rows = []
    for status, number in counts.iter_rows():
        word = words.status(status)
        order = known.index(status) if status in known else len(known)
        rows.append((status, number, word.role, order, f"{word.label}: {formats.count(number)}"))
    schema = ("status", "value", "role", "order", "text")
    return pl.DataFrame(rows, schema=schema, orient="row").sort("order", "status")


#: Swatches take the mark's colour where the chip's is another one.
_SWATCHES: Final = {"comparison": "gray", "muted": "gray"}


def status_legend(counts: pl.DataFrame) -> str:
    """One line of swatches under a strip of statuses, as Markdown."""
    parts = []
    for status, number in status_rows(counts).select("status", "value").iter_rows():
        word = words.status(status)
        colour = _SWATCHES.get(word.role, word.colour)
        label = formats.literal(word.label).replace(" ", formats.NBSP)
        parts.append(f":{colour}[\u25a0]\u00a0{label}\u00a0**{formats.count(number)}**")
    return ":small[" + "\u2003".join(parts) + "]"
