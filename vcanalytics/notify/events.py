"""Events of alerts as messages tell of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from sqlalchemy import Connection, Select, func, select

from vcanalytics.instants import instant, micros
from vcanalytics.journal import alert_events, silences
from vcanalytics.journal.alert_records import AlertEvent, AlertState, EventKind, Severity
from vcanalytics.journal.alert_tables import alert, alert_event
from vcanalytics.model.times import read_instant

#: Alerts of one round that nobody took up in time.
ESCALATED_MAX: Final = 1_000
_AT_ONCE: Final = 500
#: How far back rows lie where a rule did not say it, and at most.
_REACH: Final = timedelta(hours=1)
_REACH_MAX_S: Final = 31 * 86_400
_NEWEST_ANNOUNCED: Final = (
    select(func.max(alert_event.c.id))
    .where(
        alert_event.c.alert_id == alert.c.id,
        alert_event.c.announce.is_(True),
        alert_event.c.kind != EventKind.RESOLVED.value,
    )
    .correlate(alert)
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to an alert, in the words of the rule; all but times is text."""

    id: int
    alert_id: int
    at: datetime
    kind: str
    announce: bool
    rule: str
    series: str
    group: str
    severity: str
    title: str
    what: str
    value: str
    threshold: str
    unit: str
    since: datetime | None
    runbook: str
    link: str
    reach: timedelta

    @classmethod
    def of(cls, kept: AlertEvent, alert_id: int) -> Self:
        """The event as the journal has it; what its rule left out is empty."""

        def text(name: str) -> str:
            value = kept.detail.get(name)
            return "" if value is None else str(value)

        return cls(
            id=kept.number,
            alert_id=alert_id,
            at=kept.at,
            kind=kept.kind,
            announce=kept.announce,
            rule=text("rule"),
            series=text("series"),
            group=text("group") or text("rule"),
            severity=text("severity"),
            title=text("title") or text("rule"),
            what=text("what"),
            value=text("value"),
            threshold=text("threshold"),
            unit=text("unit"),
            since=read_instant(kept.detail.get("since")),
            runbook=text("runbook"),
            link=text("page"),
            reach=_reach(kept.detail.get("reach_s")),
        )

    @property
    def over(self) -> bool:
        """Whether it says that the alert is over."""
        return self.kind == EventKind.RESOLVED

    @property
    def escalates(self) -> bool:
        """Whether it says that nobody took the alert up in time."""
        return self.kind == EventKind.ESCALATED


def _reach(seconds: object) -> timedelta:
    if isinstance(seconds, int) and 0 <= seconds <= _REACH_MAX_S:
        return timedelta(seconds=seconds)
    return _REACH


def taken_until(connection: Connection, number: int, limit: int) -> tuple[list[Event], int]:
    """Events after ``number`` that people are to be told of, and the number read up to.

    At most ``limit`` are read. What is only recorded, and what is of no one alert, is passed over.
    """
    read = alert_events.after(connection, number, limit=limit)
    found = [
        Event.of(kept, kept.alert) for kept in read if kept.announce and kept.alert is not None
    ]
    return found, read[-1].number if read else number


def by_number(connection: Connection, numbers: Sequence[int]) -> Iterator[Event]:
    """The events of those numbers that are still kept."""
    for first in range(0, len(numbers), _AT_ONCE):
        some = numbers[first : first + _AT_ONCE]
        for row in connection.execute(select(alert_event).where(alert_event.c.id.in_(some))):
            kept = AlertEvent(
                row.id, row.alert_id, instant(row.at), row.kind, row.by, row.announce, row.detail
            )
            yield Event.of(kept, row.alert_id)


def escalate(connection: Connection, *, before: datetime, now: datetime) -> int:
    """Write that critical alerts, told of ``before`` a time, were not taken up; how many.

    Those in a silence wait until it ends. Each escalates once until it fires anew.
    """
    query = _not_taken_up(before).order_by(alert.c.id).limit(ESCALATED_MAX)
    rows = connection.execute(query).all()
    silent = silences.standing(connection, now) if rows else []
    number = 0
    for row in rows:
        if any(silence.covers(row.rule, row.series, now) for silence in silent):
            continue
        alert_events.note(
            connection, now, EventKind.ESCALATED, alert=row.id, announce=True, detail=row.detail
        )
        number += 1
    return number


def any_to_escalate(connection: Connection, before: datetime) -> bool:
    """Whether there may be any: a look without a write."""
    return connection.execute(_not_taken_up(before).limit(1)).first() is not None


def _not_taken_up(before: datetime) -> Select[Any]:
    told = alert_event.alias("told")
    return (
        select(alert.c.id, alert.c.rule, alert.c.series, alert.c.detail)
        .select_from(alert)
        .join(told, told.c.id == _NEWEST_ANNOUNCED)
        .where(
            alert.c.state == AlertState.FIRING.value,
            alert.c.severity == Severity.CRITICAL.value,
            alert.c.acknowledged_at.is_(None),
            told.c.kind != EventKind.ESCALATED.value,
            told.c.at <= micros(before),
        )
    )


def fired_between(connection: Connection, start: datetime, end: datetime) -> dict[str, int]:
    """How many alerts fired in ``[start, end)``, by severity."""
    within = (alert.c.fired_at >= micros(start)) & (alert.c.fired_at < micros(end))
    return _by_severity(connection, within)


def firing(connection: Connection) -> dict[str, int]:
    """How many alerts fire now, by severity."""
    return _by_severity(connection, alert.c.state == AlertState.FIRING.value)


def _by_severity(connection: Connection, which: Any) -> dict[str, int]:
    query = select(alert.c.severity, func.count()).where(which).group_by(alert.c.severity)
    found: dict[str, int] = dict(connection.execute(query).all())
    return {one.value: found[one.value] for one in Severity if one.value in found}
