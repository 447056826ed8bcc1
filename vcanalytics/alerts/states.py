"""Measures of what is as it is: components, streams, the last backup."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from vcanalytics.alerts.judging import Reading
from vcanalytics.alerts.moment import Moment, Readings
from vcanalytics.alerts.rules import Rule
from vcanalytics.analytics.streams import streams
from vcanalytics.analytics.watched import Edges
from vcanalytics.journal import components
from vcanalytics.model.health import Status
from vcanalytics.store.facts import BACKUP, as_time

#: Changes of one component that are looked through.
_CHANGES_MAX: Final = 10_000
_HOUR: Final = timedelta(hours=1)


def component_critical(moment: Moment, rule: Rule, edges: Edges) -> Readings:  # noqa: ARG001
    """For how long each component has been critical, in seconds."""
    with moment.journal() as connection:
        known = components.listed(connection)
        if moment.live(edges):
            return {
                one.name: [_critical_for(one.name, one.status, one.since, edges.first, one.what)]
                for one in known
            }
        past = {one.name: components.changes(connection, one.name, _CHANGES_MAX) for one in known}
    found: dict[str, list[Reading | None]] = {}
    for name, changes in past.items():
        waiting = list(changes)  # the newest first
        last: components.Change | None = None
        readings: list[Reading | None] = []
        for edge in edges:
            while waiting and waiting[-1].at <= edge:
                last = waiting.pop()
            readings.append(
                None if last is None else _critical_for(name, last.status, last.at, edge)
            )
        found[name] = readings
    return found


def _critical_for(
    name: str, status: Status, since: datetime, now: datetime, what: str = ""
) -> Reading | None:
    if status is Status.UNKNOWN:
        return None
    if status is not Status.CRITICAL:
        return Reading(name, 0.0)
    # It counts from the first look on, whatever the clocks say.
    return Reading(name, max((now - since).total_seconds(), 1.0), note=what)


def stream_lag(moment: Moment, rule: Rule, edges: Edges) -> Readings:  # noqa: ARG001 one shape
    """How long ago each stream that was ever read was read last, in seconds."""
    rows = streams(moment.snapshot, now=edges.first).filter(~pl.col("reading_history"))
    return {
        name: [Reading(name, lag_s)]
        for name, lag_s in rows.select("stream", "lag_s").iter_rows()
        if lag_s is not None
    }


def backup_age(moment: Moment, rule: Rule, edges: Edges) -> Readings:  # noqa: ARG001 one shape
    """Hours since the last backup; nothing where none was ever taken."""
    fact = moment.snapshot.facts.get(BACKUP)
    taken_at = as_time(fact.get("taken_at")) if isinstance(fact, dict) else None
    if taken_at is None:
        return {"": [None]}
    age = max((edges.first - taken_at) / _HOUR, 0.0)
    return {"": [Reading("", age, note=f"taken {taken_at.isoformat(timespec='minutes')}")]}
