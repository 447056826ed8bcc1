"""What the watchman found, its breakers, and errors by message: what Health shows.

Components and breakers are read from the journal each time it was written, and are not cached
besides. Where it cannot be read, what was read last stands, with its age.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl
import streamlit as st

from vcanalytics import breakers as _breakers
from vcanalytics import logbook
from vcanalytics.analytics import logs as _logs
from vcanalytics.breakers import BreakerState, listed
from vcanalytics.cached.console import (
    Answer,
    Version,
    answer,
    minute,
    open_console,
    settings,
    version,
)
from vcanalytics.cached.regions import HEALTH
from vcanalytics.errors import StoreError
from vcanalytics.health import view as _view
from vcanalytics.health.view import HealthView, Overview
from vcanalytics.journal import Journal
from vcanalytics.journal.components import Day
from vcanalytics.model.health import Status

__all__ = [
    "GROUPS_MAX",
    "Watched",
    "breaker_table",
    "breakers",
    "components",
    "errors",
    "journal",
    "listed",
    "reset_breaker",
    "strips",
    "uptime",
    "watched",
]

#: Rows on a screen of what may be any number.
GROUPS_MAX: Final = 500
_INSTANT: Final = pl.Datetime("us", "UTC")
_COMPONENTS: Final = pl.Schema(
    {
        "component": pl.String(),
        "status": pl.String(),
        "since": _INSTANT,
        "what": pl.String(),
        "hint": pl.String(),
        "checked_at": _INSTANT,
        "data_at": _INSTANT,
    }
)
_UPTIME: Final = pl.Schema(
    {"component": pl.String(), "day": pl.Date(), "uptime": pl.Float64()}
    | {f"{name}_s": pl.Float64() for name in ("healthy", "warning", "critical", "unknown")}
)
_BREAKERS: Final = pl.Schema(
    {
        "breaker": pl.String(),
        "state": pl.String(),
        "failures": pl.Int64(),
        "opened_at": _INSTANT,
        "next_try_at": _INSTANT,
        "last_error": pl.String(),
        "last_error_at": _INSTANT,
        "reset_by": pl.String(),
        "reset_at": _INSTANT,
    }
)
_ERRORS: Final = pl.Schema(
    {
        "source": pl.String(),
        "level": pl.String(),
        "component": pl.String(),
        "message": pl.String(),
        "example": pl.String(),
        "count": pl.Int64(),
        "first_at": _INSTANT,
        "last_at": _INSTANT,
    }
)


@dataclass(frozen=True, slots=True)
class Watched:
    """The components as of now; ``problem`` says why nothing newer is known, mostly empty."""

    overview: Overview
    problem: str


@st.cache_resource(show_spinner=False)
def _open_view() -> HealthView:
    told = settings()
    return HealthView(told.store_dir, on=told.watchman == "on", since=datetime.now(UTC))


def watched(now: datetime) -> Watched:
    """Every component, the worst first, with what was found and since when. 1 ms."""
    if settings().watchman != "on":
        return Watched(Overview(Status.UNKNOWN, ()), "Nobody watches: VC_WATCHMAN is off")
    view = _open_view()
    try:
        return Watched(view.overview(now), "")
    except StoreError as error:
        return Watched(view.last(now), str(error.what))


def components(now: datetime) -> pl.DataFrame:
    """``watched`` as a table, a row a component.

    Columns: ``component``, ``status`` (healthy, warning, critical, unknown), ``since``, ``what``,
    ``hint``, ``checked_at``, ``data_at`` (UTC).
    """
    rows = [
        (one.name, one.status.value, one.since, one.what, one.hint, one.checked_at, one.data_at)
        for one in watched(now).overview.components
    ]
    return pl.DataFrame(rows, _COMPONENTS, orient="row")


@HEALTH.keep(entries=2)
def _strips(now: datetime) -> dict[str, list[Day]]:
    opened = journal()
    if opened is None:
        return {}
    with opened.read() as connection:
        return _view.strips(connection, now)


def strips(now: datetime) -> Mapping[str, Sequence[Day]]:
    """The last 90 days of UTC of each component, today the last. Empty where none is known."""
    try:
        return _strips(minute(now))
    except StoreError:
        return {}


def uptime(now: datetime) -> pl.DataFrame:
    """``strips`` as a table, a row a component and day that anybody watched.

    Columns: ``component``, ``day`` (of UTC), ``uptime`` (0 to 1, of the time that is known),
    ``healthy_s``, ``warning_s``, ``critical_s``, ``unknown_s``.
    """
    rows = [
        (name, d.day, d.uptime, d.healthy_s, d.warning_s, d.critical_s, d.unknown_s)
        for name, strip in sorted(strips(now).items())
        for d in strip
        if d.known_s or d.unknown_s
    ]
    return pl.DataFrame(rows, _UPTIME, orient="row")


def journal() -> Journal | None:
    """The watchman's journal, None where there is none. Raises StoreError."""
    return _open_view().journal() if settings().watchman == "on" else None


