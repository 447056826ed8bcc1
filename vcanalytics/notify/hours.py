"""Times of day in the operator's zone: quiet hours, and when summaries are due.

Right across changes of the clocks: a time that does not exist that day comes as the clock moves on,
one that exists twice counts once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vcanalytics.model.times import midnight, resolve
from vcanalytics.model.windows import WEEKDAYS
from vcanalytics.notify.plan import QuietHours


def quiet_until(now: datetime, quiet: QuietHours | None, zone: ZoneInfo) -> datetime | None:
    """When the quiet hours that hold ``now`` end (UTC); None where it is not in any."""
    if quiet is None:
        return None
    local = now.astimezone(zone)
    clock = local.time()
    over_midnight = quiet.start > quiet.end
    if over_midnight:
        inside = clock >= quiet.start or clock < quiet.end
    else:
        inside = quiet.start <= clock < quiet.end
    if not inside:
        return None
    tomorrow = over_midnight and clock >= quiet.start
    naive = datetime.combine(local.date() + timedelta(days=tomorrow), quiet.end)
    until = resolve(naive, zone)
    if until <= now:
        # In the second of two repeated hours the end is the second one, too.
        until = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return until if until > now else None


def last_due(now: datetime, at: time, zone: ZoneInfo, weekday: int | None = None) -> date:
    """The newest day on which ``at`` has come by ``now``; of one weekday (Monday is 0) if given."""
    day = now.astimezone(zone).date()
    # A clock that was set back may stand before the time once more on a day when it had come.
    if resolve(datetime.combine(day, at), zone) > now:
        day -= timedelta(days=1)
    if weekday is not None:
        day -= timedelta(days=(day.weekday() - weekday) % 7)
    return day


@dataclass(frozen=True, slots=True)
class Span:
    """What a summary covers, ``[start, end)`` in UTC, and what it is compared with, by name."""

    start: datetime
    end: datetime
    compared: tuple[tuple[str, datetime, datetime], ...]


def day_before(day: date, zone: ZoneInfo) -> Span:
    """The day before ``day``, compared with the one before it and that of the week before."""
    return Span(
        *_days(day, 1, 1, zone),
        compared=(
            ("the day before", *_days(day, 2, 1, zone)),
            ("that day last week", *_days(day, 8, 1, zone)),
        ),
    )


def week_before(day: date, zone: ZoneInfo, week_start: str) -> Span:
    """The last whole week that was over when ``day`` began, compared with the one before it."""
    end = day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_start)) % 7)
    return Span(*_days(end, 7, 7, zone), compared=(("the week before", *_days(end, 14, 7, zone)),))


def _days(day: date, back: int, number: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    first = day - timedelta(days=back)
    return midnight(first, zone), midnight(first + timedelta(days=number), zone)
