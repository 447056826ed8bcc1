"""Days as strips: a bar a day, how it was said by its colour and by its height."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from vcanalytics.display.charts.base import AXIS, ROLES, Spec, base

_ROW_PX: Final = 27
_AXIS_PX: Final = 26


@lru_cache(maxsize=64)
def strips(rows: tuple[str, ...], days: int, ticks: tuple[tuple[int, str], ...]) -> Spec:
    """A row a name, a bar a day.

    Columns: ``name`` (one of ``rows``, the first on top), ``day`` (0 to ``days`` - 1, the last is
    today), ``role``, ``high_px`` (at most 18), ``text`` (tooltip). ``ticks`` are the days that the
    axis names.
    """
    labels = "".join(f"datum.value == {day} ? '{text}' : " for day, text in ticks) + "''"
    bars = {
        "transform": [{"calculate": "datum.day + 0.8", "as": "end"}],
        "mark": {"type": "bar", "clip": True, "opacity": 0.84},
        "encoding": {
            "x2": {"field": "end"},
            "size": {"field": "high_px", "type": "quantitative", "scale": None},
            "color": {"field": "role", "type": "nominal", "scale": {"domain": list(ROLES)}},
            "tooltip": {"field": "text", "type": "nominal"},
        },
    }
    return base(
        _ROW_PX * len(rows) + _AXIS_PX,
        [bars],
        {
            "x": {
                "field": "day",
                "type": "quantitative",
                "scale": {"domain": [0, days], "nice": False, "zero": False},
                "axis": {
                    **AXIS,
                    "grid": False,
                    "values": [day for day, _ in ticks],
                    "labelExpr": labels,
                    "labelFlush": True,
                },
            },
            "y": {
                "field": "name",
                "type": "ordinal",
                "sort": None,
                "scale": {"domain": list(rows)},
                "axis": {**AXIS, "grid": False, "labelLimit": 220},
            },
        },
    )
