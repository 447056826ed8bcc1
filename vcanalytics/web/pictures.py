"""Every chart that can be had as a file: what a link's name stands for.

Each takes the link's parameters and draws the chart of the screen the link stood on, by the same
functions of ``vcanalytics.display``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics import cached
from vcanalytics.analytics.changes import largest
from vcanalytics.cached import changes, notes
from vcanalytics.display import changes as changed
from vcanalytics.display import performance, prices, revenue, rhythm, strategies
from vcanalytics.display.noted import upon
from vcanalytics.display.picture import Picture, caption
from vcanalytics.display.ranges import Against, Range
from vcanalytics.errors import StoreError, UsageError
from vcanalytics.model.notes import Note
from vcanalytics.pictures.asking import Sheet, draw
from vcanalytics.pictures.theme import THEMES, Theme
from vcanalytics.web import tables
from vcanalytics.web.asked import Asked


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart, None where there is nothing to draw; and when its rows were read."""

    picture: Picture | None
    as_of: datetime


def _choice(asked: Asked, name: str, known: tuple[str, ...]) -> str:
    """One of ``known``, the first where the link names none."""
    chosen = asked.text(name) or known[0]
    if chosen not in known:
        raise UsageError(f"the {name} is one of {', '.join(known)}")
    return chosen


def _currency(asked: Asked) -> str:
    return asked.text("currency") or cached.settings().currency


def _windows(asked: Asked, span: Range | Against) -> tuple[pl.DataFrame, datetime]:
    answer = cached.revenue(
        span.start,
        span.end,
        grain=asked.grain,
        zone=asked.zone.key,
        week_start=cached.settings().week_start,
        now=asked.now,
        seen=asked.seen,
    )
    return answer.frame.filter(pl.col("currency") == _currency(asked)), answer.as_of


def _past(asked: Asked, view: Range) -> pl.DataFrame | None:
    against = view.against()
    return None if against is None else _windows(asked, against)[0]


def _revenue(asked: Asked) -> Drawn:
    view = asked.view
    windows, as_of = _windows(asked, view)
    if revenue.silent(revenue.begun(windows, view)):
        return Drawn(None, as_of)
    return Drawn(revenue.bars(windows, _past(asked, view), view, _currency(asked)), as_of)


def _cumulative(asked: Asked) -> Drawn:
    view = asked.view
    windows, as_of = _windows(asked, view)
    return Drawn(revenue.cumulative(windows, _past(asked, view), view, _currency(asked)), as_of)


def _changes(asked: Asked) -> Drawn:
    rows = tables.TABLES["changes"](asked)
    parts = largest(rows.frame, changed.SHOWN)
    by = asked.text("by") or changes.DEFAULT
    picture = changed.picture(parts, by, _currency(asked)) if parts.height else None
    return Drawn(picture, rows.as_of)


def _hours(asked: Asked) -> Drawn:
    rows = tables.TABLES["hours"](asked)
    return Drawn(rhythm.takings(rows.frame, asked.view, _currency(asked)), rows.as_of)


def _price_points(asked: Asked) -> Drawn:
    code = _currency(asked)
    answer = cached.price_points(asked.start, asked.until, currency=code, seen=asked.seen)
    return Drawn(prices.picture(answer.frame, code), answer.as_of)


def _rhythm(asked: Asked) -> Drawn:
    rows = tables.TABLES["rhythm"](asked)
    if not rows.frame["events"].sum():
        return Drawn(None, rows.as_of)
    form = _choice(asked, "form", ("polar", "heat"))
    drawn = {"polar": rhythm.clock, "heat": rhythm.week}[form]
    return Drawn(drawn(rows.frame, asked.view), rows.as_of)


def _response_times(asked: Asked) -> Drawn:
    view, kind = asked.view, asked.kind.value
    answer = cached.response_times(
        view.start,
        view.end,
        kind=kind,
        endpoint=asked.text("endpoint"),
        zone=view.zone_name,
        week_start=view.week_start,
        now=view.now,
        seen=asked.seen,
    )
    measure = _choice(asked, "measure", tuple(performance.MEASURES))
    note = f"{performance.window(answer.frame)} windows, {asked.text('endpoint') or 'all'}"
    drawn = performance.over_time(answer.frame, view, kind=kind, measure=measure, note=note)
    return Drawn(drawn, answer.as_of)


def _distribution(asked: Asked) -> Drawn:
    view, kind = asked.view, asked.kind.value
    answer = cached.response_heat(
        view.start,
        view.end,
        kind=kind,
        endpoint=asked.text("endpoint"),
        zone=view.zone_name,
        week_start=view.week_start,
        now=view.now,
        seen=asked.seen,
    )
    starts = cached.heat_windows(
        view.start, view.end, zone=view.zone_name, week_start=view.week_start
    )
    form = _choice(asked, "form", ("heat", "bars"))
    return Drawn(performance.spread(answer.frame, starts, view, kind=kind, form=form), answer.as_of)


def _strategies(asked: Asked) -> Drawn:
    answer = cached.strategies(asked.start, asked.until, seen=asked.seen)
    form = _choice(asked, "form", ("bars", "doughnut"))
    return Drawn(strategies.picture(answer.frame, form), answer.as_of)


PICTURES: Final[dict[str, Callable[[Asked], Drawn]]] = {
    "revenue": _revenue,
    "cumulative": _cumulative,
    "changes": _changes,
    "hours": _hours,
    "price-points": _price_points,
    "rhythm": _rhythm,
    "response-times": _response_times,
    "distribution": _distribution,
    "strategies": _strategies,
}


@dataclass(frozen=True, slots=True)
class Framed:
    """A chart with what its file says besides."""

    picture: Picture
    view: Range
    as_of: datetime
    theme: Theme

    @property
    def start(self) -> datetime:
        return self.view.start

    @property
    def end(self) -> datetime:
        return self.view.end

    @property
    def zone(self) -> ZoneInfo:
        return self.view.zone

    def drawn(self, form: str) -> bytes:
        """The file itself. Raises as ``pictures.draw`` does."""
        sheet = Sheet(self.picture, caption(self.view, self.as_of))
        return draw(sheet, "svg" if form == "svg" else "png", self.theme)


def picture(name: str, params: Mapping[str, str]) -> Framed:
    """The chart a link asks for.

    Raises UsageError for a name or a parameter that is none, and where there is nothing to draw.
    """
    if name not in PICTURES:
        raise UsageError(f"there is no picture {name!r}")
    asked = Asked.read(params)
    theme = params.get("theme", "light")
    if theme not in THEMES:
        raise UsageError(f"the theme is {' or '.join(THEMES)}")
    drawn = PICTURES[name](asked)
    if drawn.picture is None:
        raise UsageError("there is nothing to draw in this range")
    view = asked.view
    noted = upon(drawn.picture, _notes(view), view)
    return Framed(noted, view, drawn.as_of, "dark" if theme == "dark" else "light")


def _notes(view: Range) -> tuple[Note, ...]:
    try:
        return notes.within(view.start, view.end)
    except StoreError:
        # As on pages: Health says that the journal cannot be read.
        return ()
