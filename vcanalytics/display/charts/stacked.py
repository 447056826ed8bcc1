"""How many of what kind per window: bars whose parts stand on each other."""

from __future__ import annotations

from functools import lru_cache

from vcanalytics.display.charts.base import ROLES, Spec, X, Y, base


@lru_cache(maxsize=64)
def stacked(height: int, names: tuple[str, ...], ticks: tuple[str, ...]) -> Spec:
    """A bar a window, its parts in the colours of their roles.

    Columns: ``label`` (of the window, one of ``names``, in their order), ``value``, ``role``,
    ``order`` (0: at the bottom), ``text`` (tooltip). ``ticks`` are the labels the axis shows.
    """
    return base(
        height,
        [
            {
                "mark": {"type": "bar", "clip": True, "width": {"band": 0.72}, "opacity": 0.84},
                "encoding": {
                    "color": {"field": "role", "type": "nominal", "scale": {"domain": list(ROLES)}},
                    "order": {"field": "order"},
                    "tooltip": {"field": "text", "type": "nominal"},
                },
            }
        ],
        {
            "x": {
                "field": "label",
                "type": "ordinal",
                "axis": {**X, "values": list(ticks), "labelAngle": 0},
                "scale": {"domain": list(names), "paddingInner": 0, "paddingOuter": 0.05},
            },
            "y": {
                "field": "value",
                "type": "quantitative",
                "stack": "zero",
                "axis": {**Y, "tickMinStep": 1},
                "scale": {"nice": True},
            },
        },
    )
