"""Windows of time in an operator's zone: hours, days, weeks and months, right across DST.

Edges are made here, with the zone database, and joined on in SQL: engines disagree about repeated
hours and half-hour zones. A window is ``[start, end)`` in UTC with its start shown in the zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from vcanalytics.errors import UsageError
from vcanalytics.model.times import in_zone, resolve

#: More windows than this in one question are refused: a century of hours is no chart.
WINDOWS_MAX: Final = 100_000

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Grain(StrEnum):
    """How long a window is."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Window:
    """``[start, end)`` in UTC; ``label`` is the start on the zone's wall clock, with its offset."""

    start: datetime
    end: datetime
    label: datetime


def _day_start(day: date, zone: ZoneInfo) -> datetime:
    return resolve(datetime.combine(day, time.min), zone)


def _first_day(day: date, grain: Grain, week_start: str) -> date:
    if grain is Grain.WEEK:
        return day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_start)) % 7)
    if grain is Grain.MONTH:
        return day.replace(day=1)
    return day


def _next_day(day: date, grain: Grain) -> date:
    if grain is Grain.WEEK:
        return day + timedelta(days=7)
    if grain is Grain.MONTH:
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=1)


def _day_of(instant: datetime, grain: Grain, zone: ZoneInfo, week_start: str) -> date:
    """First day of the window that holds ``instant``."""
    day = _first_day(instant.astimezone(zone).date(), grain, week_start)
    following = _next_day(day, grain)
    # Where clocks go back just after midnight (St John's, 00:01, until 2011) the new day has begun
    # although the calendar on the wall shows the old one for an hour once more.
    return following if _day_start(following, zone) <= instant else day


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The second after ``low``, at most ``high``, from which the zone has ``high``'s offset."""
    offset = high.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high


def _hour_start(instant: datetime, zone: ZoneInfo) -> datetime:
    """Start of the wall-clock hour ``instant`` lies in, cut where the zone's offset changes."""
    local = instant.astimezone(zone)
    whole = instant.replace(microsecond=0)
    start = whole - timedelta(minutes=local.minute, seconds=local.second)
    if start.astimezone(zone).utcoffset() == local.utcoffset():
        return start
    # The clocks changed within this wall-clock hour (Lord Howe moves by 30 minutes, Chatham at
    # 02:45): what comes after the change is a window of its own.
    return _change(start, whole, zone)


def _hours(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    edge = _hour_start(start, zone)
    local = edge.astimezone(zone)
    while True:
        yield edge
        if edge >= end:
            return
        following = edge + timedelta(minutes=60 - local.minute, seconds=-local.second)
        later = following.astimezone(zone)
        if later.utcoffset() != local.utcoffset():
            following = _change(edge, following, zone)
            later = following.astimezone(zone)
        edge, local = following, later


def _days(
    start: datetime, end: datetime, grain: Grain, zone: ZoneInfo, week_start: str
) -> Iterator[datetime]:
    day = _day_of(start, grain, zone, week_start)
    while True:
        edge = _day_start(day, zone)
        yield edge
        if edge >= end:
            return
        day = _next_day(day, grain)


def window_start(
    instant: datetime, grain: Grain, zone: ZoneInfo, week_start: str = "monday"
) -> datetime:
    """Start, in UTC, of the window of ``grain`` that holds ``instant``."""
    if grain is Grain.HOUR:
        return _hour_start(instant.astimezone(UTC), zone)
    return _day_start(_day_of(instant, grain, zone, week_start), zone)


def windows(
    start: datetime, end: datetime, grain: Grain, zone: ZoneInfo, week_start: str = "monday"
) -> list[Window]:
    """The aligned windows that ``[start, end)`` touches, oldest first, without gap or overlap.

    The first and the last may reach beyond the range. Hours of a repeated hour (clocks back) are
    two windows, told apart by the offset of their label; a day of 23 or 25 hours is one.
    Raises UsageError for more than WINDOWS_MAX windows.
    """
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if end <= start:
        return []
    shortest = {Grain.HOUR: 1, Grain.DAY: 23, Grain.WEEK: 167, Grain.MONTH: 671}[grain]
    if (end - start) / timedelta(hours=shortest) > WINDOWS_MAX:
        raise UsageError(
            f"the range holds more than {WINDOWS_MAX:,} windows of one {grain.value}",
            hint="Ask by a longer grain, or shorten the range",
        )
    edges = list(
        _hours(start, end, zone)
        if grain is Grain.HOUR
        else _days(start, end, grain, zone, week_start)
    )
    # A day that the zone skipped altogether (Samoa, 30 December 2011) has no length: no window.
    return [
        Window(left, right, in_zone(left, zone)) for left, right in pairwise(edges) if right > left
    ]
