"""Takings as they add up, as paths and labels: what a browser can draw without any script.

It looks as the chart of the page does (``display.charts.so_far``), which takes its place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

import polars as pl

#: Units of the drawing: across, and down.
WIDE: Final = 2_000
DEEP: Final = 2_000
_EVERY_MS: Final = 3 * 3_600_000
_Rows: TypeAlias = Sequence[tuple[float, float, str]]


@dataclass(frozen=True, slots=True)
class Sketch:
    """Paths by what they are; labels with where they stand, as shares from the left and the top."""

    paths: tuple[tuple[str, str], ...]
    heights: tuple[tuple[float, str], ...]
    times: tuple[tuple[float, str], ...]
    now: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True)
class _Scale:
    start: float
    length: float
    top: float

    def share(self, t: float) -> float:
        return round((t - self.start) / self.length, 4)

    def at(self, t: float, value: float) -> tuple[int, int]:
        return round(self.share(t) * WIDE), round(DEEP * (1 - value / self.top))

    def stepped(self, rows: _Rows) -> str:
        # The last of those that share a place.
        (x, y), *rest = dict(self.at(t, value) for t, value, _ in rows).items()
        return f"M{x} {y}" + "".join(f"H{x}V{y}" for x, y in rest)


def of(data: pl.DataFrame) -> Sketch:
    """The sketch of ``display.takings.so_far``'s rows, of which some have a value above 0."""
    lines: dict[str, _Rows] = {
        str(name): rows.select("t", "value", "label").rows()
        for (name,), rows in data.partition_by("series", as_dict=True).items()
    }
    times = data["t"].to_list()
    highest = max(data["value"].to_list())
    nice = step(highest, 10)
    scale = _Scale(
        min(times), max(max(times) - min(times), 1.0), math.ceil(highest / nice - 1e-9) * nice
    )
    each = step(highest, 4)
    rounds = [each * number for number in range(int(scale.top / each + 1e-9) + 1)]
    ticks = range(int(scale.length // _EVERY_MS) + 1)
    return Sketch(
        tuple(_paths(scale, lines, rounds)),
        tuple((round(1 - value / scale.top, 4), short(value)) for value in rounds),
        tuple(_times(scale, (scale.start + _EVERY_MS * number for number in ticks))),
        tuple((scale.share(t), label) for t, _, label in lines.get("now", ())),
    )


def _paths(
    scale: _Scale, lines: Mapping[str, _Rows], rounds: Sequence[float]
) -> Iterable[tuple[str, str]]:
    for value in rounds:
        yield "grid", f"M0 {scale.at(scale.start, value)[1]}H{WIDE}"
    own = scale.stepped(lines["subject"])
    yield "area", f"{own}V{DEEP}H0Z"
    for name in ("second", "comparison"):
        if name in lines:
            yield name, scale.stepped(lines[name])
    yield "subject", own
    for t, _, _ in lines.get("now", ()):
        yield "now", f"M{scale.at(t, 0)[0]} 0V{DEEP}"
    for t, value, _ in lines.get("end", ()):
        x, y = scale.at(t, value)
        # No longer than a point: its round ends are a dot.
        yield "end", f"M{x} {y}h0"


def _times(scale: _Scale, moments: Iterable[float]) -> Iterable[tuple[float, str]]:
    """Times come as the zone's wall clock, in milliseconds."""
    for t in moments:
        yield scale.share(t), f"{datetime.fromtimestamp(t / 1000, UTC):%H:%M}"


def step(top: float, count: int) -> float:
    """About so many steps up to ``top``: 1, 2 or 5 times a power of ten, as Vega chooses them."""
    power = 10.0 ** math.floor(math.log10(top / count))
    error = top / count / power
    factors = ((math.sqrt(50), 10), (math.sqrt(10), 5), (math.sqrt(2), 2))
    return power * next((factor for least, factor in factors if error >= least), 1)


def short(value: float) -> str:
    """``6k``, as the chart's axis has it."""
    for size, sign in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{sign}"
    return f"{value:g}"
