"""Every chart that can be had as a file: what a link's name stands for.

Each takes the link's parameters and draws the chart of the screen the link stood on, by the same
functions of ``vcanalytics.display``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final

import polars as pl

from vcanalytics import cached
from vcanalytics.alerts.drawn import course as drawn_course
from vcanalytics.analytics import search
from vcanalytics.analytics.changes import largest
from vcanalytics.cached import changes, course
from vcanalytics.cached import failures as cached_failures
from vcanalytics.display import (
    activity,
    failures,
    health,
    performance,
    prices,
    revenue,
    rhythm,
    states,
    strategies,
    system,
    takings,
)
from vcanalytics.display import changes as changed
from vcanalytics.display.picture import Picture
from vcanalytics.display.ranges import Against, Range
from vcanalytics.errors import UsageError
from vcanalytics.web import tables
from vcanalytics.web.asked import Asked

#: What of a search says in which order and on which page, not which payments.
_SHOWN_BY: Final = frozenset({"order", "page", "payment"})


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart, None where there is nothing to draw; and when its rows were read.

    ``view`` is what it shows, where that is not the link's range.
    """

    picture: Picture | None
    as_of: datetime
    view: Range | None = None


def _choice(asked: Asked, name: str, known: tuple[str, ...]) -> str:
    """One of ``known``, the first where the link names none."""
    chosen = asked.text(name) or known[0]
    if chosen not in known:
        raise UsageError(f"the {name} is one of {', '.join(known)}")
    return chosen


def _of(picture: Picture | None, name: str | None) -> Picture | None:
    """The picture with the one endpoint or host it is of beside its title."""
    if picture is None or not name:
        return picture
    return replace(picture, note=f"{picture.note}, {name}")


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


def _takings(asked: Asked) -> Drawn:
    view, code = asked.view, _currency(asked)

    def ask(span: Range | Against) -> cached.Answer:
        step = takings.step(span)
        return cached.takings(span.start, span.end, currency=code, step=step, seen=asked.seen)

    answer = ask(view)
    past = [
        takings.Before(series, span, ask(span).frame) for series, span in takings.compared(view)
    ]
    if not any(frame["captured"].sum() for frame in (answer.frame, *(one.frame for one in past))):
        return Drawn(None, answer.as_of)
    return Drawn(takings.so_far(answer.frame, past, view, code).picture, answer.as_of)


def _people(asked: Asked) -> Drawn:
    view = asked.view

    def ask(span: Range | Against) -> cached.Answer:
        return cached.activity.over_time(
            span.start,
            span.end,
            zone=view.zone_name,
            now=view.now,
            week_start=view.week_start,
            grain=asked.grain,
            seen=asked.seen,
        )

    answer, against = ask(view), view.against()
    past = None if against is None else ask(against).frame
    form = _choice(asked, "form", ("line", "bars"))
    return Drawn(activity.people(answer.frame, past, view, form), answer.as_of)


def _funnel(asked: Asked) -> Drawn:
    rows = tables.TABLES["funnel"](asked)
    return Drawn(activity.funnel(rows.frame, asked.view), rows.as_of)


def _of_host(asked: Asked, measures: tuple[str, ...]) -> cached.Answer:
    host = asked.text("host")
    return cached.system.over_time(
        asked.start,
        asked.end,
        measures=measures,
        hosts=(host,) if host else (),
        zone=asked.zone.key,
        week_start=cached.settings().week_start,
        now=asked.now,
        seen=asked.seen,
    )


def _cpu(asked: Asked) -> Drawn:
    whole = _choice(asked, "form", ("lines", "heat")) == "lines"
    answer = _of_host(asked, ("cpu_percent" if whole else "core_percent",))
    drawn = system.cpu if whole else system.cores
    return Drawn(_of(drawn(answer.frame, asked.view), asked.text("host")), answer.as_of)


def _memory(asked: Asked) -> Drawn:
    answer = _of_host(asked, ("memory_percent", "swap_percent", "disk_percent"))
    drawn = system.memory(answer.frame, asked.view)
    return Drawn(_of(drawn, asked.text("host")), answer.as_of)


def _network(asked: Asked) -> Drawn:
    answer = _of_host(asked, tuple(system.FLOWS))
    drawn = system.network(answer.frame, asked.view)
    return Drawn(_of(drawn, asked.text("host")), answer.as_of)


def _failures(asked: Asked) -> Drawn:
    view = asked.view
    found = cached_failures.over_time(
        view.start,
        view.end,
        zone=view.zone_name,
        now=view.now,
        grain=view.grain,
        week_start=view.week_start,
        seen=asked.seen,
    )
    return Drawn(failures.over_time(found.windows, found.counts, view), asked.now)


def _uptime(asked: Asked) -> Drawn:
    """Days of UTC up to today, whatever the range of the page."""
    found = cached.watch.strips(asked.now)
    days = [day.day for strip in found.values() for day in strip]
    if not days:
        return Drawn(None, asked.now)
    start = datetime.combine(min(days), time.min, UTC)
    end = datetime.combine(max(days), time.min, UTC) + timedelta(days=1)
    view = replace(asked.view, preset=None, start=start, end=end, zone_name="UTC")
    return Drawn(health.strips(found), asked.now, view)


def _alert_course(asked: Asked) -> Drawn:
    found = tables.alert(asked)
    answer = course.course(found, now=asked.now, seen=asked.seen)
    return Drawn(drawn_course(answer.frame, found, course.of(found), asked.view), answer.as_of)


def _states(asked: Asked) -> Drawn:
    rows = tables.TABLES["states"](asked)
    # What was searched for may be somebody's address: it is not said.
    chosen = any(asked.text(name) for name in search.KEYS if name not in _SHOWN_BY)
    drawn = states.picture(rows.frame, "of those searched for" if chosen else "")
    return Drawn(drawn, rows.as_of)


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
    "takings": _takings,
    "states": _states,
    "people": _people,
    "funnel": _funnel,
    "cpu": _cpu,
    "memory": _memory,
    "network": _network,
    "failures": _failures,
    "uptime": _uptime,
    "alert-course": _alert_course,
}
