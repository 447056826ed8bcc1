"""What the evaluation writes of alerts: opened, opened again, changed, resolved. No events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from vcanalytics.instants import micros
from vcanalytics.journal.alert_records import AlertState, Firing
from vcanalytics.journal.alert_tables import alert


def opened(connection: Connection, now: datetime, firing: Firing) -> int:
    """A new alert; its number. One of the same rule and series must not be open."""
    values = _told(firing) | {
        "rule": firing.rule,
        "series": firing.series,
        "state": AlertState.FIRING.value,
        "fired_at": micros(now),
        "started_at": micros(firing.started_at),
        "peak": firing.value,
        "flapping": False,
        "note": "",
    }
    number = connection.execute(insert(alert).values(**values).returning(alert.c.id)).scalar_one()
    return int(number)


def reopened(connection: Connection, number: int, firing: Firing) -> None:
    """An alert that was resolved goes on; who has acknowledged it still has."""
    values = _told(firing) | {"state": AlertState.FIRING.value, "resolved_at": None}
    connection.execute(update(alert).where(alert.c.id == number).values(**values))


def resolved(connection: Connection, number: int, now: datetime, value: float | None) -> None:
    """An alert is over."""
    values: dict[str, Any] = {
        "state": AlertState.RESOLVED.value,
        "resolved_at": micros(now),
        "value": value,
    }
    connection.execute(update(alert).where(alert.c.id == number).values(**values))


#: What of an open alert may be changed.
_CHANGED: Final = frozenset({"value", "peak", "flapping", "no_data", "announced", "detail"})


def changed(connection: Connection, number: int, values: Mapping[str, Any]) -> None:
    """Some of ``value``, ``peak``, ``flapping``, ``no_data``, ``announced``, ``detail``."""
    unknown = values.keys() - _CHANGED
    if unknown:
        raise ValueError(f"not to be changed: {', '.join(sorted(unknown))}")
    if values:
        connection.execute(update(alert).where(alert.c.id == number).values(**values))


def resolved_since(connection: Connection, since: datetime) -> dict[tuple[str, str], int]:
    """The newest alert of each rule and series that was resolved since then: its number."""
    over = alert.c.state == AlertState.RESOLVED.value
    query = (
        select(alert.c.rule, alert.c.series, alert.c.id)
        .where(over, alert.c.resolved_at >= micros(since))
        .order_by(alert.c.id)
    )
    return {(row.rule, row.series): row.id for row in connection.execute(query)}


def _told(firing: Firing) -> dict[str, Any]:
    return {
        "severity": firing.severity.value,
        "title": firing.title,
        "no_data": firing.no_data,
        "value": firing.value,
        "threshold": firing.threshold,
        "unit": firing.unit,
        "detail": firing.detail,
    }
