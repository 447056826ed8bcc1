"""Takings as they add up, as a picture: the range so far, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

import polars as pl

from vcanalytics.display import charts, formats
from vcanalytics.display.picture import Key, Mark, Picture
from vcanalytics.display.ranges import Against, Range

#: As high as what stands beside it.
_HEIGHT: Final = 206
#: More steps than a line across a page can be told apart in.
_STEPS: Final = 1_440
_MARKS: Final[tuple[Mark, ...]] = ("line", "dots")
_SERIES: Final = {
    "t": pl.Float64,
    "value": pl.Float64,
    "series": pl.String,
    "label": pl.String,
    "text": pl.String,
}


class Before(NamedTuple):
    """What a range is compared with: its series, its span, and its answer of takings."""

    series: str
    span: Against
    frame: pl.DataFrame


class SoFar(NamedTuple):
    """The picture, the sum so far, and by name what had come together by then before."""

    picture: Picture
    total: Decimal
    before: tuple[tuple[str, Decimal], ...]


def title(view: Range) -> str:
    """What the chart is called."""
    return f"Takings {view.name.lower()}" if view.preset else "Takings"


def step(span: Range | Against) -> timedelta:
    """Steps enough for a line of a thousand pixels, however long the range."""
    return max(timedelta(minutes=1), (span.end - span.start) / _STEPS)


def compared(view: Range) -> list[tuple[str, Against]]:
    """The spans that are drawn behind the range, by their series; of a day also last week's."""
    kinds = [view.compare] if view.compare != "none" else []
    if view.compare == "previous" and view.preset in {"today", "yesterday"}:
        kinds.append("week")
    found = []
    for kind, series in zip(kinds, ("comparison", "second"), strict=False):
        against = view.against(kind)
        if against is not None:
            found.append((series, against))
    return found


def of(ask: Callable[[Range | Against], pl.DataFrame], view: Range, currency: str) -> SoFar:
    """``so_far`` of what ``ask`` answers for a span: takings by its ``step``."""
    past = [Before(series, span, ask(span)) for series, span in compared(view)]
    return so_far(ask(view), past, view, currency)


def so_far(frame: pl.DataFrame, past: Sequence[Before], view: Range, currency: str) -> SoFar:
    """How much so far, with what it is compared with behind it.

    Frames are of ``analytics.takings.takings``, by ``step`` of their spans.
    """
    # What is taken is taken: the subject's open step counts whole.
    rows, total = _running(frame, view, "subject", view.name, currency, view.start, view.end)
    rows.append(_end(view.until, total, "subject", view, view.start))
    before: list[tuple[str, Decimal]] = []
    keys = []
    for (series, span, found), mark in zip(past, _MARKS, strict=False):
        more, by_then = _running(found, view, series, span.label, currency, span.start, span.until)
        whole = sum(found["gross"], Decimal(0))
        rows += [*more, _end(span.end, whole, series, view, span.start)]
        keys.append(Key(span.label, "comparison", mark))
        if span.whole:
            before.append((span.label, by_then))
    if view.open:
        t = charts.wall_ms(view.until, view.zone)
        clock = formats.clock(view.until, view.zone, seconds=False)
        rows.append((t, float(total), "end", view.name, ""))
        rows.append((t, 0.0, "now", f"{clock} now", ""))
    clock = formats.clock(view.until, view.zone, seconds=False)
    picture = Picture(
        title(view),
        f"{currency}, gross",
        f"{title(view)}: {formats.money(total, currency)} by {clock}",
        pl.DataFrame(rows, schema=_SERIES, orient="row"),
        charts.so_far(_HEIGHT, view.axis_format),
        (Key(view.name if view.preset else "this range", "subject", "line"), *keys),
        timed=True,
    )
    return SoFar(picture, total, tuple(before))


def _at_ms(at: datetime, view: Range, start: datetime) -> float:
    """Where a moment of a span that begins at ``start`` lies on the range's axis."""
    shift = charts.wall_ms(view.start, view.zone) - charts.wall_ms(start, view.zone)
    return charts.wall_ms(at, view.zone) + shift


def _end(
    at: datetime, total: Decimal, series: str, view: Range, start: datetime
) -> tuple[Any, ...]:
    return _at_ms(at, view, start), float(total), series, "", ""


def _running(
    frame: pl.DataFrame,
    view: Range,
    series: str,
    name: str,
    currency: str,
    start: datetime,
    until: datetime,
) -> tuple[list[tuple[Any, ...]], Decimal]:
    """One running total laid over the range's days, and its sum before ``until``."""
    rows: list[tuple[Any, ...]] = [(_at_ms(start, view, start), 0.0, series, "", "")]
    total = so_far = Decimal(0)
    for at, gross in frame.select("step_start", "gross").iter_rows():
        total += gross
        if at < until:
            so_far = total
        when = formats.moment(at, view.zone, view.now)
        text = f"{name}, {when}: {formats.money(total, currency)}"
        rows.append((_at_ms(at, view, start), float(total), series, "", text))
    return rows, so_far
