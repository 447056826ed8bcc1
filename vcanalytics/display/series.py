"""Windows as the rows of ``charts.trend``: points, ends with their words kept apart, tooltips."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import polars as pl

from vcanalytics.display import charts
from vcanalytics.display.charts import Limit
from vcanalytics.display.ranges import Range

#: Words closer than this at a chart's right side would lie over each other.
_APART_PX: Final = 13.0
_SCHEMA: Final = {
    "t": pl.Float64,
    "value": pl.Float64,
    "series": pl.String,
    "end": pl.String,
    "label": pl.String,
    "dy": pl.Float64,
    "text": pl.String,
}
#: (start, end, value) of a window; a value of None breaks the line.
Window = tuple[datetime, datetime, float | None]
Point = tuple[float, float | None, str, str, str, float, str]


def points(
    windows: Iterable[Window], view: Range, name: str, label: str | None = None
) -> list[Point]:
    """One line: a point a window; the last with a value is its end, with ``label`` (its name).

    With an empty label it has no end: another line goes on from there.
    """
    label = name if label is None else label
    found = list(windows)
    last = max((i for i, window in enumerate(found) if window[2] is not None), default=-1)
    rows: list[Point] = []
    for i, (start, end, value) in enumerate(found):
        is_end = i == last and label
        at = "" if not is_end else "open" if end > view.now else "closed"
        word = label if is_end else ""
        rows.append((charts.wall_ms(start, view.zone), value, name, at, word, 0.0, ""))
    return rows


def hovers(texts: Mapping[datetime, str], view: Range) -> list[Point]:
    """A tooltip a window."""
    return [
        (charts.wall_ms(start, view.zone), None, "hover", "", "", 0.0, text)
        for start, text in texts.items()
    ]


def events(moments: Iterable[tuple[datetime, str]], view: Range) -> list[Point]:
    """Named moments, the words of each a line lower; at the left where the view ends soon."""
    last = view.end - (view.end - view.start) / 3
    return [
        (
            charts.wall_ms(at, view.zone),
            None,
            "event",
            "left" if at > last else "",
            name,
            _APART_PX * place,
            "",
        )
        for place, (at, name) in enumerate(moments)
    ]


def table(
    rows: Sequence[Point],
    *,
    height: int,
    top: float | None = None,
    log: bool = False,
    limit: Limit | None = None,
) -> pl.DataFrame:
    """The rows as ``charts.trend`` takes them; words at line ends that would collide are moved.

    ``top``, ``log`` and ``limit`` as the chart has them: the scale reaches to its limit too.
    """
    ends = [(i, row[1]) for i, row in enumerate(rows) if row[4] and row[1] is not None]
    shown = [row[1] for row in rows if row[1] is not None]
    shown += [limit.value] if limit is not None else []
    high = top if top is not None else max(shown, default=1.0)
    low = min(shown, default=0.0) if log else 0.0
    moved = _apart([(i, _pixel(value, low, high, height, log=log)) for i, value in ends])
    return pl.DataFrame(
        [(*row[:5], moved.get(i, row[5]), row[6]) for i, row in enumerate(rows)],
        schema=_SCHEMA,
        orient="row",
    )


def _pixel(value: float, low: float, high: float, height: int, *, log: bool) -> float:
    """How far below the top a value is drawn."""
    if log:
        value, low, high = (math.log(max(v, 1e-9)) for v in (value, low, high))
    return height * (high - value) / (high - low) if high > low else 0.0


def _apart(places: Sequence[tuple[int, float]]) -> dict[int, float]:
    """By how many pixels each word is moved down, from the top one to the lowest."""
    moved: dict[int, float] = {}
    free = -math.inf
    for i, pixel in sorted(places, key=lambda place: place[1]):
        at = max(pixel, free)
        moved[i] = at - pixel
        free = at + _APART_PX
    # Moved up together by half of what the lowest was moved down: nearer to their lines.
    back = max(moved.values(), default=0.0) / 2
    return {i: dy - back for i, dy in moved.items()}
