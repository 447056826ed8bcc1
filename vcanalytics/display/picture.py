"""A chart as it stands on a page, in a file and in a report: the very same data and drawing.

Functions of the modules beside this one make them of answers, a module a subject. They ask nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal

import polars as pl

from vcanalytics.display import formats
from vcanalytics.display.charts import Spec
from vcanalytics.display.ranges import Range, at_midnight

Mark = Literal["square", "line", "dots", "open"]
#: How a key is written where there is only text.
SIGNS: Final[dict[Mark, str]] = {
    "square": "\u25a0",
    "line": "\u2014",
    "dots": "\u00b7\u00b7\u00b7",
    "open": "\u25a8",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One word of a legend: its mark, the role of its colour, and what it means.

    Of a part of one whole also its figure, and its share.
    """

    words: str
    role: str
    mark: Mark = "square"
    figure: str = ""
    share: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A chart: ``data`` drawn by ``spec``, its title, its unit, and what it shows in words.

    ``note`` is the unit or what else stands beside the title; ``alt`` the finding; ``legend`` the
    line of swatches below. Notes are laid over charts whose ``x`` is time (``timed``): on the axis,
    or on the ``windows`` (label, start, end) of bars.
    """

    title: str
    note: str
    alt: str
    data: pl.DataFrame
    spec: Spec
    legend: tuple[Key, ...] = ()
    timed: bool = False
    windows: tuple[tuple[str, datetime, datetime], ...] | None = None


def columns_of(
    names: Mapping[datetime, str], view: Range
) -> tuple[tuple[str, datetime, datetime], ...]:
    """The windows of columns that are named by their start, each as long as to the next."""
    if not names:
        return ()
    edges = pairwise([*names, max(view.end, list(names)[-1])])
    return tuple((name, *edge) for name, edge in zip(names.values(), edges, strict=True))


def caption(view: Range, as_of: datetime) -> str:
    """The range, zone and as-of of a picture that leaves its page: all of it with the year."""
    zone = view.zone
    if at_midnight(view.start, zone) and at_midnight(view.end, zone):
        last = view.end - timedelta(microseconds=1)
        first, until = (formats.day(end, zone, year=True) for end in (view.start, last))
        span = first if first == until else f"{first} to {until}"
    else:
        span = f"{_stamp(view.start, view)} to {_stamp(view.end, view)}"
    so_far = ", not over yet" if view.start <= as_of < view.end else ""
    return f"{span}{so_far} \u00b7 {view.zone_name} \u00b7 as of {formats.full(as_of, zone)}"


def _stamp(instant: datetime, view: Range) -> str:
    day = formats.day(instant, view.zone, year=True)
    return f"{day}, {formats.clock(instant, view.zone, seconds=False)}"
