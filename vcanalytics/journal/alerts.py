"""Alerts: what is firing, what has fired, and who has taken them up.

What people do is noted as an event. Who may do it is for the caller to know.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, case, delete, func, select, update

from vcanalytics.errors import UsageError
from vcanalytics.instants import instant, micros
from vcanalytics.journal import alert_events
from vcanalytics.journal.alert_events import NAME_CHARS_MAX, NOTE_CHARS_MAX
from vcanalytics.journal.alert_records import (
    Alert,
    AlertFilters,
    AlertState,
    EventKind,
    Severity,
)
from vcanalytics.journal.alert_tables import alert, alert_event

LIMIT_MAX: Final = 10_000
#: So long what is over is kept, and so much of it.
KEPT_FOR: Final = timedelta(days=400)
KEPT_MAX: Final = 100_000
_AT_ONCE: Final = 1_000
_WORST_FIRST: Final = case(
    {severity.value: place for place, severity in enumerate(Severity)}, value=alert.c.severity
)
_FIRING: Final = alert.c.state == AlertState.FIRING.value


def firing(connection: Connection, *, limit: int = LIMIT_MAX) -> list[Alert]:
    """What is firing now: the worst first, among these what fired last."""
    query = select(alert).where(_FIRING).order_by(_WORST_FIRST, alert.c.fired_at.desc())
    return [_alert(row) for row in connection.execute(query.limit(min(limit, LIMIT_MAX)))]


def counts(connection: Connection) -> dict[Severity, int]:
    """How many are firing now, of each severity."""
    query = select(alert.c.severity, func.count()).where(_FIRING).group_by(alert.c.severity)
    found: dict[str, int] = dict(connection.execute(query).all())
    return {severity: found.get(severity.value, 0) for severity in Severity}


def history(
    connection: Connection, wanted: AlertFilters, *, limit: int, offset: int = 0
) -> list[Alert]:
    """Alerts that pass, what fired last first: at most ``limit`` after the first ``offset``."""
    query = _passing(select(alert), wanted).order_by(alert.c.fired_at.desc(), alert.c.id.desc())
    page = query.limit(min(limit, LIMIT_MAX)).offset(offset)
    return [_alert(row) for row in connection.execute(page)]


def count(connection: Connection, wanted: AlertFilters) -> int:
    """How many alerts pass."""
    query = _passing(select(func.count()).select_from(alert), wanted)
    return int(connection.execute(query).scalar_one())


def find(connection: Connection, number: int) -> Alert | None:
    """The alert of that number, None where there is none."""
    row = connection.execute(select(alert).where(alert.c.id == number)).one_or_none()
    return None if row is None else _alert(row)


def open_of(connection: Connection, rule: str) -> list[Alert]:
    """The alerts of one rule that are firing, the oldest first."""
    query = select(alert).where(_FIRING, alert.c.rule == rule).order_by(alert.c.id)
    return [_alert(row) for row in connection.execute(query)]


def owed(connection: Connection) -> list[Alert]:
    """Alerts that are over, and whose end nobody was told of although they were told of it."""
    over = alert.c.state == AlertState.RESOLVED.value
    told = alert.c.announced == AlertState.FIRING.value
    query = select(alert).where(over, told).order_by(alert.c.id).limit(LIMIT_MAX)
    return [_alert(row) for row in connection.execute(query)]


def acknowledge(
    connection: Connection, number: int, now: datetime, *, by: str, note: str = ""
) -> Alert:
    """Say who has taken the alert up. Raises UsageError where it is not firing."""
    found = _must_fire(connection, number)
    values = {
        "acknowledged_by": by[:NAME_CHARS_MAX],
        "acknowledged_at": micros(now),
        "note": note[:NOTE_CHARS_MAX],
    }
    connection.execute(update(alert).where(alert.c.id == number).values(**values))
    detail = dict(found.detail) | {"note": note[:NOTE_CHARS_MAX]}
    alert_events.note(connection, now, EventKind.ACKNOWLEDGED, alert=number, by=by, detail=detail)
    return _known(connection, number)


def unacknowledge(connection: Connection, number: int, now: datetime, *, by: str) -> Alert:
    """Say that nobody works on the alert any more. Raises UsageError where nobody did."""
    found = _must_fire(connection, number)
    if found.acknowledged_by is None:
        raise UsageError("nobody has acknowledged this alert", where=f"alert {number}")
    values = {"acknowledged_by": None, "acknowledged_at": None, "note": ""}
    connection.execute(update(alert).where(alert.c.id == number).values(**values))
    alert_events.note(
        connection, now, EventKind.UNACKNOWLEDGED, alert=number, by=by, detail=found.detail
    )
    return _known(connection, number)


def let_go(connection: Connection, now: datetime) -> int:
    """Delete some of what was over long ago, or is too much to keep; how many alerts that were."""
    number = connection.execute(
        select(alert.c.id).order_by(alert.c.id.desc()).limit(1).offset(KEPT_MAX)
    ).scalar()
    old = alert.c.resolved_at < micros(now - KEPT_FOR)
    over = old if number is None else old | (alert.c.id <= number)
    some = select(alert.c.id).where(~_FIRING, over).order_by(alert.c.id).limit(_AT_ONCE)
    gone = connection.execute(delete(alert).where(alert.c.id.in_(some))).rowcount
    others = alert_event.c.alert_id.is_(None) & (alert_event.c.at < micros(now - KEPT_FOR))
    few = select(alert_event.c.id).where(others).limit(_AT_ONCE)
    connection.execute(delete(alert_event).where(alert_event.c.id.in_(few)))
    return gone


def _must_fire(connection: Connection, number: int) -> Alert:
    found = find(connection, number)
    if found is None or found.state is not AlertState.FIRING:
        raise UsageError(
            "there is no such alert" if found is None else "this alert is over",
            where=f"alert {number}",
            hint="Look at what is firing now",
        )
    return found


def _known(connection: Connection, number: int) -> Alert:
    return _alert(connection.execute(select(alert).where(alert.c.id == number)).one())


def _passing(query: Select[Any], wanted: AlertFilters) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.states:
        conditions.append(alert.c.state.in_([state.value for state in wanted.states]))
    if wanted.severities:
        conditions.append(alert.c.severity.in_([one.value for one in wanted.severities]))
    if wanted.rules:
        conditions.append(alert.c.rule.in_(wanted.rules))
    if wanted.start is not None:
        start = micros(wanted.start)
        conditions.append(alert.c.resolved_at.is_(None) | (alert.c.resolved_at >= start))
    if wanted.end is not None:
        conditions.append(alert.c.fired_at < micros(wanted.end))
    if wanted.acknowledged is not None:
        known = alert.c.acknowledged_by.is_not(None)
        conditions.append(known if wanted.acknowledged else ~known)
    return query.where(*conditions)


def _alert(row: Row[Any]) -> Alert:
    return Alert(
        number=row.id,
        rule=row.rule,
        series=row.series,
        severity=Severity(row.severity),
        title=row.title,
        state=AlertState(row.state),
        no_data=row.no_data,
        started_at=instant(row.started_at),
        fired_at=instant(row.fired_at),
        resolved_at=instant(row.resolved_at),
        value=row.value,
        peak=row.peak,
        threshold=row.threshold,
        unit=row.unit,
        flapping=row.flapping,
        announced=None if row.announced is None else AlertState(row.announced),
        acknowledged_by=row.acknowledged_by,
        acknowledged_at=instant(row.acknowledged_at),
        note=row.note,
        detail=row.detail,
    )
