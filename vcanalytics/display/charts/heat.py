"""How often, in two directions: a cell a window and band, or an hour and weekday."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from vcanalytics.display.charts.base import AXIS, ROLES, Spec, base

#: The roles live in the second layer here: the cells' own colours are steps of one hue.
_MUTED: Final = {"expr": "scale('layer_1_color','muted')"}
_QUIET: Final[Spec] = {**AXIS, "grid": False, "labelColor": _MUTED}


def _cells(height: int, x: Spec, y: Spec, scale: Spec) -> Spec:
    spec = base(
        height,
        [
            {
                "mark": {"type": "rect", "cornerRadius": 2},
                "encoding": {
                    "color": {
                        "field": "value",
                        "type": "quantitative",
                        "scale": scale,
                    },
                    "tooltip": {"field": "text", "type": "nominal"},
                },
            },
            {
                # Nothing is seen of it: it brings the roles, by which the axis takes its colour.
                "mark": {"type": "text", "text": "", "aria": False},
                "encoding": {"color": {"datum": "muted", "scale": {"domain": list(ROLES)}}},
            },
        ],
        {"x": x, "y": y},
    )
    return spec | {"resolve": {"scale": {"color": "independent"}}}


def _axis(kept: tuple[str, ...], **more: Any) -> Spec:
    return {**_QUIET, "values": list(kept), "labelAngle": 0, **more}


@lru_cache(maxsize=32)
def cells(
    height: int,
    columns: tuple[str, ...],
    rows: tuple[str, ...],
    *,
    x_ticks: tuple[str, ...],
    y_ticks: tuple[str, ...],
    top: float | None = None,
) -> Spec:
    """A grid of counts, whose colour goes by the square root; or of shares of ``top``.

    Columns: ``x`` (one of ``columns``), ``y`` (one of ``rows``, the first on top), ``value``,
    ``text`` (tooltip). ``x_ticks`` and ``y_ticks`` are those that the axes name.
    """
    band = {"paddingInner": 0.1, "paddingOuter": 0}
    return _cells(
        height,
        {
            "field": "x",
            "type": "ordinal",
            "sort": None,
            "scale": {**band, "domain": list(columns)},
            "axis": _axis(x_ticks, labelOverlap=True, labelFlush=True),
        },
        {
            "field": "y",
            "type": "ordinal",
            "sort": None,
            "scale": {**band, "domain": list(rows)},
            "axis": _axis(y_ticks),
        },
        {"type": "sqrt", "zero": True} if top is None else {"domain": [0, top]},
    )
