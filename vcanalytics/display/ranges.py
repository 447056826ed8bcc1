"""The time range of a page as the URL says it: preset or from/to, zone, grain, comparison.

Nothing here draws. A URL that cannot be used in part is used in the rest, and says what was not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from vcanalytics.display import formats
from vcanalytics.errors import UsageError
from vcanalytics.model.times import LATEST, midnight, read_typed_time, read_zone, resolve
from vcanalytics.model.windows import Grain, window_start

PRESETS: Final[dict[str, str]] = {
    "hour": "Last hour",
    "today": "Today",
    "yesterday": "Yesterday",
    "7d": "7 days",
    "30d": "30 days",
    "90d": "90 days",
    "week": "This week",
    "last-week": "Last week",
    "month": "This month",
    "last-month": "Last month",
    "year": "This year",
    "all": "All time",
}
COMPARISONS: Final[dict[str, str]] = {
    "previous": "The period before",
    "week": "Same time last week",
    "year": "Same time last year",
    "none": "Nothing",
}
#: What the URL may say of the range; everything else there belongs to the page's own filters.
KEYS: Final = ("range", "from", "to", "zone", "grain", "compare")
#: Before it no range can be picked.
_FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
#: Longer ones are labelled by days.
_BY_CLOCK: Final = timedelta(days=2)
_DAYS: Final = {"7d": 7, "30d": 30, "90d": 90}


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a page shows where its URL says nothing."""

    preset: str = "today"
    compare: str = "previous"
    zone: str = "UTC"
    week_start: str = "monday"


@dataclass(frozen=True, slots=True)
class Against:
    """A range to compare with: ``[start, end)``, cut at ``until`` while the subject is open.

    ``whole`` is false where the history begins inside or after it: its sums compare to nothing.
    """

    label: str
    start: datetime
    end: datetime
    until: datetime
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Range:
    """``[start, end)`` in UTC and how it is looked at. ``preset`` is None for a fixed range."""

    preset: str | None
    start: datetime
    end: datetime
    zone_name: str
    grain: Grain
    grain_by_hand: bool
    compare: str
    now: datetime
    week_start: str = "monday"
    problems: tuple[str, ...] = ()
    oldest: datetime | None = None

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone_name)

    @property
    def open(self) -> bool:
        """Whether the range is not over yet."""
        return self.start <= self.now < self.end

    @property
    def until(self) -> datetime:
        """How far the range has come: now, or its end."""
        return min(max(self.now, self.start), self.end)

    @property
    def name(self) -> str:
        return PRESETS[self.preset] if self.preset else "From"

    @property
    def extent(self) -> str:
        """Where the range ends or what it spans, short: ``to 18:42``, ``22 Oct to 20 Nov``."""
        zone = self.zone
        if self.preset == "today":
            return f"to {formats.clock(self.now, zone, seconds=False)}"
        if self.preset == "all":
            return f"since {formats.day(self.start, zone, year=True)}"
        if self.preset == "hour":
            first = formats.clock(self.start, zone, seconds=False)
            return f"{first} to {formats.clock(self.now, zone, seconds=False)}"
        last = self.end - timedelta(microseconds=1)
        if at_midnight(self.start, zone) and at_midnight(self.end, zone):
            year = self.start.astimezone(zone).year != self.now.astimezone(zone).year
            first = formats.day(self.start, zone, year=year)
            if self.start.astimezone(zone).date() == last.astimezone(zone).date():
                return first
            return f"{first} to {formats.day(last, zone, year=year)}"
        first = formats.moment(self.start, zone, self.now)
        return f"{first} to {formats.moment(self.end, zone, self.now)}"

    @property
    def spoken(self) -> str:
        """The range inside a sentence: ``today``, ``from 02:00 to 04:00``."""
        if self.preset in {"today", "yesterday"}:
            return self.preset
        return self.extent if self.preset == "all" else f"from {self.extent}"

    @property
    def axis_format(self) -> str:
        """How a time axis of this range is labelled: by the clock, or by days."""
        return "%H:%M" if self.end - self.start <= _BY_CLOCK else "%-d %b"

    def params(self) -> dict[str, str]:
        """What a link to this view carries."""
        zone = self.zone
        if self.preset:
            params = {"range": self.preset}
        else:
            params = {"from": _typed(self.start, zone), "to": _typed(self.end, zone)}
        params |= {"zone": self.zone_name, "compare": self.compare}
        return params | ({"grain": self.grain.value} if self.grain_by_hand else {})

    def against(self, compare: str | None = None) -> Against | None:
        """The range this one is compared with, like for like; None where there is none."""
        kind = compare or self.compare
        back = _back(self, kind)
        if back is None:
            return None
        start, end, until = back(self.start), back(self.end), back(self.until)
        if self.preset in {"month", "last-month"} and kind == "previous":
            # Months differ in length: the one before ends where this one begins.
            end, until = self.start, min(until, self.start)
        # The first day of a shop counts as whole: it did not open at midnight.
        whole = self.oldest is not None and start > self.oldest - timedelta(days=1)
        return Against(_label(self, kind, start), start, end, until, whole)


