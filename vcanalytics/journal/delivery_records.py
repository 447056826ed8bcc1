"""Deliveries as they are handed on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from vcanalytics.instants import instant


class State(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"  # for its first try, or for another
    SENT = "sent"
    DEAD = "dead"  # given up; a person may ask for one more try
    SUPPRESSED = "suppressed"  # nothing was left to say


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one channel. ``subject`` and ``body`` are empty until it is tried first."""

    id: int
    key: str
    channel: str
    kind: str
    group: str
    created_at: datetime
    due_at: datetime
    attempts: int
    state: State
    last_error: str | None
    tried_at: datetime | None
    sent_at: datetime | None
    subject: str
    body: str
    payload: str | None
    asked_by: str | None
    asked_at: datetime | None


@dataclass(frozen=True, slots=True)
class New:
    """A delivery to be made."""

    key: str
    channel: str
    kind: str
    group: str
    due_at: datetime
    subject: str = ""
    body: str = ""
    payload: str | None = None
    asked_by: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """That a delivery tells of an event."""

    delivery_id: int
    event_id: int
    alert_id: int
    announces: bool


def read(row: Row[Any]) -> Delivery:
    """The delivery a row of the table holds."""
    return Delivery(
        id=row.id,
        key=row.key,
        channel=row.channel,
        kind=row.kind,
        group=row.group,
        created_at=instant(row.created_at),
        due_at=instant(row.due_at),
        attempts=row.attempts,
        state=State(row.state),
        last_error=row.last_error,
        tried_at=instant(row.tried_at),
        sent_at=instant(row.sent_at),
        subject=row.subject,
        body=row.body,
        payload=row.payload,
        asked_by=row.asked_by,
        asked_at=instant(row.asked_at),
    )
