"""Windows for charts: a step that fits any range, edges that SQL counts in whole buckets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.moments import at, moment
from vcanalytics.analytics.spans import POINTS, fitting, spans, stream_spans
from vcanalytics.errors import UsageError
from vcanalytics.model.windows import Grain
from vcanalytics.store.state import to_micros

ZONES = st.sampled_from(
    ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "Australia/Lord_Howe"]
).map(ZoneInfo)
STARTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
#: From a second to eight years, evenly by their order of magnitude.
LENGTHS = st.floats(0, 8.4).map(lambda power: timedelta(seconds=round(10**power)))


@pytest.mark.parametrize(
    ("length", "step"),
    [
        (timedelta(minutes=5), timedelta(seconds=1)),
        (timedelta(minutes=5, seconds=1), timedelta(seconds=5)),
        (timedelta(hours=1), timedelta(seconds=15)),
        (timedelta(hours=24), timedelta(minutes=5)),
        (timedelta(days=7), Grain.HOUR),
        (timedelta(days=30), Grain.DAY),
        (timedelta(days=365), Grain.WEEK),
        (timedelta(days=365 * 30), Grain.MONTH),
    ],
)
def test_the_finest_step_that_fits(length: timedelta, step: Grain | timedelta) -> None:
    start = at("2026-11-20T00:00:00")
    assert fitting(start, start + length) == step


@given(STARTS, LENGTHS, ZONES)
def test_windows_cover_the_range_without_gap_in_whole_buckets(
    start: datetime, length: timedelta, zone: ZoneInfo
) -> None:
    found = spans(start, start + length, zone)
    windows = found.found
    assert windows[0].start <= start < windows[0].end
    assert windows[-1].start < start + length <= windows[-1].end
    assert all(left.end == right.start for left, right in pairwise(windows))
    # Clocks that change, and aligned edges, add a few windows to what fits.
    assert len(windows) <= POINTS + 4
    for row, window in zip(found.table.iter_rows(named=True), windows, strict=True):
        assert row["first_bucket"] * found.bucket_us == to_micros(window.start)
        assert row["next_bucket"] * found.bucket_us == to_micros(window.end)


def test_a_window_is_complete_inside_the_range_once_read_past() -> None:
    found = spans(
        at("2026-11-20T10:30:00"),
        at("2026-11-20T13:00:00"),
        ZoneInfo("UTC"),
        grain=Grain.HOUR,
        over=at("2026-11-20T12:30:00"),
    )
    # The first begins before the range, the last was not read to its end.
    assert found.table["complete"].to_list() == [False, True, False]


@pytest.mark.parametrize(
    ("read_at", "reading", "complete"),
    [
        ("2026-11-20T11:00:00", False, True),
        ("2026-11-20T10:59:59", False, False),
        ("2026-11-20T11:00:00", True, False),
        (None, False, False),
    ],
)
def test_a_stream_completes_its_windows_by_being_read(
    read_at: str | None, reading: bool, complete: bool
) -> None:
    snapshot = moment(read_at=at(read_at) if read_at else None, reading=reading)
    found = stream_spans(
        snapshot,
        "requests",
        at("2026-11-20T10:00:00"),
        at("2026-11-20T11:00:00"),
        ZoneInfo("UTC"),
        grain=Grain.HOUR,
        now=at("2026-11-20T12:00:00"),
    )
    assert found.table["complete"].to_list() == [complete]


def test_an_empty_range_has_no_windows() -> None:
    start = at("2026-11-20T10:00:00")
    assert spans(start, start, ZoneInfo("UTC"), grain=timedelta(seconds=1)).found == ()
    assert spans(start, start, ZoneInfo("UTC")).table.height == 0


def test_odd_steps_and_too_many_windows_are_refused() -> None:
    start = at("2026-11-20T10:00:00")
    with pytest.raises(UsageError, match="no window is"):
        spans(start, start + timedelta(hours=1), ZoneInfo("UTC"), grain=timedelta(seconds=7))
    with pytest.raises(UsageError, match="more than 100,000"):
        spans(start, start + timedelta(days=2), ZoneInfo("UTC"), grain=timedelta(seconds=1))