def _typed(instant: datetime, zone: ZoneInfo) -> str:
    """Wall-clock text that reads back as the same instant, with an offset where it must."""
    local = instant.astimezone(zone)
    text = local.replace(tzinfo=None).isoformat(timespec="seconds").removesuffix(":00")
    return text if resolve(local.replace(tzinfo=None), zone) == instant else local.isoformat()


def at_midnight(instant: datetime, zone: ZoneInfo) -> bool:
    """Whether a day of ``zone`` begins at ``instant``."""
    return midnight(instant.astimezone(zone).date(), zone) == instant


def _add_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _shift(instant: datetime, zone: ZoneInfo, days: float, months: int) -> datetime:
    """``instant`` moved back on the zone's wall clock: the same time of another day."""
    local = instant.astimezone(zone).replace(tzinfo=None)
    moved = datetime.combine(_add_months(local.date(), -months), local.time()) - timedelta(
        days=days
    )
    return resolve(moved, zone)


def _back(view: Range, kind: str) -> Callable[[datetime], datetime] | None:
    """The way from a moment to the one it is compared with; None where there is none."""
    length = view.end - view.start

    def on_the_wall(days: float, months: int) -> Callable[[datetime], datetime]:
        return lambda instant: _shift(instant, view.zone, days, months)

    if kind == "none" or view.preset == "all":
        return None
    if kind == "week":
        return on_the_wall(7.0 * max(1, -(-length // timedelta(days=7))), 0)
    if kind == "year" or view.preset == "year":
        return on_the_wall(0.0, 12 * max(1, -(-length // timedelta(days=366))))
    if view.preset in {"month", "last-month"}:
        return on_the_wall(0.0, 1)
    if at_midnight(view.start, view.zone) and at_midnight(view.end, view.zone):
        days = view.end.astimezone(view.zone).date() - view.start.astimezone(view.zone).date()
        return on_the_wall(float(days.days), 0)
    # Any other stretch is compared with the one right before it, whatever the clocks do.
    return lambda instant: instant - length


def _label(view: Range, kind: str, start: datetime) -> str:
    if view.preset in {"today", "yesterday"} and kind in {"previous", "week"}:
        return formats.day(start, view.zone, weekday=True)
    if kind == "previous":
        name = PRESETS.get(view.preset or "", "period")
        return f"previous {name.lower()}" if view.preset in _DAYS else "the period before"
    return "last week" if kind == "week" else "last year"


def _preset(
    name: str, now: datetime, zone: ZoneInfo, week_start: str, oldest: datetime | None
) -> tuple[datetime, datetime]:
    today = now.astimezone(zone).date()
    tomorrow = midnight(today + timedelta(days=1), zone)
    if name == "hour":
        end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        return end - timedelta(hours=1), end
    if name == "yesterday":
        return midnight(today - timedelta(days=1), zone), midnight(today, zone)
    if name in _DAYS:
        return midnight(today - timedelta(days=_DAYS[name] - 1), zone), tomorrow
    if name in {"week", "last-week"}:
        monday = window_start(now, Grain.WEEK, zone, week_start).astimezone(zone).date()
        first = monday if name == "week" else monday - timedelta(days=7)
        return midnight(first, zone), midnight(first + timedelta(days=7), zone)
    if name in {"month", "last-month"}:
        first = today.replace(day=1) if name == "month" else _add_months(today.replace(day=1), -1)
        return midnight(first, zone), midnight(_add_months(first, 1), zone)
    if name == "year":
        return midnight(date(today.year, 1, 1), zone), midnight(date(today.year + 1, 1, 1), zone)
    if name == "all":
        first_day = (oldest or now).astimezone(zone).date()
        return min(midnight(first_day, zone), midnight(today, zone)), tomorrow
    return midnight(today, zone), tomorrow


def _months_long(view: Range) -> int:
    """How many whole months of the calendar the range is; 0 where it is none."""
    first, last = (edge.astimezone(view.zone) for edge in (view.start, view.end))
    if first.day != 1 or last.day != 1:
        return 0
    return (last.year - first.year) * 12 + last.month - first.month


def stepped(view: Range, way: int) -> tuple[datetime, datetime] | None:
    """The range right before this one (``way`` -1) or right after it (1), equally long.

    Months go by months, days by the zone's days. None where time does not go so far: after now,
    or out of what can be typed.
    """
    if view.preset == "all" or (way > 0 and view.end > view.now):
        return None
    zone, length = view.zone, view.end - view.start
    try:
        midnights = at_midnight(view.start, zone) and at_midnight(view.end, zone)
        if midnights and (months := _months_long(view)):
            edges = [_shift(edge, zone, 0, -way * months) for edge in (view.start, view.end)]
        elif midnights:
            days = (view.end.astimezone(zone).date() - view.start.astimezone(zone).date()).days
            edges = [_shift(edge, zone, -way * days, 0) for edge in (view.start, view.end)]
        else:
            edges = [edge + way * length for edge in (view.start, view.end)]
    except (ValueError, OverflowError):
        return None
    return (edges[0], edges[1]) if edges[0] >= _FIRST and edges[1] <= LATEST else None


def auto_grain(start: datetime, end: datetime) -> Grain:
    """The grain that gives a chart between about 10 and 100 windows."""
    length = end - start
    if length <= timedelta(days=3):
        return Grain.HOUR
    if length <= timedelta(days=100):
        return Grain.DAY
    return Grain.WEEK if length <= timedelta(days=500) else Grain.MONTH


def _fixed(params: Mapping[str, str], zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """The typed range; a missing end is open. Raises UsageError where it is none."""
    start = read_typed_time(params["from"], zone)
    end = read_typed_time(params["to"], zone) if params.get("to") else None
    if end is None:
        end = min(max(now, start) + timedelta(minutes=1), LATEST)
    if end <= start:
        raise UsageError("the range ends before it begins")
    return start, end


def read(
    params: Mapping[str, str], defaults: Defaults, now: datetime, oldest: datetime | None = None
) -> Range:
    """The range a URL asks for; what cannot be used is left out and named in ``problems``."""
    problems: list[str] = []
    zone_name = params.get("zone", defaults.zone)
    try:
        zone = read_zone(zone_name)
    except UsageError:
        problems.append(f"The link names a zone that is unknown; times are in {defaults.zone}.")
        zone_name, zone = defaults.zone, ZoneInfo(defaults.zone)
    preset: str | None = params.get("range", defaults.preset)
    if preset is None or preset not in PRESETS:
        problems.append(
            f"The link names a range that is unknown; {PRESETS[defaults.preset]} is shown."
        )
        preset = defaults.preset
    start, end = _preset(preset, now, zone, defaults.week_start, oldest)
    if params.get("from"):
        try:
            start, end = _fixed(params, zone, now)
            preset = None
        except UsageError as error:
            problems.append(
                f"The link's range cannot be used ({error.what}); {PRESETS[preset or '']} is shown."
            )
    grain, by_hand = auto_grain(start, end), False
    if asked := params.get("grain"):
        try:
            grain, by_hand = Grain(asked), True
        except ValueError:
            problems.append("The link names a grain that is unknown; it was chosen by length.")
    compare = params.get("compare", defaults.compare)
    if compare not in COMPARISONS:
        problems.append("The link names a comparison that is unknown.")
        compare = defaults.compare
    return Range(
        preset,
        start.astimezone(UTC),
        end.astimezone(UTC),
        zone_name,
        grain,
        by_hand,
        compare,
        now,
        defaults.week_start,
        tuple(problems),
        oldest,
    )
