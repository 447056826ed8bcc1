"""How components were, day by day, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl

from vcanalytics.display import charts, formats, words
from vcanalytics.display.picture import Key, Picture

_DAYS: Final = {
    "critical": ("critical", 9),
    "warning": ("warning", 14),
    "healthy": ("good", 18),
    "unknown": ("grid", 4),
}
#: Less of a day than one round is no state of it.
_ROUND_S: Final = 30.0


def strips(found: Mapping[str, Sequence[Any]]) -> Picture | None:
    """The days of each component as a strip, with its uptime; None where none is known.

    Days are those of ``journal.components``, as many of each component.
    """
    if not found:
        return None
    rows: list[tuple[str, int, str, int, str]] = []
    labels: list[str] = []
    for name, strip in found.items():
        known = sum(day.known_s for day in strip)
        up = sum(day.healthy_s + day.warning_s for day in strip)
        uptime = formats.percent(100.0 * up / known, 2 if up < known else 0) if known else ""
        label = f"{words.component(name)}  {uptime}".strip()
        labels.append(label)
        for number, day in enumerate(strip):
            state = _state(day)
            role, high = _DAYS[state]
            rows.append((label, number, role, high, _spoken(day, state)))
    count = len(next(iter(found.values())))
    first = next(iter(found.values()))[0].day
    data = pl.DataFrame(rows, schema=["name", "day", "role", "high_px", "text"], orient="row")
    marks = ((0, f"{first:%-d %b}"), (count // 2, ""), (count, "today"))
    return Picture(
        f"Last {count} days",
        "uptime, days of UTC",
        "Uptime of each component, a bar a day: " + ", ".join(labels[:6]),
        data,
        charts.strips(tuple(labels), count, marks),
        (
            Key("healthy", "good"),
            Key("warning", "warning"),
            Key("critical", "critical"),
            Key("nobody watched", "comparison"),
        ),
    )


def _state(day: Any) -> str:
    for name in ("critical", "warning", "healthy"):
        if getattr(day, f"{name}_s") >= _ROUND_S:
            return name
    return "healthy" if day.healthy_s else "unknown"


def _spoken(day: Any, state: str) -> str:
    parts = [
        f"{name} {formats.duration(seconds)}"
        for name in ("critical", "warning", "healthy", "unknown")
        if (seconds := getattr(day, f"{name}_s")) >= 1
    ]
    return f"{day.day:%-d %b}: " + (", ".join(parts) if parts else f"{state}, not watched")
