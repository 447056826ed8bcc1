"""Which day or week a report is of, on whose clock, and what it is compared with."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from vcanalytics.errors import UsageError
from vcanalytics.report.period import Kind, Period, period, read_date

#: A Sunday; in Kolkata it is Monday already.
NOW = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
OLDEST = datetime(2024, 1, 1, tzinfo=UTC)


def made(kind: Kind, day: date | None = None, zone: str = "UTC", **more: str) -> Period:
    told = {"week_start": "monday"} | more
    return period(kind, day, zone=ZoneInfo(zone), now=NOW, oldest=OLDEST, **told)


def days(one: Period) -> tuple[str, str]:
    edges = (one.start, one.end)
    first, last = (edge.astimezone(one.zone).isoformat()[:16] for edge in edges)
    return first, last


def test_by_itself_it_is_yesterday_and_the_last_whole_week() -> None:
    assert days(made(Kind.DAY)) == ("2026-11-21T00:00", "2026-11-22T00:00")
    assert days(made(Kind.WEEK)) == ("2026-11-09T00:00", "2026-11-16T00:00")
    assert days(made(Kind.DAY, zone="Asia/Kolkata")) == ("2026-11-22T00:00", "2026-11-23T00:00")
    assert days(made(Kind.WEEK, zone="Asia/Kolkata")) == ("2026-11-16T00:00", "2026-11-23T00:00")
    sundays = made(Kind.WEEK, week_start="sunday")
    assert days(sundays) == ("2026-11-15T00:00", "2026-11-22T00:00")
    assert not sundays.open


def test_days_are_those_of_the_clock_also_where_it_changes() -> None:
    short = made(Kind.DAY, date(2026, 3, 29), "Europe/Berlin")
    assert short.end - short.start == timedelta(hours=23)
    # The clocks go forward at midnight here: the day begins at one.
    assert days(made(Kind.DAY, date(2025, 9, 7), "America/Santiago"))[0] == "2025-09-07T01:00"
    week = made(Kind.WEEK, date(2026, 3, 29), "Europe/Berlin")
    assert week.end - week.start == timedelta(days=7, hours=-1)


def test_an_open_period_says_so_and_is_compared_up_to_the_same_time() -> None:
    one = made(Kind.DAY, date(2026, 11, 22))
    assert one.open
    assert one.so_far == "so far: until 19:00:00"
    assert [(against.name, against.span.until.isoformat()) for against in one.against] == [
        ("Sat 21", "2026-11-21T19:00:00+00:00"),
        ("Sun 15", "2026-11-15T19:00:00+00:00"),
    ]
    assert made(Kind.DAY).so_far == ""


def test_a_week_is_compared_with_the_one_before_and_with_last_year() -> None:
    names = [(one.name, one.spoken) for one in made(Kind.WEEK).against]
    assert names == [("2 Nov", "the week of 2 Nov"), ("2025", "the same days of 2025")]


def test_what_was_before_all_history_is_no_comparison() -> None:
    young = period(
        Kind.DAY,
        None,
        zone=ZoneInfo("UTC"),
        week_start="monday",
        now=NOW,
        oldest=datetime(2026, 11, 20, 9, tzinfo=UTC),
    )
    assert [one.name for one in young.against] == ["Fri 20"]


@pytest.mark.parametrize(
    ("kind", "day", "name"),
    [
        (Kind.DAY, date(2026, 11, 20), "Friday, 20 November 2026"),
        (Kind.WEEK, date(2026, 11, 20), "16 to 22 November 2026"),
        (Kind.WEEK, date(2026, 10, 1), "28 September to 4 October 2026"),
        (Kind.WEEK, date(2026, 1, 1), "29 December 2025 to 4 January 2026"),
    ],
)
def test_a_period_has_a_name_people_read(kind: Kind, day: date, name: str) -> None:
    assert made(kind, day).name == name


def test_what_has_not_begun_has_no_report() -> None:
    with pytest.raises(UsageError, match="2026-11-23 has not begun yet"):
        made(Kind.DAY, date(2026, 11, 23))
    assert made(Kind.WEEK, date(2026, 11, 22)).open


@pytest.mark.parametrize("text", ["", "today", "1999-12-31", "2100-01-01", "3000-01-01", "<b>"])
def test_a_date_is_one_that_is_kept(text: str) -> None:
    with pytest.raises(UsageError):
        read_date(text)
