"""Windows in any zone: aligned, without gap or overlap, right across every change of the clocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vcanalytics.errors import UsageError
from vcanalytics.model.windows import WEEKDAYS, WINDOWS_MAX, Grain, window_start, windows

ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
STARTS = st.datetimes(datetime(2000, 1, 2), datetime(2099, 6, 1), timezones=st.just(UTC))
GRAINS = st.sampled_from(list(Grain))
#: Half-hour changes, 45-minute offsets, a skipped day, changes at midnight, changes of standard
#: time, and one that has a change every few weeks (Morocco's Ramadan).
ODD_ZONES = [
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "America/Sao_Paulo",
    "America/Caracas",
    "Asia/Pyongyang",
    "Africa/Casablanca",
    "Antarctica/Troll",
    "Asia/Beirut",
    "America/St_Johns",
    "America/Havana",
    "Pacific/Kiritimati",
    "Asia/Gaza",
    "Antarctica/Casey",
    "Europe/Volgograd",
]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def labels(start: str, end: str, grain: Grain, zone: str, week_start: str = "monday") -> list[str]:
    found = windows(at(start), at(end), grain, ZoneInfo(zone), week_start)
    return [window.label.isoformat() for window in found]


def changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """Every moment of a year at which a zone's offset changes, to the second."""
    found = []
    for day in range(366):
        low = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day)
        high = low + timedelta(days=1)
        if low.astimezone(zone).utcoffset() == high.astimezone(zone).utcoffset():
            continue
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            if low.astimezone(zone).utcoffset() == middle.astimezone(zone).utcoffset():
                low = middle
            else:
                high = middle
        found.append(high.replace(microsecond=0))
    return found


def hold_together(start: datetime, end: datetime, grain: Grain, zone: ZoneInfo, week: str) -> None:
    found = windows(start, end, grain, zone, week)
    assert found[0].start <= start < found[0].end
    assert found[-1].start < end <= found[-1].end
    for left, right in pairwise(found):
        assert left.end == right.start
    for window in found:
        assert window.start < window.end
        assert window.label == window.start
        local = window.start.astimezone(zone)
        assert window.label.replace(tzinfo=None) == local.replace(tzinfo=None)
        last = window.end - timedelta(microseconds=1)
        for inside in (window.start, window.start + (window.end - window.start) / 2, last):
            assert window_start(inside, grain, zone, week) == window.start
        assert same_window(window.start.astimezone(zone), last.astimezone(zone), grain, week)
    for left, right in pairwise(found):
        assert not same_window(
            left.start.astimezone(zone), right.start.astimezone(zone), grain, week
        )


def same_window(one: datetime, other: datetime, grain: Grain, week_start: str) -> bool:
    """Whether two local times stand in one window by the calendar alone."""
    if grain is Grain.HOUR:
        return (one.date(), one.hour, one.utcoffset()) == (
            other.date(),
            other.hour,
            other.utcoffset(),
        )
    if grain is Grain.MONTH:
        return (one.year, one.month) == (other.year, other.month)
    if grain is Grain.WEEK:
        return week_of(one.date(), week_start) == week_of(other.date(), week_start)
    return one.date() == other.date()


def week_of(day: date, week_start: str) -> date:
    while day.weekday() != WEEKDAYS.index(week_start):
        day -= timedelta(days=1)
    return day


@given(STARTS, st.integers(1, 60 * 24 * 40), GRAINS, ZONES, st.sampled_from(WEEKDAYS))
@example(
    at("2026-04-04T00:00:00+00:00"), 3000, Grain.HOUR, ZoneInfo("Australia/Lord_Howe"), "monday"
)
@example(at("2011-12-28T00:00:00+00:00"), 9000, Grain.DAY, ZoneInfo("Pacific/Apia"), "friday")
def test_windows_cover_a_range_without_gap_or_overlap(
    start: datetime, minutes: int, grain: Grain, zone: ZoneInfo, week_start: str
) -> None:
    hold_together(start, start + timedelta(minutes=minutes), grain, zone, week_start)


@pytest.mark.parametrize("name", ODD_ZONES)
@pytest.mark.parametrize("year", [2009, 2011, 2018, 2026])
def test_windows_hold_around_every_change_of_odd_zones(name: str, year: int) -> None:
    zone = ZoneInfo(name)
    for change in changes(zone, year):
        for grain in Grain:
            for start in (change - timedelta(hours=5), change, change + timedelta(minutes=17)):
                hold_together(start, change + timedelta(hours=30), grain, zone, "sunday")


def test_hours_of_a_half_hour_zone_start_on_its_own_clock() -> None:
    assert labels(
        "2026-11-20T18:20:00+00:00", "2026-11-20T19:40:00+00:00", Grain.HOUR, "Asia/Kolkata"
    ) == ["2026-11-20T23:00:00+05:30", "2026-11-21T00:00:00+05:30", "2026-11-21T01:00:00+05:30"]


