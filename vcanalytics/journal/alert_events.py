"""The events of alerts: what is written down, read in order by whoever tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select

from vcanalytics.instants import instant, micros
from vcanalytics.journal.alert_records import AlertEvent
from vcanalytics.journal.alert_tables import alert_event

LIMIT_MAX: Final = 1_000
NAME_CHARS_MAX: Final = 200
NOTE_CHARS_MAX: Final = 2_000


def note(
    connection: Connection,
    now: datetime,
    kind: str,
    *,
    alert: int | None,
    by: str | None = None,
    announce: bool = False,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """Add an event in the caller's transaction; its number."""
    values = {
        "alert_id": alert,
        "at": micros(now),
        "kind": kind,
        "by": None if by is None else by[:NAME_CHARS_MAX],
        "announce": announce,
        "detail": dict(detail or {}),
    }
    added = connection.execute(insert(alert_event).values(**values).returning(alert_event.c.id))
    return int(added.scalar_one())


def after(connection: Connection, number: int, *, limit: int = LIMIT_MAX) -> list[AlertEvent]:
    """Events with a higher number, in order, at most ``limit`` (and LIMIT_MAX)."""
    query = (
        select(alert_event)
        .where(alert_event.c.id > number)
        .order_by(alert_event.c.id)
        .limit(min(limit, LIMIT_MAX))
    )
    return [_event(row) for row in connection.execute(query)]


def of(connection: Connection, alert: int, *, limit: int = LIMIT_MAX) -> list[AlertEvent]:
    """The newest events of one alert, in order."""
    query = (
        select(alert_event)
        .where(alert_event.c.alert_id == alert)
        .order_by(alert_event.c.id.desc())
        .limit(min(limit, LIMIT_MAX))
    )
    return [_event(row) for row in reversed(connection.execute(query).all())]


def newest(connection: Connection) -> int:
    """The number of the newest event, 0 where there is none."""
    return int(connection.execute(select(func.max(alert_event.c.id))).scalar() or 0)


def _event(row: Row[Any]) -> AlertEvent:
    return AlertEvent(
        number=row.id,
        alert=row.alert_id,
        at=instant(row.at),
        kind=row.kind,
        by=row.by,
        announce=row.announce,
        detail=row.detail,
    )
