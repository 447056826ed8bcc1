"""Measures over time as lines: percentiles, rates, shares of a machine, flows of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from vcanalytics.display.charts.base import Spec, X, Y, base, hover, line, only, role

Unit = Literal["ms", "percent", "rate", "bytes", "count"]

#: What an axis says of a value, in Vega's own words; blanks are non-breaking.
_LABELS: Final[dict[Unit, str]] = {
    "ms": "datum.value >= 1000 ? format(datum.value / 1000, '~r') + '\u00a0s'"
    " : format(datum.value, '~r') + '\u00a0ms'",
    "percent": "format(datum.value, '~r') + '\u00a0%'",
    "rate": "format(datum.value * 100, '~r') + '\u00a0%'",
    "bytes": "datum.value >= 1e9 ? format(datum.value / 1e9, '~r') + '\u00a0GB'"
    " : datum.value >= 1e6 ? format(datum.value / 1e6, '~r') + '\u00a0MB'"
    " : datum.value >= 1e3 ? format(datum.value / 1e3, '~r') + '\u00a0kB'"
    " : format(datum.value, '~r') + '\u00a0B'",
    "count": "format(datum.value, ',')",
}
#: Room at the right for the words at a line's end.
LABEL_PX: Final = 40


class Stroke(NamedTuple):
    """How one series is drawn: the role of its colour, width in pixels, opacity, dashes."""

    series: str
    colour: str
    width: float = 2.25
    opacity: float = 1.0
    dash: tuple[float, ...] = ()


class Limit(NamedTuple):
    """A threshold drawn in, with its words."""

    value: float
    words: str


def log_ticks(low: float, high: float) -> tuple[float, ...]:
    """At most five round values from ``low`` to ``high`` for a logarithmic axis."""
    steps = [m * 10.0**power for power in range(-2, 7) for m in (1, 2, 5)]
    inside = [step for step in steps if low <= step <= high]
    every = -(-len(inside) // 5) or 1
    return tuple(inside[::every])


def _ends(stroke: Stroke) -> list[Spec]:
    """The last point, hollow while its window is open, and the word beside it."""

    def at(end: str) -> list[Spec]:
        return [{"filter": f"datum.series === '{stroke.series}' && datum.end {end}"}]

    point = {"type": "point", "size": 30, "strokeWidth": 1.75, "opacity": 1, "aria": False}
    colour = {"color": role(stroke.colour)}
    return [
        {"transform": at("=== 'open'"), "mark": point, "encoding": colour},
        {"transform": at("=== 'closed'"), "mark": {**point, "filled": True}, "encoding": colour},
        {
            "transform": at("!== ''"),
            "mark": {
                "type": "text",
                "align": "left",
                "dx": 8,
                "dy": {"expr": "datum.dy"},
                "fontSize": 12,
                "aria": False,
            },
            "encoding": {**colour, "text": {"field": "label"}},
        },
    ]


def _limit(limit: Limit) -> list[Spec]:
    # A row of its own: a datum would be left out where the first row of the chart's has no value.
    at = {"values": [{"value": limit.value}]}
    return [
        {
            "data": at,
            "mark": {"type": "rule", "strokeDash": [3, 2], "strokeWidth": 1.5, "aria": False},
            "encoding": {"x": None, "color": role("critical")},
        },
        {
            "data": at,
            "mark": {
                "type": "text",
                "align": "left",
                "dx": 4,
                "dy": -7,
                "fontSize": 12,
                "aria": False,
                "text": limit.words,
            },
            "encoding": {"x": {"value": 0}, "color": role("critical")},
        },
    ]


def _events() -> list[Spec]:
    """Thin rules with their names, at the top; a name that has no room at its right stands left."""
    left = "datum.end === 'left'"
    return [
        {
            "transform": only("event"),
            "mark": {"type": "rule", "strokeWidth": 1, "aria": False},
            "encoding": {"y": None, "color": role("ink")},
        },
        {
            "transform": only("event"),
            "mark": {
                "type": "text",
                "align": {"expr": f"{left} ? 'right' : 'left'"},
                "baseline": "top",
                "dx": {"expr": f"{left} ? -4 : 4"},
                "dy": {"expr": "datum.dy"},
                "fontSize": 12,
                "aria": False,
            },
            "encoding": {"y": {"value": 0}, "text": {"field": "label"}, "color": role("ink")},
        },
    ]


@lru_cache(maxsize=64)
def trend(
    height: int,
    x_format: str,
    strokes: tuple[Stroke, ...],
    unit: Unit,
    *,
    log: bool = False,
    ticks: tuple[float, ...] = (),
    limit: Limit | None = None,
    top: float | None = None,
    label_room: int = LABEL_PX,
    events: bool = False,
) -> Spec:
    """Several series over one time axis, each named at its end.

    Columns: ``t`` (wall ms), ``value`` (null breaks the line), ``series`` (those of ``strokes``,
    and hover), ``end`` (open or closed at a series' last point, else empty), ``label`` (its word),
    ``dy`` (by how many pixels that is moved down), ``text`` (tooltip). ``log`` draws a logarithmic
    axis with ``ticks``; ``top`` fixes its end; ``label_room`` is kept for the words, in pixels (0:
    no words). ``events`` draws rows of the series ``event`` as thin rules named by ``label``, at
    their left where ``end`` says left.
    """
    layers = [
        line(s.series, s.colour, s.width, opacity=s.opacity, **_dash(s.dash)) for s in strokes
    ]
    if limit is not None:
        layers += _limit(limit)
    if label_room:
        layers += [mark for stroke in strokes for mark in _ends(stroke)]
    layers += _events() if events else []
    layers.append({"transform": only("hover"), **hover()})
    scale: Spec = {"type": "log", "nice": False} if log else {"nice": True, "zero": True}
    if top is not None:
        scale |= {"domainMax": top}
    axis = {**Y, "labelExpr": _LABELS[unit]} | ({"values": list(ticks)} if ticks else {})
    spec = base(
        height,
        layers,
        {
            "x": {
                "field": "t",
                "type": "temporal",
                "scale": {"type": "utc", "nice": False},
                "axis": {**X, "format": x_format, "tickCount": 7},
            },
            "y": {"field": "value", "type": "quantitative", "axis": axis, "scale": scale},
        },
    )
    spec["padding"] = {**spec["padding"], "right": label_room}
    return spec


def _dash(dash: Sequence[float]) -> Spec:
    return {"strokeDash": list(dash)} if dash else {}
