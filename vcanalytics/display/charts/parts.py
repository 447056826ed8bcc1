"""Parts and ranks: bars sorted by size, a doughnut of few parts, the hours around a clock."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from vcanalytics.display.charts.base import AXIS, FLUSH, ONCE, ROLES, Spec, base, only, role

_ROLE: Final[Spec] = {"field": "role", "type": "nominal", "scale": {"domain": list(ROLES)}}
#: Wedges of a polar chart; midnight is on top.
_HOURS: Final = 24


@lru_cache(maxsize=32)
def ranked(height: int, names: tuple[str, ...], share: float = 0.66) -> Spec:
    """Bars from a zero rule, one a name, the value's words at its end.

    Columns: ``name`` (one of ``names``, the first on top), ``value``, ``role``, ``label`` (at the
    end), ``text`` (tooltip). The longest bar takes ``share`` of the width, its words the rest.
    """
    return base(
        height,
        [
            {
                "mark": {"type": "bar", "height": {"band": 0.58}, "opacity": 0.84},
                "encoding": {
                    "color": _ROLE,
                    "tooltip": {"field": "text", "type": "nominal"},
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 12, "aria": False},
                "encoding": {"text": {"field": "label"}, "color": role("muted")},
            },
        ],
        {
            "x": {
                "field": "value",
                "type": "quantitative",
                "axis": None,
                "scale": {"zero": True, "nice": False, "range": [0, {"expr": f"width * {share}"}]},
            },
            "y": {
                "field": "name",
                "type": "ordinal",
                "sort": None,
                "scale": {"domain": list(names)},
                "axis": {**AXIS, "grid": False, "labelLimit": 128},
            },
        },
    )


@lru_cache(maxsize=32)
def changes(
    height: int, names: tuple[str, ...], reach: tuple[float, float], room: float = 0.34
) -> Spec:
    """Bars to both sides of a zero rule, one a name, the value's words at its far end.

    Columns: as ``ranked``. ``reach``: the least and the largest value, with zero among them; at
    either side that has bars ``room``, as a share of what all bars reach, is left to their words.
    """
    low, high = reach
    span = (high - low) or 1.0
    domain = [low - (room * span if low < 0 else 0), high + (room * span if high > 0 else 0)]
    words = {"type": "text", "fontSize": 12, "aria": False}
    end = {"text": {"field": "label"}, "color": role("muted")}
    return base(
        height,
        [
            {
                "mark": {"type": "bar", "height": {"band": 0.58}, "opacity": 0.84},
                "encoding": {"color": _ROLE, "tooltip": {"field": "text", "type": "nominal"}},
            },
            {
                "data": ONCE,
                "mark": {"type": "rule", "strokeWidth": 1.5, "aria": False},
                "encoding": {
                    "x": {"datum": 0},
                    "y": {"value": 0},
                    "y2": {"value": height},
                    "color": role("ink"),
                },
            },
            {
                "transform": [{"filter": "datum.value >= 0"}],
                "mark": {**words, "align": "left", "dx": 6},
                "encoding": end,
            },
            {
                "transform": [{"filter": "datum.value < 0"}],
                "mark": {**words, "align": "right", "dx": -6},
                "encoding": end,
            },
        ],
        {
            "x": {
                "field": "value",
                "type": "quantitative",
                "axis": None,
                "scale": {"domain": domain, "nice": False},
            },
            "y": {
                "field": "name",
                "type": "ordinal",
                "sort": None,
                "scale": {"domain": list(names)},
                "axis": {**AXIS, "grid": False, "labelLimit": 190},
            },
        },
    )


@lru_cache(maxsize=8)
def doughnut(height: int, total: str, unit: str) -> Spec:
    """Up to six parts of one whole, the total in the middle.

    Columns: ``value``, ``role``, ``shade`` (opacity), ``order``, ``text`` (tooltip).
    """
    outer = height / 2 - 4
    middle = {"type": "text", "aria": False, "align": "center"}
    return {
        **base(
            height,
            [
                {
                    "mark": {
                        "type": "arc",
                        "innerRadius": outer * 0.64,
                        "outerRadius": outer,
                        "padAngle": 0.012,
                    },
                    "encoding": {
                        "theta": {"field": "value", "type": "quantitative", "stack": True},
                        "order": {"field": "order"},
                        "color": _ROLE,
                        "opacity": {"field": "shade", "type": "quantitative", "scale": None},
                        "tooltip": {"field": "text", "type": "nominal"},
                    },
                },
                {
                    "data": ONCE,
                    "mark": {**middle, "text": total, "fontSize": 22, "fontWeight": 600, "dy": -6},
                    "encoding": {"color": role("ink")},
                },
                {
                    "data": ONCE,
                    "mark": {**middle, "text": unit, "fontSize": 12, "dy": 14},
                    "encoding": {"color": role("muted")},
                },
            ],
        ),
        "padding": FLUSH,
    }


@lru_cache(maxsize=4)
def polar(height: int) -> Spec:
    """The hours of a day around a clock: the area of a wedge is the count.

    Columns: ``hour`` (0 to 23), ``value``, ``series`` (subject, or mark for a name of an hour),
    ``text`` (tooltip, or the name).
    """
    turn = 2 * math.pi / _HOURS
    outer = height / 2 - 22
    wedge = {
        "theta": {"field": "begin", "type": "quantitative", "scale": None},
        "theta2": {"field": "end"},
    }
    spec = base(
        height,
        [
            {
                "transform": [
                    *only("subject"),
                    {"calculate": f"datum.hour * {turn}", "as": "begin"},
                    {"calculate": f"(datum.hour + 1) * {turn}", "as": "end"},
                ],
                "mark": {"type": "arc", "innerRadius": 14, "padAngle": 0.02, "opacity": 0.84},
                "encoding": {
                    **wedge,
                    "radius": {
                        "field": "value",
                        "type": "quantitative",
                        "scale": {"type": "sqrt", "zero": True, "range": [14, outer]},
                    },
                    "color": role("subject"),
                    "tooltip": {"field": "text", "type": "nominal"},
                },
            },
            {
                "transform": [
                    *only("mark"),
                    {"calculate": f"datum.hour * {turn}", "as": "begin"},
                ],
                "mark": {"type": "text", "fontSize": 12, "aria": False, "radius": outer + 14},
                "encoding": {
                    "theta": {"field": "begin", "type": "quantitative", "scale": None},
                    "text": {"field": "text"},
                    "color": role("muted"),
                },
            },
        ],
    )
    return spec | {"padding": FLUSH}
