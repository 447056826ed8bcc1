"""Reading times: naive local ones, offsets, overlaps, gaps, and what is no time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcanalytics.errors import UsageError
from vcanalytics.model.times import in_zone, read_instant, read_typed_time, read_zone, resolve

BERLIN = ZoneInfo("Europe/Berlin")
KOLKATA = ZoneInfo("Asia/Kolkata")
ZONES = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-20 18:42:08", "2026-11-20T18:42:08+00:00"),
        ("2026-11-20T18:42:08", "2026-11-20T18:42:08+00:00"),
        ("2026-11-20T18:42:08.123456", "2026-11-20T18:42:08.123456+00:00"),
        ("2026-11-20T18:42:08Z", "2026-11-20T18:42:08+00:00"),
        ("2026-11-20T18:42:08+05:30", "2026-11-20T13:12:08+00:00"),
        (" 2026-11-20 18:42 ", "2026-11-20T18:42:00+00:00"),
        ("9999-12-31 23:59:59", "9999-12-31T23:59:59+00:00"),
    ],
)
def test_utc_columns(text: str, instant: str) -> None:
    assert read_instant(text) == at(instant)


@pytest.mark.parametrize(
    "cell",
    [
        None,
        "",
        "now",
        "20261120",
        "20261120T184208",
        "2026-13-01 00:00:00",
        "2026-02-30 00:00:00",
        "2026-11-20 25:00:00",
        "0000-00-00 00:00:00",
        "1969-12-31 23:59:59",
        "2026-W47-5",
        "20/11/2026 18:42",
        1_763_664_128,
        1_763_664_128.5,
        b"2026-11-20 18:42:08",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-11-20 18:42:08; DROP TABLE",
    ],
)
def test_what_is_no_time(cell: object) -> None:
    assert read_instant(cell) is None


def test_naive_local_time_is_in_the_sources_zone() -> None:
    assert read_instant("2026-11-20 18:42:08.5", KOLKATA) == at("2026-11-20T13:12:08.5+00:00")
    assert read_instant(datetime(2026, 7, 1, 12), BERLIN) == at("2026-07-01T10:00:00+00:00")
    # An offset means what it says, whatever the zone.
    assert read_instant("2026-07-01 12:00:00+00:00", BERLIN) == at("2026-07-01T12:00:00+00:00")


def test_in_an_overlap_the_earlier_offset_counts() -> None:
    assert read_instant("2026-10-25 02:30:00", BERLIN) == at("2026-10-25T00:30:00+00:00")


def test_in_a_gap_time_moves_forward() -> None:
    # 02:30 does not exist in Berlin on that night: it is 03:30 CEST.
    instant = read_instant("2026-03-29 02:30:00", BERLIN)
    assert instant == at("2026-03-29T01:30:00+00:00")
    assert in_zone(instant, BERLIN).isoformat() == "2026-03-29T03:30:00+02:00"


def test_a_day_that_a_zone_skipped_moves_to_the_next() -> None:
    apia = ZoneInfo("Pacific/Apia")
    instant = resolve(datetime(2011, 12, 30), apia)
    assert in_zone(instant, apia).isoformat() == "2011-12-31T00:00:00+14:00"


@given(MOMENTS, ZONES)
def test_resolving_a_wall_clock_gives_it_back_or_moves_it_forward(
    naive: datetime, zone: ZoneInfo
) -> None:
    instant = resolve(naive, zone)
    shown = in_zone(instant, zone).replace(tzinfo=None)
    assert shown >= naive
    earlier = naive.replace(tzinfo=zone, fold=0).utcoffset()
    later = naive.replace(tzinfo=zone, fold=1).utcoffset()
    assert earlier is not None
    assert later is not None
    if earlier >= later:  # an ordinary time or an overlap
        assert shown == naive
        assert instant == naive.replace(tzinfo=timezone(earlier))
    else:  # a gap
        assert shown - naive == later - earlier


@given(MOMENTS, ZONES)
def test_an_instant_shown_in_a_zone_is_the_same_instant(naive: datetime, zone: ZoneInfo) -> None:
    instant = naive.replace(tzinfo=UTC)
    shown = in_zone(instant, zone)
    assert shown == instant
    assert datetime.fromisoformat(shown.isoformat()) == instant
    assert shown.isoformat()[:26] == instant.astimezone(zone).isoformat()[:26]


@given(st.text() | st.datetimes().map(str) | st.integers() | st.floats() | st.binary(), ZONES)
def test_any_cell_is_read_or_none(cell: object, zone: ZoneInfo) -> None:
    instant = read_instant(cell, zone)
    assert instant is None or (instant.utcoffset() == timedelta() and instant.year >= 1970)


def test_zones_are_the_databases() -> None:
    assert read_zone("Asia/Kolkata") == KOLKATA
    for name in ("Mars/Olympus", "", "../../etc/passwd", "/etc/localtime", "asia/kolkata", "\0"):
        with pytest.raises(UsageError, match="unknown time zone"):
            read_zone(name)


def test_typed_times() -> None:
    assert read_typed_time("2026-11-20", KOLKATA) == at("2026-11-19T18:30:00+00:00")
    assert read_typed_time(" 2026-11-20T18:42 ", UTC) == at("2026-11-20T18:42:00+00:00")
    assert read_typed_time("2026-11-20 18:42+02:00", KOLKATA) == at("2026-11-20T16:42:00+00:00")
    assert read_typed_time("2099-12-31", UTC) == at("2099-12-31T00:00:00+00:00")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("yesterday", "is not a time"),
        ("", "is not a time"),
        ("2026-02-30", "is not a time"),
        ("1999-12-31", "is out of range"),
        ("2100-01-02", "is out of range"),
        ("0001-01-01", "(is out of range|is not a time)"),
        ("9999-12-31T23:59", "(is out of range|is not a time)"),
    ],
)
def test_typed_nonsense_is_refused(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        read_typed_time(text, KOLKATA)