def breakers() -> tuple[BreakerState, ...]:
    """Every breaker that ever failed, by name. Raises StoreError where that cannot be read."""
    opened = journal()
    if opened is None:
        return ()
    with opened.read() as connection:
        return tuple(listed(connection))


def breaker_table() -> pl.DataFrame:
    """``breakers`` as a table.

    Columns: ``breaker``, ``state`` (closed, open, half_open), ``failures``, ``opened_at``,
    ``next_try_at``, ``last_error``, ``last_error_at``, ``reset_by``, ``reset_at`` (UTC).
    """
    rows = [
        (
            one.name,
            one.state.value,
            one.failures,
            one.opened_at,
            one.next_try_at,
            one.last_error,
            one.last_error_at,
            one.reset_by,
            one.reset_at,
        )
        for one in breakers()
    ]
    return pl.DataFrame(rows, _BREAKERS, orient="row")


def reset_breaker(name: str, *, by: str) -> bool:
    """Close a breaker by hand, so that it is tried at once; false where there is none of that name.

    Raises StoreError.
    """
    opened = journal()
    if opened is None:
        return False
    with opened.write() as connection:
        return _breakers.reset(connection, name, by, now=datetime.now(UTC))


@HEALTH.keep()
def _shop_errors(start: datetime, end: datetime, at: Version) -> Answer:  # noqa: ARG001
    return answer(_logs.errors, start=start, end=end, limit=GROUPS_MAX)


@HEALTH.keep()
def _own_errors(stamp: logbook.Stamp) -> tuple[logbook.Group, ...]:
    return logbook.group(stamp)


def errors(
    start: datetime, end: datetime, *, now: datetime, component: str | None = None
) -> pl.DataFrame:
    """What went wrong in the range by message, the newest first: VectorCraft's log, and our own.

    Columns: ``source`` (vectorcraft, or the console's process: console, collectors, watchman),
    ``level`` (warning, error, critical), ``component``, ``message`` (folded), ``example`` (the
    newest, whole), ``count``, ``first_at``, ``last_at`` (UTC). A group of our own counts whole
    where its last occurrence lies in the range. At most 500 of each, and of our own what is beyond
    in one row a level; of these only those of ``component``, where one is named. Raises
    BudgetExceeded.
    """
    until = minute(now) if end >= now else end
    shop = _shop_errors(start, until, version("logs")).frame.select(
        pl.lit("vectorcraft").alias("source"),
        pl.col("level").str.to_lowercase(),
        *list(_ERRORS.names())[2:],
    )
    mine = logbook.merge(
        group for stamp in logbook.stamps(open_console().settings.store_dir)
        for group in _own_errors(stamp)
    )  # fmt: skip
    rows = [
        (g.process, g.level, g.logger, g.message, g.example, g.count, g.first_at, g.last_at)
        for g in logbook.newest(
            (g for g in mine if start <= g.last_at < max(until, now + timedelta(seconds=1))),
            GROUPS_MAX,
        )
    ]
    own = pl.DataFrame(rows, _ERRORS, orient="row")
    found = pl.concat([shop.cast(_ERRORS), own]).sort(
        "last_at", "count", descending=True, maintain_order=True
    )
    return found if component is None else found.filter(pl.col("component") == component)
