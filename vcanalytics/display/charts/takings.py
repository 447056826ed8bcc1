"""Money over time: how much so far, how much per window, against before."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from vcanalytics.display.charts.base import Spec, X, Y, base, hover, line, only, role


@lru_cache(maxsize=16)
def so_far(height: int, x_format: str = "%H:%M") -> Spec:
    """How much so far: stepped line with a faint area, today ending in a dot at a dotted "now".

    Columns: ``t`` (wall ms), ``value``, ``series`` (subject, comparison, second, now, end),
    ``text`` (tooltip), ``label``.
    """
    stepped = {"interpolate": "step-after"}
    label = {"type": "text", "aria": False, "fontSize": 12, "dy": -10, "dx": -8, "align": "right"}
    return base(
        height,
        [
            {
                "transform": only("subject"),
                "mark": {"type": "area", "opacity": 0.07, "clip": True, "aria": False, **stepped},
                "encoding": {"color": role("subject")},
            },
            line("second", "comparison", 1.25, strokeDash=[1, 2.5], **stepped),
            line("comparison", "comparison", 1.5, **stepped),
            line("subject", "subject", 2.25, **stepped),
            {
                "transform": only("now"),
                "mark": {"type": "rule", "strokeDash": [1.5, 3], "strokeWidth": 1.5, "aria": False},
                "encoding": {"color": role("muted"), "y": None},
            },
            {
                "transform": only("now"),
                "mark": {"type": "text", "align": "left", "dx": 6, "dy": -7, "aria": False},
                "encoding": {
                    "color": role("muted"),
                    "text": {"field": "label"},
                    "y": {"value": height - 28},
                },
            },
            {
                "transform": only("end"),
                "mark": {"type": "point", "filled": True, "size": 48, "opacity": 1, "aria": False},
                "encoding": {"color": role("subject")},
            },
            {
                "transform": only("end"),
                "mark": {**label, "fontWeight": 600},
                "encoding": {"color": role("subject"), "text": {"field": "label"}},
            },
            {"transform": only("subject", "comparison"), **hover()},
        ],
        {
            "x": {
                "field": "t",
                "type": "temporal",
                "scale": {"type": "utc", "nice": False},
                "axis": {**X, "format": x_format, "tickCount": 8},
            },
            "y": {"field": "value", "type": "quantitative", "axis": Y, "scale": {"nice": True}},
        },
    )


#: What bars are drawn in, as near as the server can know: pixels of a panel, and of its marks.
_WIDTH_PX: Final = 690
_HATCH_PX: Final = 8
_BAND: Final = 0.7
#: A line over a bar is drawn in so many pieces: those that would leave the bar are left out.
_PIECES: Final = 5


def hatching(
    value: float, top: float, bars_shown: int, height: int
) -> list[tuple[str, float, float]]:
    """The lines over an open window's bar: (series, from, to) of each piece, about 45 degrees.

    ``top`` is the highest value of the chart. There is no pattern fill, and the server does not
    know the width: what is off is the angle.
    """
    per_px = top / height
    rise = _WIDTH_PX / max(bars_shown, 1) * _BAND / _PIECES * per_px
    step = _HATCH_PX * per_px
    if value <= 0:
        return []
    lines = []
    for piece in range(_PIECES):
        low = (piece * rise) % step
        while low + rise <= value:
            lines.append((f"hatch{piece}", low, low + rise))
            low += step
    return lines


def _hatched(piece: int) -> Spec:
    left = (1 - _BAND) / 2 + piece * _BAND / _PIECES
    return {
        "transform": only(f"hatch{piece}"),
        "mark": {"type": "rule", "strokeWidth": 1, "opacity": 0.7, "aria": False},
        "encoding": {
            "x": {"field": "label", "type": "ordinal", "bandPosition": left},
            "x2": {"field": "label", "bandPosition": left + _BAND / _PIECES},
            "y2": {"field": "to"},
            "color": role("subject"),
        },
    }


@lru_cache(maxsize=64)
def bars(height: int, ticks: tuple[str, ...]) -> Spec:
    """How much per window: bars, comparison as an ink tick, refunds below, the open one hatched.

    Columns: ``label`` (of the window, unique), ``value``, ``series`` (subject, refund, comparison,
    open, hatch0 and on), ``to`` (of a hatch), ``text`` (tooltip). ``ticks`` are the labels the axis
    shows.
    """
    bar = {"type": "bar", "clip": True, "width": {"band": _BAND}}
    # Of a layer without a row nothing could be said; the chart's own text says what it shows.
    unsaid = {**bar, "aria": False}
    return base(
        height,
        [
            {
                "transform": only("subject"),
                "mark": {**bar, "opacity": 0.84},
                "encoding": {"color": role("subject")},
            },
            {
                "transform": only("open"),
                "mark": {**unsaid, "opacity": 0.16},
                "encoding": {"color": role("subject")},
            },
            *(_hatched(piece) for piece in range(_PIECES)),
            {
                "transform": only("refund"),
                "mark": {**unsaid, "opacity": 0.84},
                "encoding": {"color": role("refund")},
            },
            {
                "transform": only("comparison"),
                "mark": {
                    "type": "tick",
                    "thickness": 2,
                    "width": {"band": _BAND},
                    "opacity": 0.84,
                    "aria": False,
                },
                "encoding": {"color": role("ink")},
            },
            {
                "mark": {"type": "rule", "strokeWidth": 1.5, "aria": False},
                "encoding": {"y": {"datum": 0}, "color": role("muted"), "x": None},
            },
            {
                "transform": only("open"),
                "mark": {"type": "text", "dy": -8, "fontSize": 12, "aria": False},
                "encoding": {"color": role("subject"), "text": {"value": "open"}},
            },
            {
                "transform": only("subject", "open"),
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
                "axis": {**X, "values": list(ticks), "labelAngle": 0},
                "scale": {"paddingInner": 0, "paddingOuter": 0.05},
            },
            "y": {"field": "value", "type": "quantitative", "axis": Y, "scale": {"nice": True}},
        },
    )


@lru_cache(maxsize=16)
def against_before(height: int, x_format: str) -> Spec:
    """The running total against that of the period before, both from their beginning.

    Columns: ``t`` (wall ms of the subject's windows), ``value``, ``series`` (subject, comparison,
    end, end_comparison), ``label``, ``text`` (of an end: ``early`` where there is no room before
    it, so that its label stands behind).
    """
    early = "datum.text === 'early'"
    text = {"type": "text", "aria": False, "align": "right", "fontSize": 12, "dx": -10}
    return base(
        height,
        [
            line("comparison", "comparison", 1.5),
            line("subject", "subject", 2.25),
            {
                "transform": only("end"),
                "mark": {"type": "point", "filled": True, "size": 48, "opacity": 1, "aria": False},
                "encoding": {"color": role("subject")},
            },
            {
                "transform": only("end"),
                "mark": {
                    **text,
                    "align": {"expr": f"{early} ? 'left' : 'right'"},
                    "dx": {"expr": f"{early} ? 10 : -10"},
                    "dy": -6,
                    "fontWeight": 600,
                },
                "encoding": {"color": role("subject"), "text": {"field": "label"}},
            },
            {
                "transform": only("end_comparison"),
                "mark": {**text, "dx": 0, "dy": 14},
                "encoding": {"color": role("muted"), "text": {"field": "label"}},
            },
            {"transform": only("subject", "comparison"), **hover()},
        ],
        {
            "x": {
                "field": "t",
                "type": "temporal",
                "scale": {"type": "utc", "nice": False},
                "axis": {**X, "format": x_format, "tickCount": 5},
            },
            "y": {"field": "value", "type": "quantitative", "axis": Y},
        },
    )