def test_a_repeated_hour_is_two_windows() -> None:
    assert labels(
        "2026-10-24T23:00:00+00:00", "2026-10-25T03:00:00+00:00", Grain.HOUR, "Europe/Berlin"
    ) == [
        "2026-10-25T01:00:00+02:00",
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]


def test_a_skipped_hour_is_no_window() -> None:
    assert labels(
        "2026-03-29T00:00:00+00:00", "2026-03-29T02:00:00+00:00", Grain.HOUR, "Europe/Berlin"
    ) == ["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"]


def test_lord_howes_half_hour_back_is_a_window_of_its_own() -> None:
    # At 02:00 (+11) the clocks go back to 01:30 (+10:30): half an hour is repeated.
    assert labels(
        "2026-04-04T14:00:00+00:00", "2026-04-04T16:30:00+00:00", Grain.HOUR, "Australia/Lord_Howe"
    ) == [
        "2026-04-05T01:00:00+11:00",
        "2026-04-05T01:30:00+10:30",
        "2026-04-05T02:00:00+10:30",
    ]


def test_lord_howes_half_hour_forward_starts_within_an_hour() -> None:
    # At 02:00 (+10:30) the clocks go to 02:30 (+11).
    assert labels(
        "2026-10-03T14:30:00+00:00", "2026-10-03T17:00:00+00:00", Grain.HOUR, "Australia/Lord_Howe"
    ) == [
        "2026-10-04T01:00:00+10:30",
        "2026-10-04T02:30:00+11:00",
        "2026-10-04T03:00:00+11:00",
    ]


def test_days_of_23_and_25_hours_are_days() -> None:
    zone = ZoneInfo("Europe/Berlin")
    spring = windows(
        at("2026-03-28T23:00:00+00:00"), at("2026-03-29T22:00:00+00:00"), Grain.DAY, zone
    )
    autumn = windows(
        at("2026-10-24T22:00:00+00:00"), at("2026-10-25T23:00:00+00:00"), Grain.DAY, zone
    )
    assert [window.end - window.start for window in spring] == [timedelta(hours=23)]
    assert [window.end - window.start for window in autumn] == [timedelta(hours=25)]


def test_a_day_that_begins_after_midnight() -> None:
    # Clocks went from 00:00 to 01:00 in Sao Paulo: the day has no midnight.
    assert labels(
        "2018-11-03T03:00:00+00:00", "2018-11-05T02:00:00+00:00", Grain.DAY, "America/Sao_Paulo"
    ) == ["2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00"]


def test_samoas_skipped_day_has_no_window() -> None:
    assert labels(
        "2011-12-29T10:00:00+00:00", "2011-12-31T10:00:01+00:00", Grain.DAY, "Pacific/Apia"
    ) == ["2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"]


def test_weeks_start_where_the_operator_says() -> None:
    span = ("2026-11-20T00:00:00+00:00", "2026-11-23T00:00:00+00:00", Grain.WEEK, "UTC")
    assert labels(*span) == ["2026-11-16T00:00:00+00:00"]
    assert labels(*span, "sunday") == ["2026-11-15T00:00:00+00:00", "2026-11-22T00:00:00+00:00"]
    assert labels(*span, "saturday") == ["2026-11-14T00:00:00+00:00", "2026-11-21T00:00:00+00:00"]


def test_months_of_the_operators_zone() -> None:
    assert labels(
        "2026-01-31T20:00:00+00:00", "2026-03-01T00:00:00+00:00", Grain.MONTH, "Asia/Kolkata"
    ) == ["2026-02-01T00:00:00+05:30", "2026-03-01T00:00:00+05:30"]


def test_an_empty_range_has_no_window() -> None:
    moment = at("2026-11-20T00:00:00+00:00")
    for grain in Grain:
        assert windows(moment, moment, grain, ZoneInfo("UTC")) == []
        assert windows(moment, moment - timedelta(days=1), grain, ZoneInfo("UTC")) == []


def test_a_century_of_hours_is_refused_and_of_days_is_not() -> None:
    start, end = at("2000-01-01T00:00:00+00:00"), at("2100-01-01T00:00:00+00:00")
    with pytest.raises(UsageError, match="more than 100,000 windows"):
        windows(start, end, Grain.HOUR, ZoneInfo("Asia/Kolkata"))
    assert WINDOWS_MAX > len(windows(start, end, Grain.DAY, ZoneInfo("Asia/Kolkata"))) > 36_000


def test_ranges_given_with_an_offset_are_the_same_ranges() -> None:
    zone = ZoneInfo("Asia/Kolkata")
    plain = windows(
        at("2026-11-19T18:30:00+00:00"), at("2026-11-20T18:30:00+00:00"), Grain.DAY, zone
    )
    local = windows(
        at("2026-11-20T00:00:00+05:30"), at("2026-11-21T00:00:00+05:30"), Grain.DAY, zone
    )
    assert plain == local
    assert all(window.start.tzinfo is UTC for window in local)
