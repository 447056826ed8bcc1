"""From events of alerts to deliveries: each event once, and the mark with it in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from vcanalytics.journal import alert_events, deliveries
from vcanalytics.journal.delivery_records import Link, New
from vcanalytics.journal.marks import mark, set_mark
from vcanalytics.notify import events
from vcanalytics.notify.events import Event
from vcanalytics.notify.hours import quiet_until
from vcanalytics.notify.plan import Plan

#: Makes names of messages that nobody else has: 32 letters and digits.
Keys: TypeAlias = Callable[[], str]
#: Taken in one transaction. What is more is taken in the next round, at once.
EVENTS_MAX: Final = 1_000
_MARK: Final = "alert_event"
#: All that waits for the morning is one message a channel.
_QUIET: Final = "quiet hours"


@dataclass(frozen=True, slots=True)
class Setting:
    """What taking goes by: the plan, the operator's zone, the moment, and names for messages."""

    plan: Plan
    zone: ZoneInfo
    now: datetime
    new_key: Keys


def waiting(connection: Connection, setting: Setting) -> bool:
    """Whether there is anything to take or to escalate: a look without a write."""
    if alert_events.newest(connection) > _taken(connection):
        return True
    escalation = setting.plan.routes.escalation
    if escalation is None:
        return False
    before = setting.now - timedelta(minutes=escalation.after_minutes)
    return events.any_to_escalate(connection, before)


def take(connection: Connection, setting: Setting) -> int:
    """Take the next events, in the caller's write transaction; 0 where there are none left.

    Events of one channel and group that come before its message is tried first share it.
    """
    taken = _taken(connection)
    found, until = events.taken_until(connection, taken, EVENTS_MAX)
    _deliver(connection, setting, found)
    if until > taken:
        set_mark(connection, _MARK, str(until))
    return until - taken


def _taken(connection: Connection) -> int:
    return int(mark(connection, _MARK) or 0)


def _deliver(connection: Connection, setting: Setting, found: Sequence[Event]) -> None:
    told = deliveries.announced(connection, {event.alert_id for event in found})
    # Deliveries to be joined, those that are made here under their keys.
    there: dict[tuple[str, str, str], int | str] = dict(deliveries.still_open(connection))
    until = quiet_until(setting.now, setting.plan.quiet_hours, setting.zone)
    soon = setting.now + timedelta(seconds=setting.plan.routes.group_wait_s)
    new: list[New] = []
    joined: list[tuple[int | str, Event]] = []
    for event in found:
        passes = until is None or event.severity == "critical"
        for channel in _channels(setting.plan, event, told.get(event.alert_id, set())):
            place = (channel, *_message_of(event, passes=passes))
            if place not in there:
                key = setting.new_key()
                new.append(New(key, *place, soon if passes or until is None else until))
                there[place] = key
            joined.append((there[place], event))
            if not event.over:
                told.setdefault(event.alert_id, set()).add(channel)
    made = deliveries.add(connection, new, setting.now)
    deliveries.link(
        connection,
        [
            Link(made[at] if isinstance(at, str) else at, event.id, event.alert_id, not event.over)
            for at, event in joined
        ],
    )


def _message_of(event: Event, *, passes: bool) -> tuple[str, str]:
    """Kind and group of the message that tells of an event."""
    if not passes:
        return "alert", _QUIET
    if event.escalates:
        # Beside what the channel may be told otherwise: this is news of its own.
        return "alert", f"escalated {event.group}"
    return "resolved" if event.over else "alert", event.group


def _channels(plan: Plan, event: Event, told: Iterable[str]) -> Iterable[str]:
    """Who is told: of an end, those who were told of the beginning."""
    if event.over:
        return (
            sorted(name for name in told if name in plan.channels) if plan.routes.resolved else ()
        )
    if event.escalates:
        return plan.routes.escalation.channels if plan.routes.escalation else ()
    return plan.channels_for(event.severity)


def escalate(connection: Connection, setting: Setting) -> int:
    """Write an event for each critical alert that nobody took up in time; how many that were.

    In the caller's write transaction. An alert escalates once each time it fires.
    """
    escalation = setting.plan.routes.escalation
    if escalation is None:
        return 0
    before = setting.now - timedelta(minutes=escalation.after_minutes)
    return events.escalate(connection, before=before, now=setting.now)
