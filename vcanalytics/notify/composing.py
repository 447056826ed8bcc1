"""What a delivery of alerts says, made when it is tried first: by then its group is complete."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from sqlalchemy import Connection

from vcanalytics.journal import deliveries
from vcanalytics.journal.delivery_records import Delivery, Link
from vcanalytics.notify import events
from vcanalytics.notify.events import Event
from vcanalytics.notify.links import to_alert, to_page
from vcanalytics.notify.messages import Fact, Level, Message, Part
from vcanalytics.notify.spoken import count, moment, tally

#: Alerts named in a message; of the others it says how many there are, and of which severity.
LISTED_MAX: Final = 20
_TITLE_CHARS: Final = 300
_RUNBOOK_CHARS: Final = 1_500
_SEVERITIES: Final[tuple[Level, ...]] = ("critical", "warning", "info")


def compose(
    connection: Connection, one: Delivery, *, now: datetime, zone: tzinfo, public_url: str
) -> Message | None:
    """The message of a delivery, or None where nothing is left to say.

    Of each alert its newest event counts: what began and ended while the message waited is said to
    be over. An end alone is said only where the beginning was.
    """
    newest: dict[int, Link] = {}
    began = set()
    for link in deliveries.links(connection, one.id):
        newest[link.alert_id] = link
        if link.announces:
            began.add(link.alert_id)
    ended = [alert for alert in newest if alert not in began]
    told = _told(connection, one, ended)
    shown = [link for alert, link in newest.items() if alert in began or alert in told]
    if not shown:
        return None
    found = _found(connection, [link.event_id for link in shown])
    return _message(one, found, now=now, zone=zone, public_url=public_url)


@dataclass(frozen=True, slots=True)
class _Found:
    """The events to be named, the most urgent first, and how many there are of all, by what."""

    named: Sequence[Event]
    tally: Mapping[str, int]

    @property
    def first(self) -> Event:
        return self.named[0]

    @property
    def number(self) -> int:
        return sum(self.tally.values())


def _found(connection: Connection, numbers: Sequence[int]) -> _Found:
    numbers_of: Counter[str] = Counter()

    def counted() -> Iterator[Event]:
        for event in events.by_number(connection, numbers):
            numbers_of[_what(event)] += 1
            yield event

    # Ten thousand events are read one by one, and twenty of them held.
    named = heapq.nsmallest(LISTED_MAX, counted(), key=_order)
    return _Found(named, numbers_of)


def _what(event: Event) -> str:
    return "resolved" if event.over else event.severity or "info"


def _told(connection: Connection, one: Delivery, alerts: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for first in range(0, len(alerts), 1_000):
        told = deliveries.announced(connection, alerts[first : first + 1_000])
        found |= {alert for alert, channels in told.items() if one.channel in channels}
    return found


def _order(event: Event) -> tuple[bool, int, int]:
    return event.over, _SEVERITIES.index(_level(event.severity)), event.id


def _level(severity: str) -> Level:
    return next((level for level in _SEVERITIES if level == severity), "info")


def _message(
    one: Delivery, found: _Found, *, now: datetime, zone: tzinfo, public_url: str
) -> Message:
    first = found.first
    rest = found.number - len(found.named)
    more = ""
    if rest:
        named = Counter(_what(event) for event in found.named)
        more = f"And {count(rest)} more: {_tally(Counter(found.tally) - named)}."
        more += " All of them stand in the console."
    return Message(
        key=one.key,
        # What is over sorts last: where the first is, all are.
        kind="resolved" if first.over else "alert",
        level="ok" if first.over else _level(first.severity),
        made_at=now,
        subject=_subject(found),
        lead=_lead(found),
        parts=tuple(_part(event, zone, now, public_url) for event in found.named),
        more=more,
        link=to_alert(public_url, first) if found.number == 1 else to_page(public_url, "/alerts"),
        data=tuple(_data(event, public_url) for event in found.named),
    )


def _subject(found: _Found) -> str:
    first = found.first
    title = _title(first)
    if found.number == 1:
        if first.over:
            return f"Resolved: {title}"
        if first.escalates:
            return f"Nobody has taken it up: {title}"
        return f"{first.severity.capitalize()}: {title}"
    others = f"{title} and {count(found.number - 1)} more"
    if first.over:
        return f"{count(found.number)} alerts resolved: {others}"
    return f"{count(found.number)} alerts ({_tally(found.tally)}): {others}"


def _lead(found: _Found) -> str:
    if found.number > 1:
        return f"{count(found.number)} alerts: {_tally(found.tally)}."
    event = found.first
    if event.over:
        return "It is over."
    if event.escalates:
        return "It is critical, it still fires, and nobody has acknowledged it."
    return event.what or f"It fires, as {event.severity}."


def _tally(numbers: Mapping[str, int]) -> str:
    """``3 critical, 1 warning, 2 resolved``."""
    return tally({name: numbers.get(name, 0) for name in (*_SEVERITIES, "resolved")})


def _title(event: Event) -> str:
    flat = " ".join(event.title.split())
    return flat if len(flat) <= _TITLE_CHARS else f"{flat[: _TITLE_CHARS - 1]}\u2026"


def _part(event: Event, zone: tzinfo, now: datetime, public_url: str) -> Part:
    facts = [Fact(label="Severity", value=event.severity)]
    if event.what:
        facts.append(Fact(label="What", value=event.what[:_TITLE_CHARS]))
    if event.value:
        facts.append(Fact(label="Value", value=event.value[:_TITLE_CHARS]))
    if event.threshold:
        facts.append(Fact(label="Limit", value=event.threshold[:_TITLE_CHARS]))
    facts.append(Fact(label="Since", value=moment(event.since or event.at, zone, now)))
    if event.over:
        facts.append(Fact(label="Resolved", value=moment(event.at, zone, now)))
    return Part(
        title=_title(event),
        level="ok" if event.over else _level(event.severity),
        facts=tuple(facts),
        text="" if event.over else event.runbook[:_RUNBOOK_CHARS],
        link=to_alert(public_url, event),
    )


def _data(event: Event, public_url: str) -> dict[str, Any]:
    return {
        "alert": event.alert_id,
        "event": event.id,
        "what": event.kind,
        "rule": event.rule,
        "series": event.series,
        "group": event.group,
        "severity": event.severity,
        "title": _title(event),
        "value": event.value,
        "threshold": event.threshold,
        "unit": event.unit,
        "since": None if event.since is None else event.since.isoformat(),
        "at": event.at.isoformat(),
        "link": to_alert(public_url, event),
    }
