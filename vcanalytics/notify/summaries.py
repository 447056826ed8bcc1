"""Summaries: once a day and once a week, at a time of day in the operator's zone.

The mark of the last day stands in the journal with the deliveries it led to, so that neither a
restart nor a change of the clocks sends one twice. What was missed while nothing ran comes once,
the newest alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from vcanalytics.journal import Journal, deliveries
from vcanalytics.journal.delivery_records import New
from vcanalytics.journal.marks import mark, set_mark
from vcanalytics.notify import spoken, wording
from vcanalytics.notify.hours import Span, day_before, last_due, week_before
from vcanalytics.notify.links import to_page
from vcanalytics.notify.messages import Message, Part
from vcanalytics.notify.plan import Plan
from vcanalytics.notify.taking import Keys


class Sections(Protocol):
    """Answers what a summary says of a span."""

    def sections(self, span: Span, now: datetime) -> tuple[Part, ...]: ...


@dataclass(frozen=True, slots=True)
class Due:
    """A summary that is to be sent: its name and the day on which its time came."""

    name: str
    day: date


def due(connection: Connection, plan: Plan, zone: ZoneInfo, now: datetime) -> list[Due]:
    """Summaries whose time came since they were sent last, or since they were asked for first."""
    if plan.summaries is None:
        return []
    found = []
    times = {
        "daily": (plan.summaries.daily_at, None),
        "weekly": (plan.summaries.weekly_at, plan.summaries.weekday),
    }
    for name, (at, weekday) in times.items():
        if at is None:
            continue
        day = last_due(now, at, zone, weekday)
        kept = mark(connection, _mark(name))
        last = None if kept is None else date.fromisoformat(kept)
        if last is not None and day <= last <= day + timedelta(days=8):
            # Also where a clock was set back and its time comes once more.
            continue
        found.append(Due(name, day))
    return found


def first_seen(connection: Connection, found: list[Due]) -> list[Due]:
    """Those that were sent before; of the others note that their time begins now.

    A summary that is new in the file is first sent when its time comes next. So is one whose mark
    lies far ahead, because a clock stood wrong.
    """
    sendable = []
    for one in found:
        kept = mark(connection, _mark(one.name))
        if kept is None or date.fromisoformat(kept) > one.day:
            set_mark(connection, _mark(one.name), one.day.isoformat())
        else:
            sendable.append(one)
    return sendable


def span_of(one: Due, zone: ZoneInfo, week_start: str) -> Span:
    """What a summary covers."""
    if one.name == "weekly":
        return week_before(one.day, zone, week_start)
    return day_before(one.day, zone)


def summary(
    one: Due, span: Span, parts: tuple[Part, ...], *, zone: tzinfo, now: datetime, public_url: str
) -> Message:
    """The message; its key is given with each delivery."""
    first = spoken.day(span.start.astimezone(zone).date())
    last_day = (span.end - timedelta(hours=1)).astimezone(zone).date()
    if one.name == "weekly":
        last = spoken.day(last_day)
        subject, lead = f"The week to {last}", f"{first} to {last}."
    else:
        subject, lead = f"The day: {first}", f"{first}."
    troubled = any(part.level in {"warning", "critical"} for part in parts)
    if public_url:
        parts = (*parts, _on_paper(one, span, zone, public_url))
    return Message(
        key="",
        kind="summary",
        level="warning" if troubled else "info",
        made_at=now,
        subject=subject,
        lead=lead,
        parts=parts,
        link=f"{public_url.rstrip('/')}/" if public_url else "",
    )


def _on_paper(one: Due, span: Span, zone: tzinfo, public_url: str) -> Part:
    """The way to the same time as a PDF, for whoever may sign in."""
    kind = "week" if one.name == "weekly" else "day"
    asked = urlencode({"date": span.start.astimezone(zone).date(), "zone": str(zone)})
    link = to_page(public_url, f"/admin/report/{kind}.pdf?{asked}")
    return Part(title="With charts, to print", level="info", link=link)


def deliver(
    journal: Journal, plan: Plan, one: Due, message: Message, *, new_key: Keys, now: datetime
) -> bool:
    """Make its deliveries, and note the day, at once; false where it was made meanwhile."""
    if plan.summaries is None:
        return False
    with journal.write() as connection:
        kept = mark(connection, _mark(one.name))
        if kept is not None and date.fromisoformat(kept) >= one.day:
            return False
        made = [
            _delivery(channel, one, message.model_copy(update={"key": new_key()}), now)
            for channel in plan.summaries.channels
        ]
        deliveries.add(connection, made, now)
        set_mark(connection, _mark(one.name), one.day.isoformat())
    return True


def _delivery(channel: str, one: Due, message: Message, now: datetime) -> New:
    return New(
        key=message.key,
        channel=channel,
        kind="summary",
        group=one.name,
        due_at=now,
        subject=message.subject,
        body=wording.text(message),
        payload=message.model_dump_json(),
    )


def _mark(name: str) -> str:
    return f"summary:{name}"
