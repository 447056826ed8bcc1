"""Which day or week a report is of, and what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_date

from vcanalytics.display import formats
from vcanalytics.display.ranges import Against, Range
from vcanalytics.errors import UsageError
from vcanalytics.model.times import EARLIEST, LATEST, midnight, resolve
from vcanalytics.model.windows import Grain, window_start

#: What each is compared with: the day before and the same day a week ago, the week before and the
#: same days a year ago.
_COMPARED: Final = {"day": ("previous", "week"), "week": ("previous", "year")}
#: A period that is not over is read all the time; so old a read is late.
_BEHIND: Final = timedelta(minutes=5)


class Kind(StrEnum):
    """How long a report's period is."""

    DAY = "day"
    WEEK = "week"


class Compared(NamedTuple):
    """What a period is compared with: its name beside a figure, and in a sentence."""

    name: str
    spoken: str
    span: Against


@dataclass(frozen=True, slots=True)
class Period:
    """A day or a week of a zone's clock, ``[start, end)`` in UTC, as of ``now``."""

    kind: Kind
    start: datetime
    end: datetime
    zone: ZoneInfo
    week_start: str
    now: datetime
    oldest: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it is not over yet."""
        return self.now < self.end

    @property
    def until(self) -> datetime:
        """How far it has come."""
        return min(self.now, self.end)

    @property
    def read_to(self) -> datetime:
        """How far the source must have been read for the figures to stand.

        What is over is final only once it was read to its very end; what is not is read all the
        time, and late after a while.
        """
        return self.now - _BEHIND if self.open else self.end

    @property
    def view(self) -> Range:
        """The same as pages have it, compared with the period before."""
        return Range(
            preset=None,
            start=self.start,
            end=self.end,
            zone_name=self.zone.key,
            grain=Grain.HOUR if self.kind is Kind.DAY else Grain.DAY,
            grain_by_hand=True,
            compare="previous",
            now=self.now,
            week_start=self.week_start,
            oldest=self.oldest,
        )

    @property
    def against(self) -> list[Compared]:
        """What it is compared with, like for like; without what was before all history."""
        found = []
        for compare in _COMPARED[self.kind]:
            one = self.view.against(compare)
            if one is not None and one.whole:
                first = one.start.astimezone(self.zone).date()
                found.append(Compared(*self._named(first, compare), one))
        return found

    def _named(self, first: date, compare: str) -> tuple[str, str]:
        if self.kind is Kind.DAY:
            return _date(first, "EEE d"), _date(first, "EEE d MMM")
        if compare == "previous":
            return _date(first, "d MMM"), f"the week of {_date(first, 'd MMM')}"
        return str(first.year), f"the same days of {first.year}"

    @property
    def name(self) -> str:
        """``Friday, 20 November 2026``, or ``16 to 22 November 2026``."""
        first = self.start.astimezone(self.zone).date()
        if self.kind is Kind.DAY:
            return _date(first, "EEEE, d MMMM y")
        last = (self.end - timedelta(microseconds=1)).astimezone(self.zone).date()
        short = "d" if (first.year, first.month) == (last.year, last.month) else "d MMMM"
        if first.year != last.year:
            short = "d MMMM y"
        return f"{_date(first, short)} to {_date(last, 'd MMMM y')}"

    @property
    def so_far(self) -> str:
        """What is said of a period that is not over; nothing of one that is."""
        if not self.open:
            return ""
        return f"so far: until {formats.moment(self.until, self.zone, self.now)}"


def _date(day: date, pattern: str) -> str:
    return format_date(day, pattern, locale=formats.LOCALE)


def read_date(text: str) -> date:
    """A day as a person types it. Raises UsageError where it is none, or out of what is kept."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is not a date", hint="Write it like 2026-11-20") from None
    if not EARLIEST.date() <= day < LATEST.date():
        raise UsageError(f"{text!r} is out of range", hint="Dates lie between 2000 and 2100")
    return day


def period(
    kind: Kind,
    day: date | None,
    *,
    zone: ZoneInfo,
    week_start: str,
    now: datetime,
    oldest: datetime | None = None,
) -> Period:
    """The day, or the week that holds it; without one yesterday, or the last whole week.

    ``oldest``: when the history begins. Raises UsageError for one that has not begun.
    """
    now = now.astimezone(UTC)
    grain = Grain.DAY if kind is Kind.DAY else Grain.WEEK
    if day is None:
        here = window_start(now, grain, zone, week_start)
        day = (here - timedelta(hours=12)).astimezone(zone).date()
    # Noon lies in its day, whatever the clocks do at its ends.
    noon = resolve(datetime.combine(day, time(12)), zone)
    start = window_start(noon, grain, zone, week_start)
    first = start.astimezone(zone).date()
    end = midnight(first + timedelta(days=1 if kind is Kind.DAY else 7), zone)
    if start > now:
        raise UsageError(f"{day.isoformat()} has not begun yet", where="--date")
    return Period(kind, start, end, zone, week_start, now, oldest)
