"""The range of a page: presets in a zone, what they are compared with, what a URL says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vcanalytics.display import ranges
from vcanalytics.display.ranges import Defaults, Range, read
from vcanalytics.model.times import LATEST
from vcanalytics.model.windows import Grain

NOW = datetime(2026, 11, 20, 13, 30, 15, tzinfo=UTC)  # a Friday
OLDEST = datetime(2026, 10, 8, 5, tzinfo=UTC)
ZONES = ["UTC", "Asia/Kolkata", "America/New_York", "Pacific/Chatham", "America/Havana"]


def view(moment: datetime = NOW, /, **params: str) -> Range:
    """The range of a URL; ``from_`` stands for ``from``."""
    said = {key.rstrip("_"): value for key, value in params.items()}
    return read(said, Defaults(), moment, OLDEST)


def local(instant: datetime, zone: str = "UTC") -> str:
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def bounds(found: Range) -> tuple[str, str]:
    return local(found.start, found.zone_name), local(found.end, found.zone_name)


@pytest.mark.parametrize(
    ("preset", "start", "end"),
    [
        ("hour", "2026-11-20 12:31", "2026-11-20 13:31"),
        ("today", "2026-11-20 00:00", "2026-11-21 00:00"),
        ("yesterday", "2026-11-19 00:00", "2026-11-20 00:00"),
        ("7d", "2026-11-14 00:00", "2026-11-21 00:00"),
        ("30d", "2026-10-22 00:00", "2026-11-21 00:00"),
        ("90d", "2026-08-23 00:00", "2026-11-21 00:00"),
        ("week", "2026-11-16 00:00", "2026-11-23 00:00"),
        ("last-week", "2026-11-09 00:00", "2026-11-16 00:00"),
        ("month", "2026-11-01 00:00", "2026-12-01 00:00"),
        ("last-month", "2026-10-01 00:00", "2026-11-01 00:00"),
        ("year", "2026-01-01 00:00", "2027-01-01 00:00"),
        ("all", "2026-10-08 00:00", "2026-11-21 00:00"),
    ],
)
def test_each_preset_spans_what_it_says(preset: str, start: str, end: str) -> None:
    found = view(range=preset)
    assert bounds(found) == (start, end)
    assert found.problems == ()
    assert found.name == ranges.PRESETS[preset]


def test_every_preset_is_among_the_tested() -> None:
    assert len(ranges.PRESETS) == 12


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Asia/Kolkata", "2026-11-21"), ("America/New_York", "2026-11-20"), ("UTC", "2026-11-20")],
)
def test_today_is_the_zones_own(zone: str, day: str) -> None:
    found = view(datetime(2026, 11, 20, 20, tzinfo=UTC), range="today", zone=zone)
    assert bounds(found)[0] == f"{day} 00:00"


@pytest.mark.parametrize(
    ("zone", "noon", "hours"),
    [
        ("America/New_York", datetime(2026, 3, 8, 17, tzinfo=UTC), 23),
        ("America/New_York", datetime(2026, 11, 1, 17, tzinfo=UTC), 25),
        ("Australia/Lord_Howe", datetime(2026, 10, 4, 1, tzinfo=UTC), 23.5),
        # These two change their clocks at midnight itself.
        ("Asia/Beirut", datetime(2026, 3, 29, 10, tzinfo=UTC), 23),
        ("America/Havana", datetime(2026, 11, 1, 17, tzinfo=UTC), 25),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: str, noon: datetime, hours: float) -> None:
    found = view(noon, range="today", zone=zone)
    assert found.end - found.start == timedelta(hours=hours)
    assert found.start <= noon < found.end


@pytest.mark.parametrize(
    ("first", "start"), [("monday", "16"), ("sunday", "15"), ("saturday", "14")]
)
def test_a_week_begins_on_the_operators_day(first: str, start: str) -> None:
    found = read({"range": "week"}, Defaults(week_start=first), NOW)
    assert bounds(found)[0] == f"2026-11-{start} 00:00"


@pytest.mark.parametrize(
    ("params", "start", "end", "until"),
    [
        # Open ranges are cut where the subject stands now: like for like.
        ({"range": "today"}, "2026-11-19 00:00", "2026-11-20 00:00", "2026-11-19 13:30"),
        (
            {"range": "today", "compare": "week"},
            "2026-11-13 00:00",
            "2026-11-14 00:00",
            "2026-11-13 13:30",
        ),
        (
            {"range": "today", "compare": "year"},
            "2025-11-20 00:00",
            "2025-11-21 00:00",
            "2025-11-20 13:30",
        ),
        ({"range": "yesterday"}, "2026-11-18 00:00", "2026-11-19 00:00", "2026-11-19 00:00"),
        ({"range": "7d"}, "2026-11-07 00:00", "2026-11-14 00:00", "2026-11-13 13:30"),
        ({"range": "30d"}, "2026-09-22 00:00", "2026-10-22 00:00", "2026-10-21 13:30"),
        (
            {"range": "30d", "compare": "week"},
            "2026-09-17 00:00",
            "2026-10-17 00:00",
            "2026-10-16 13:30",
        ),
        ({"range": "month"}, "2026-10-01 00:00", "2026-11-01 00:00", "2026-10-20 13:30"),
        ({"range": "last-month"}, "2026-09-01 00:00", "2026-10-01 00:00", "2026-10-01 00:00"),
        ({"range": "year"}, "2025-01-01 00:00", "2026-01-01 00:00", "2025-11-20 13:30"),
        ({"range": "hour"}, "2026-11-20 11:31", "2026-11-20 12:31", "2026-11-20 12:30"),
        (
            {"from_": "2026-11-03T10:00", "to": "2026-11-03T16:00"},
            "2026-11-03 04:00",
            "2026-11-03 10:00",
            "2026-11-03 10:00",
        ),
    ],
)
def test_a_range_is_compared_like_for_like(
    params: dict[str, str], start: str, end: str, until: str
) -> None:
    against = view(**params).against()
    assert against is not None
    assert (local(against.start), local(against.end), local(against.until)) == (start, end, until)


def test_the_last_of_a_long_month_is_compared_with_no_more_than_a_short_one() -> None:
    against = view(datetime(2026, 3, 31, 12, tzinfo=UTC), range="month").against()
    assert against is not None
    assert local(against.start) == "2026-02-01 00:00"
    assert local(against.until) <= local(against.end) == "2026-03-01 00:00"


def test_the_same_time_yesterday_is_a_time_on_the_wall() -> None:
    """The day after the clocks went back, ten o'clock is compared with ten o'clock."""
    zone = "America/New_York"
    now = datetime(2026, 11, 2, 15, tzinfo=UTC)
    against = view(now, range="today", zone=zone).against()
    assert against is not None
    assert local(against.until, zone) == "2026-11-01 10:00"
    assert against.end - against.start == timedelta(hours=25)


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 11, 1, 6, 30, tzinfo=UTC),
        datetime(2026, 11, 1, 7, 30, tzinfo=UTC),
        datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
        datetime(2026, 3, 8, 8, 30, tzinfo=UTC),
    ],
)
def test_an_hour_is_compared_with_the_hour_before_also_while_clocks_change(now: datetime) -> None:
    found = view(now, range="hour", zone="America/New_York")
    against = found.against()
    assert against is not None
    assert (against.start, against.end) == (found.start - timedelta(hours=1), found.start)


@pytest.mark.parametrize("params", [{"range": "all"}, {"range": "today", "compare": "none"}])
def test_some_ranges_are_compared_with_nothing(params: dict[str, str]) -> None:
    assert view(**params).against() is None


def test_a_comparison_from_before_the_history_is_not_whole() -> None:
    def whole(**params: str) -> bool:
        against = view(**params).against()
        assert against is not None
        return against.whole

    assert whole(range="7d")
    assert not whole(range="30d")
    # The first day of a shop counts: it did not open at midnight.
    assert whole(from_="2026-10-09", to="2026-10-10")
    assert not whole(from_="2026-10-08", to="2026-10-09")
    unknown = read({"range": "7d"}, Defaults(), NOW).against()
    assert unknown is not None
    assert not unknown.whole


@pytest.mark.parametrize(
    ("length", "grain"),
    [
        (timedelta(hours=1), Grain.HOUR),
        (timedelta(days=3), Grain.HOUR),
        (timedelta(days=3, seconds=1), Grain.DAY),
        (timedelta(days=100), Grain.DAY),
        (timedelta(days=101), Grain.WEEK),
        (timedelta(days=500), Grain.WEEK),
        (timedelta(days=501), Grain.MONTH),
    ],
)
def test_the_grain_follows_the_length(length: timedelta, grain: Grain) -> None:
    assert ranges.auto_grain(NOW, NOW + length) is grain


def test_a_grain_by_hand_stays() -> None:
    found = view(range="30d", grain="hour")
    assert (found.grain, found.grain_by_hand) == (Grain.HOUR, True)
    assert not view(range="30d").grain_by_hand
    assert view(range="30d", grain="week").params()["grain"] == "week"


@pytest.mark.parametrize(
    ("params", "named", "kept"),
    [
        ({"range": "fortnight", "zone": "Asia/Tokyo"}, "range", {"zone_name": "Asia/Tokyo"}),
        ({"zone": "../etc", "range": "7d"}, "zone", {"preset": "7d", "zone_name": "UTC"}),
        ({"grain": "eon", "range": "7d"}, "grain", {"preset": "7d", "grain": Grain.DAY}),
        ({"compare": "x", "range": "7d"}, "comparison", {"preset": "7d", "compare": "previous"}),
        ({"from_": "soon", "range": "7d"}, "'soon' is not a time", {"preset": "7d"}),
        ({"from_": "2026-11-20", "to": "2026-11-20"}, "ends before it begins", {"preset": "today"}),
        ({"from_": "1999-01-01", "to": "2026-11-20"}, "out of range", {"preset": "today"}),
        ({"from_": "2026-11-20", "to": "later"}, "'later' is not a time", {"preset": "today"}),
    ],
)
def test_the_part_of_a_url_that_cannot_be_used_is_named(
    params: dict[str, str], named: str, kept: dict[str, object]
) -> None:
    found = view(**params)
    (problem,) = found.problems
    assert named in problem
    assert {name: getattr(found, name) for name in kept} == kept


def test_all_that_is_wrong_is_named() -> None:
    assert len(view(range="x", zone="x", grain="x", compare="x", from_="x").problems) == 5


@given(st.dictionaries(st.sampled_from(ranges.KEYS), st.text(max_size=20)))
def test_no_url_breaks_a_page(params: dict[str, str]) -> None:
    found = read(params, Defaults(), NOW, OLDEST)
    assert found.start < found.end
    assert found.extent
    assert found.spoken
    found.against()


def test_an_end_that_is_not_given_is_now() -> None:
    found = view(from_="2026-11-20T09:00")
    assert found.preset is None
    assert found.start < NOW < found.end <= NOW + timedelta(minutes=1)
    assert found.open


_INSTANTS = st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)).map(
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)


@given(_INSTANTS, st.timedeltas(timedelta(seconds=1), timedelta(days=800)), st.sampled_from(ZONES))
@example(datetime(2026, 11, 1, 5, 30, tzinfo=UTC), timedelta(hours=1), "America/New_York")
@example(datetime(2026, 11, 1, 4, tzinfo=UTC), timedelta(hours=1), "America/Havana")
def test_a_link_to_a_fixed_range_leads_to_the_same_range(
    start: datetime, length: timedelta, zone: str
) -> None:
    """Also where the wall clock says the same time twice."""
    end = min(start + timedelta(seconds=int(length.total_seconds())), LATEST)
    first = view(
        from_=start.isoformat(), to=end.isoformat(), zone=zone, compare="week", grain="week"
    )
    assert (first.start, first.end) == (start, end)

    again = read(first.params(), Defaults(), NOW, OLDEST)

    assert again == first


@given(st.sampled_from(sorted(ranges.PRESETS)), st.sampled_from(ZONES), _INSTANTS)
def test_a_link_to_a_preset_leads_to_the_same_range(preset: str, zone: str, now: datetime) -> None:
    first = view(now, range=preset, zone=zone, compare="year")
    assert read(first.params(), Defaults(), now, OLDEST) == first
    assert first.problems == ()


@given(
    st.sampled_from(sorted(set(ranges.PRESETS) - {"hour"})),
    st.sampled_from(ZONES),
    st.sampled_from(sorted(ranges.COMPARISONS)),
    _INSTANTS,
)
def test_what_a_range_is_compared_with_lies_before_it(
    preset: str, zone: str, compare: str, now: datetime
) -> None:
    found = view(now, range=preset, zone=zone, compare=compare)
    against = found.against()
    if against is None:
        assert compare == "none" or preset == "all"
        return
    assert against.start < against.end <= found.start
    assert against.start <= against.until <= against.end
    assert against.label


@pytest.mark.parametrize(
    ("params", "extent", "spoken"),
    [
        ({"range": "today"}, "to 13:30", "today"),
        ({"range": "yesterday"}, "19 Nov", "yesterday"),
        ({"range": "hour"}, "12:31 to 13:30", "from 12:31 to 13:30"),
        ({"range": "7d"}, "14 Nov to 20 Nov", "from 14 Nov to 20 Nov"),
        ({"range": "all"}, "since 8 Oct 2026", "since 8 Oct 2026"),
        ({"from_": "2025-11-20", "to": "2025-11-21"}, "20 Nov 2025", "from 20 Nov 2025"),
        (
            {"from_": "2026-11-20T09:00", "to": "2026-11-20T10:30"},
            "09:00:00 to 10:30:00",
            "from 09:00:00 to 10:30:00",
        ),
    ],
)
def test_the_range_in_words(params: dict[str, str], extent: str, spoken: str) -> None:
    found = view(**params)
    assert (found.extent, found.spoken) == (extent, spoken)


@pytest.mark.parametrize(
    ("params", "earlier"),
    [
        ({"range": "today"}, ("2026-11-19 00:00", "2026-11-20 00:00")),
        ({"range": "hour"}, ("2026-11-20 11:31", "2026-11-20 12:31")),
        ({"range": "7d"}, ("2026-11-07 00:00", "2026-11-14 00:00")),
        ({"range": "month"}, ("2026-10-01 00:00", "2026-11-01 00:00")),
        ({"from_": "2026-03-01", "to": "2026-04-01"}, ("2026-02-01 00:00", "2026-03-01 00:00")),
        ({"from_": "2024-01-01", "to": "2025-01-01"}, ("2023-01-01 00:00", "2024-01-01 00:00")),
        # The day before the clocks went on is 24 hours long, this one 23.
        (
            {"from_": "2026-03-08", "to": "2026-03-09", "zone": "America/New_York"},
            ("2026-03-07 00:00", "2026-03-08 00:00"),
        ),
    ],
)
def test_one_range_earlier(params: dict[str, str], earlier: tuple[str, str]) -> None:
    found = view(**params)
    stepped = ranges.stepped(found, -1)
    assert stepped is not None
    assert (local(stepped[0], found.zone_name), local(stepped[1], found.zone_name)) == earlier


@given(
    zone=st.sampled_from(ZONES),
    preset=st.sampled_from([name for name in ranges.PRESETS if name != "all"]),
)
def test_earlier_and_later_again_is_where_one_was(zone: str, preset: str) -> None:
    found = view(range=preset, zone=zone)
    before = ranges.stepped(found, -1)
    assert before is not None
    assert before[1] == found.start
    back = ranges.stepped(replace(found, preset=None, start=before[0], end=before[1]), 1)
    assert back == (found.start, found.end)


def test_no_step_into_the_future_or_out_of_all_time() -> None:
    assert ranges.stepped(view(range="today"), 1) is None
    assert ranges.stepped(view(range="all"), -1) is None
    assert ranges.stepped(view(from_="2000-01-01", to="2000-02-01"), -1) is None
    assert ranges.stepped(view(from_="2001-01-02", to="2026-01-01"), -1) is None
