"""Notes laid over a chart: a thin rule with its name above the plot, a span as a pale band.

They bring their own rows and go by the chart's own axis without stretching it: their places are
worked out where the chart is drawn, from the scale that its data made.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, NamedTuple

from vcanalytics.display.charts.base import ROLES, Spec

#: Between the lines of names above a plot.
LINE_PX: Final = 14
#: Room between the plot and the lowest line of names.
_FOOT_PX: Final = 3
_BAND_OPACITY: Final = 0.12
_TOUCHED_PX: Final = 9


class Mark(NamedTuple):
    """One note on one chart.

    ``at`` and ``until`` are the chart's own ``x``: wall ms, or the label of a window, within which
    ``share`` and ``until_share`` (0 to 1) say how far on it is. ``until`` is None of a moment.
    ``name`` stands above the plot, ``line`` lines up, at the rule's ``side``; where it is empty,
    the rule stands alone.
    """

    at: float | str
    share: float
    until: float | str | None
    until_share: float
    role: str
    text: str
    name: str
    line: int
    side: Literal["left", "right"]


def with_notes(spec: Spec, marks: tuple[Mark, ...]) -> Spec:
    """``spec`` with ``marks`` laid over it; the same specification where there are none.

    Needs an ``x`` that is temporal or ordinal. What it was is left as it was: others share it.
    """
    if not marks:
        return spec
    bands, rules = _layers(marks)
    if "resolve" in spec:
        # A heat map finds its colours by the numbers of its layers, and hides what lies below.
        bands, rules = [], [*bands, *rules]
    return {**spec, "layer": [*bands, *spec["layer"], *rules]}


@lru_cache(maxsize=128)
def _layers(marks: tuple[Mark, ...]) -> tuple[list[Spec], list[Spec]]:
    """What lies under the chart's own marks, and what over them."""
    banded = isinstance(marks[0].at, str)
    x = _place("at", "share", banded=banded)
    rows = [
        {
            "at": mark.at,
            "share": mark.share,
            "role": mark.role,
            "name": mark.name,
            "text": mark.text,
            "up": _FOOT_PX + mark.line * LINE_PX,
            "top": _FOOT_PX + (mark.line + 1) * LINE_PX if mark.name else 0,
            "side": mark.side,
        }
        for mark in marks
    ]
    data = {"values": rows}
    colour: Spec = {"field": "role", "type": "nominal", "scale": {"domain": list(ROLES)}}
    tooltip: Spec = {"field": "text", "type": "nominal"}
    rule: Spec = {
        "x": {"value": {"expr": x}},
        "y": {"value": {"expr": "-datum.top"}},
        "y2": {"value": "height"},
    }
    over: list[Spec] = [
        {
            "data": data,
            "mark": {"type": "rule", "strokeWidth": 1, "aria": False},
            "encoding": {**rule, "color": colour},
        },
        {
            "data": data,
            "mark": {"type": "rule", "strokeWidth": _TOUCHED_PX, "opacity": 0, "aria": False},
            "encoding": {**rule, "tooltip": tooltip},
        },
        {"data": data, **_names(x, colour, tooltip)},
    ]
    spans = [mark for mark in marks if mark.until is not None]
    under = [_bands(spans, colour, banded=banded)] if spans else []
    return under, over


def _place(field: str, share: str, *, banded: bool) -> str:
    """Where on the axis: what is newer than the newest point stands at the right end."""
    within = f" + bandwidth('x') * datum.{share}" if banded else ""
    return f"clamp(scale('x', datum.{field}){within}, 0, width)"


def _names(x: str, colour: Spec, tooltip: Spec) -> Spec:
    left = "datum.side === 'left'"
    return {
        "mark": {
            "type": "text",
            "align": {"expr": f"{left} ? 'right' : 'left'"},
            "baseline": "bottom",
            "dx": {"expr": f"{left} ? -4 : 4"},
            "fontSize": 12,
            # Whatever the width is, no name makes the chart smaller: it ends in dots.
            "limit": {"expr": f"max(1, ({left} ? {x} : width - {x}) - 4)"},
            "aria": False,
        },
        "encoding": {
            "x": {"value": {"expr": x}},
            "y": {"value": {"expr": "-datum.up"}},
            "text": {"field": "name"},
            "color": colour,
            "tooltip": tooltip,
        },
    }


def _bands(spans: list[Mark], colour: Spec, *, banded: bool) -> Spec:
    rows = [
        {
            "at": mark.at,
            "share": mark.share,
            "until": mark.until,
            "until_share": mark.until_share,
            "role": mark.role,
        }
        for mark in spans
    ]
    return {
        "data": {"values": rows},
        "mark": {"type": "rect", "opacity": _BAND_OPACITY, "aria": False},
        "encoding": {
            "x": {"value": {"expr": _place("at", "share", banded=banded)}},
            "x2": {"value": {"expr": _place("until", "until_share", banded=banded)}},
            "y": {"value": 0},
            "y2": {"value": "height"},
            "color": colour,
        },
    }
