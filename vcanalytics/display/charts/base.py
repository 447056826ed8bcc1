"""What every chart is made of, as Vega-Lite: roles, axes, marks.

Colours are roles with a fixed domain, so that the theme alone decides them. Times come as the
zone's wall clock in milliseconds on a ``utc`` scale: the browser's zone does not matter. Tooltips
carry text made on the server.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any, Final

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

MUTED: Final = {"expr": "scale('color','muted')"}
GRID: Final = {"expr": "scale('color','grid')"}
AXIS: Final[Spec] = {
    "title": None,
    "domain": False,
    "ticks": False,
    "labelColor": MUTED,
    "labelFontSize": 12,
    "labelPadding": 8,
}
X: Final[Spec] = {**AXIS, "grid": False, "labelFlush": True, "labelOverlap": True}
Y: Final[Spec] = {
    **AXIS,
    "grid": True,
    "gridColor": GRID,
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


#: Said in full: of a bare 0 Streamlit makes room below.
FLUSH: Final[Spec] = {"left": 0, "right": 0, "top": 0, "bottom": 0}
#: The data of a mark that stands once, however many rows the chart has.
ONCE: Final[Spec] = {"values": [{}]}


def only(*series: str) -> list[Spec]:
    """The transform that leaves the rows of some series."""
    return [{"filter": {"field": "series", "oneOf": list(series)}}]


def line(series: str, colour: str, width: float, **mark: Any) -> Spec:
    """One series as a line in the colour of a role."""
    return {
        "transform": only(series),
        # The chart's own text says what it shows; of a line without a point nothing could be said.
        "mark": {"type": "line", "strokeWidth": width, "clip": True, "aria": False, **mark},
        "encoding": {"color": role(colour)},
    }


def hover(fields: str = "text") -> Spec:
    """A wide invisible rule under the pointer that carries the tooltip."""
    return {
        "mark": {"type": "rule", "strokeWidth": 12, "opacity": 0, "aria": False},
        "encoding": {"tooltip": {"field": fields, "type": "nominal"}, "y": None},
    }


def base(height: int, layers: list[Spec], encoding: Spec | None = None) -> Spec:
    """A chart of layers, flush with its panel, without frame and legend."""
    return {
        "height": height,
        "padding": {"left": 0, "right": 0, "top": 4, "bottom": 0},
        "autosize": {"type": "fit", "contains": "padding"},
        "config": {"view": {"stroke": None}, "legend": {"disable": True}},
        "encoding": encoding or {},
        "layer": layers,
    }
