"""The course of what an alert is about, around the event: asked by the same road as a replay."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl
import streamlit as st

from vcanalytics.alerts import course as _course
from vcanalytics.alerts.measures import MEASURES
from vcanalytics.alerts.moment import Kept, Moment, Told
from vcanalytics.alerts.recording import OTHERS
from vcanalytics.cached import rules
from vcanalytics.cached.alerts import Alert
from vcanalytics.cached.console import (
    Answer,
    Version,
    minute,
    once_in,
    open_console,
    settings,
    take_snapshot,
)
from vcanalytics.cached.regions import ACTIVITY
from vcanalytics.cached.rules import Rule
from vcanalytics.errors import UsageError

__all__ = ["OTHERS", "around", "course", "looks_back", "of", "streams_of", "version_of"]

#: It is looked at by a few people at a time.
_ENTRIES: Final = 50
_PACE: Final = timedelta(minutes=1)
_POINTS: Final = pl.Schema(
    {
        "at": pl.Datetime("us", "UTC"),
        "value": pl.Float64(),
        "limit": pl.Float64(),
        "told": pl.String(),
    }
)
#: What measures read: by the beginning of their names.
_STREAMS: Final = {
    "error_logs": "logs",
    "response_": "requests",
    "query_": "requests",
    "paypal_": "requests",
    "cpu": "system",
    "memory": "system",
    "disk": "system",
}
_OF_THE_JOURNAL: Final = "component_critical"


@st.cache_resource(show_spinner=False)
def _kept() -> Kept:
    """What is usual, kept from one course to the next."""
    return Kept()


def of(alert: Alert) -> Rule:
    """The rule of an alert, where its figure can be told of the past.

    Raises UsageError, in words for a viewer, where it cannot; SettingError where there is no good
    file of rules.
    """
    rule = rules.followed(alert.rule)
    if alert.series == OTHERS:
        raise UsageError("it counts series that have no alerts of their own")
    if rule is None:
        raise UsageError(f"there is no rule {alert.rule} any more")
    if rule.measure != alert.detail.get("measure", rule.measure):
        raise UsageError(f"the rule {alert.rule} measures something else by now")
    if rule.of.step is None:
        raise UsageError(f"{rule.measure} is known of each moment alone, and is not kept")
    return rule


def looks_back(alert: Alert) -> timedelta:
    """How far its rule looked back, or would by default where there is no such rule any more."""
    rule = rules.followed(alert.rule)
    if rule is not None:
        return rule.wider or rule.span
    measure = MEASURES.get(str(alert.detail.get("measure", "")))
    return (measure.window if measure else None) or timedelta()


def streams_of(rule: Rule) -> tuple[str, ...]:
    """The streams its figure is read from; none, where that is the journal."""
    if rule.measure == _OF_THE_JOURNAL:
        return ()
    name = rule.measure
    return (next((s for head, s in _STREAMS.items() if name.startswith(head)), "transactions"),)


def around(rule: Rule, alert: Alert, now: datetime) -> tuple[datetime, datetime]:
    """The time that is told of: whole minutes, the last one to its end."""
    start, end = _course.around(rule, alert.started_at, alert.resolved_at, now)
    return start.replace(second=0, microsecond=0), minute(end)


def version_of(rule: Rule, now: datetime) -> Version:
    """The version of what its figure is read from, held for a minute."""
    return once_in(_PACE, *streams_of(rule), now=now)


@ACTIVITY.keep(entries=_ENTRIES)
def _asked(
    rule: str,  # noqa: ARG001 - part of the key, as is ``at``: the rule itself is none
    series: str,
    start: datetime,
    end: datetime,
    at: Version,  # noqa: ARG001
    _rule: Rule,
) -> Answer:
    taken, told = take_snapshot(), settings()
    hurried = open_console().engine.hurried(told.query_budget_s)
    moment = Moment(hurried, taken, end, Told.of(told), rules.journal, _kept())
    points = _course.course(moment, _rule, series, start, end)
    rows = [(point.at, point.value, point.limit, point.told) for point in points]
    return Answer(pl.DataFrame(rows, _POINTS, orient="row"), taken.taken_at)


def course(alert: Alert, *, now: datetime, seen: Version | None = None) -> Answer:
    """The figure of an alert step by step around the event, at most 120 of them.

    Columns: ``at`` (UTC), ``value`` and ``limit`` (the one that held then) in the measure's unit,
    null where there was nothing to tell from; ``told`` (the figures in a sentence). Asked at most
    once a minute; all its questions share one budget. Raises as ``of``; BudgetExceeded, StoreError.
    """
    rule = of(alert)
    start, end = around(rule, alert, now)
    at = seen or version_of(rule, now)
    return _asked(repr(rule), alert.series, start, end, at, rule)
