"""What users do: counted once each, persons told apart, days and hours of any zone."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.analytics.moments import NOON, Row, ago, at, event, moment, only
from vcanalytics.analytics import activity, performance
from vcanalytics.analytics.engine import Engine
from vcanalytics.errors import UsageError
from vcanalytics.model.windows import Grain
from vcanalytics.store import Catalogue, Reader

UTC_ZONE = ZoneInfo("UTC")
DAY = timedelta(days=1)


def totals(engine: Engine, *rows: Row) -> dict[str, object]:
    answer = activity.totals(
        engine, moment(activity=rows), start=ago(hours=1), end=NOON + timedelta(hours=1)
    )
    return answer.row(0, named=True)


def test_figures_of_a_range(engine: Engine) -> None:
    assert totals(
        engine,
        event(NOON, "sign_up", "Ann@Example.com", source="users"),
        event(NOON, "sign_in", " ann@example.com ", source="users"),
        event(NOON, "vectorisation", "bob@example.com", source="user_uploads", outcome="done"),
        event(NOON, "vectorisation", "bob@example.com", source="user_uploads", outcome="failed"),
        event(NOON, "download", user_id=7),
        event(NOON, "download", ""),
        event(NOON, "admin_action"),
        # Who was refused was not there.
        event(NOON, "sign_in_failed", "eve@example.com", source="system_logs"),
        event(ago(hours=1, seconds=1), "download", "early@example.com"),
        event(NOON + timedelta(hours=1), "download", "late@example.com"),
    ) == {
        "people": 3,
        "events": 8,
        "sign_ups": 1,
        "sign_ins": 1,
        "vectorisations": 2,
        "failed": 1,
        "failure_rate": 0.5,
    }


def test_a_vectorisation_counts_by_the_record_of_uploads_alone(engine: Engine) -> None:
    """VectorCraft tells of it in its activities too, at a time and for a user of their own."""
    rows = [
        event(NOON, "vectorisation", "a@x", source="user_uploads", outcome="done"),
        event(ago(seconds=40), "vectorisation", "a@x", source="user_activities", outcome="done"),
        event(NOON, "vectorisation", source="system_logs", outcome="failed"),
    ]
    found = totals(engine, *rows)
    assert (found["vectorisations"], found["failed"], found["events"]) == (1, 0, 3)
    windows = activity.over_time(
        engine,
        moment(activity=rows),
        start=ago(hours=1),
        end=NOON + timedelta(hours=1),
        zone=UTC_ZONE,
        now=NOON,
        grain=Grain.HOUR,
    )
    assert windows["vectorisations"].to_list() == [0, 1]
    assert windows["failed"].to_list() == [0, 0]


def test_what_was_vectorised_is_the_same_figure_everywhere(
    engine: Engine, sample_db: Path, sample_dir: Path
) -> None:
    catalogue = Catalogue.open(sample_dir)
    snapshot = Reader(catalogue).snapshot(["activity"])
    start, end = at("2026-10-01T00:00:00"), at("2026-12-01T00:00:00")
    by_strategy = performance.strategies(engine, snapshot, start=start, end=end)
    with sqlite3.connect(sample_db) as source:
        [recorded] = source.execute(
            "SELECT count(*), count(*) FILTER (WHERE svg_filename IS NULL) FROM user_uploads"
        )
    source.close()
    assert by_strategy.select("count", "failed").sum().row(0) == recorded
    counts = ("vectorisations", "failed")
    whole = activity.totals(engine, snapshot, start=start, end=end)
    assert whole.select(counts).row(0) == recorded
    days = activity.over_time(
        engine, snapshot, start=start, end=end, zone=UTC_ZONE, now=NOON, grain=Grain.DAY
    )
    assert days.select(counts).sum().row(0) == recorded
    catalogue.close()


def test_nothing_has_no_rate(engine: Engine) -> None:
    found = totals(engine)
    assert (found["people"], found["events"], found["failure_rate"]) == (0, 0, None)


@pytest.mark.parametrize(
    ("first", "second", "events"),
    [
        # What a table of its own records and the log repeats is one event ...
        (("users", "sign_in", 0), ("user_activities", "sign_in", 5), 1),
        (("user_activities", "sign_in", -5), ("users", "sign_in", 0), 1),
        (("user_activities", "sign_in", 0), ("system_logs", "sign_in", 3), 1),
        # ... but not another time, another kind or another row of the same table.
        (("users", "sign_in", 0), ("user_activities", "sign_in", 6), 2),
        (("users", "sign_up", 0), ("user_activities", "sign_in", 0), 2),
        (("user_activities", "sign_in", 0), ("user_activities", "sign_in", 1), 2),
        (("users", "sign_in", 0), ("user_uploads", "sign_in", 0), 2),
    ],
)
def test_what_is_recorded_and_logged_besides_counts_once(
    engine: Engine, first: tuple[str, str, int], second: tuple[str, str, int], events: int
) -> None:
    rows = [
        event(NOON + timedelta(seconds=seconds), kind, "ann@example.com", source=source)
        for source, kind, seconds in (first, second)
    ]
    assert totals(engine, *rows)["events"] == events


def test_an_echo_needs_a_person_and_the_same_one(engine: Engine) -> None:
    assert (
        totals(
            engine,
            event(NOON, "sign_in", source="users"),
            event(NOON, "sign_in"),
            event(NOON, "sign_in", "ann@example.com", source="users"),
            event(NOON, "sign_in", "bob@example.com"),
        )["events"]
        == 4
    )


def test_an_echo_of_what_lies_just_outside_the_range_is_left_out(engine: Engine) -> None:
    start, end = ago(hours=1), NOON + timedelta(hours=1)
    assert (
        totals(
            engine,
            event(start - timedelta(seconds=2), "sign_in", "ann@example.com", source="users"),
            event(start + timedelta(seconds=2), "sign_in", "ann@example.com"),
            event(end - timedelta(seconds=1), "sign_in", "bob@example.com"),
            event(end + timedelta(seconds=1), "sign_in", "bob@example.com", source="users"),
        )["events"]
        == 0
    )


def test_the_feed_is_newest_first_bounded_and_by_kind(engine: Engine) -> None:
    snapshot = moment(
        activity=[
            event(ago(hours=24, seconds=1), "download", "ann@example.com"),
            event(ago(hours=2), "vectorisation", "Bob@example.com", outcome="failed"),
            event(ago(hours=1), "download", "ann@example.com", description="a file"),
            event(NOON + timedelta(minutes=4), "download", "ahead@example.com"),
            event(NOON + timedelta(minutes=6), "download", "far@example.com"),
        ]
    )
    answer = activity.feed(engine, snapshot, now=NOON)
    assert only(answer, "person", "kind", "outcome", "email", "description") == [
        ("ahead@example.com", "download", None, "ahead@example.com", None),
        ("ann@example.com", "download", None, "ann@example.com", "a file"),
        ("bob@example.com", "vectorisation", "failed", "Bob@example.com", None),
    ]
    assert activity.feed(engine, snapshot, now=NOON, limit=1).height == 1
    vectorised = activity.feed(engine, snapshot, now=NOON, kinds=["vectorisation"])
    assert vectorised["person"].to_list() == ["bob@example.com"]


def test_who_is_active_now_with_their_last_event(engine: Engine) -> None:
    snapshot = moment(
        activity=[
            event(ago(minutes=31), "sign_in", "gone@example.com"),
            event(ago(minutes=20), "sign_in", "ann@example.com"),
            event(ago(minutes=30), "sign_in", "bob@example.com", user_id=2, username="bob"),
            event(ago(minutes=2), "vectorisation", "ANN@example.com", outcome="done"),
            event(ago(minutes=1), "sign_in_failed", "eve@example.com"),
        ]
    )
    answer = activity.active_now(engine, snapshot, now=NOON)
    assert only(answer, "person", "last_at", "kind", "outcome", "events", "first_at") == [
        ("ann@example.com", ago(minutes=2), "vectorisation", "done", 2, ago(minutes=20)),
        ("bob@example.com", ago(minutes=30), "sign_in", None, 1, ago(minutes=30)),
    ]
    assert activity.active_now(engine, snapshot, now=NOON, limit=1).height == 1


def test_windows_count_people_once_each_and_are_given_when_empty(engine: Engine) -> None:
    upload = {"source": "user_uploads"}
    snapshot = moment(
        activity=[
            event(at("2026-11-20T09:10:00"), "vectorisation", "a@x", outcome="done", **upload),
            event(at("2026-11-20T09:20:00"), "vectorisation", "a@x", outcome="failed", **upload),
            event(at("2026-11-20T09:59:59"), "sign_up", "b@x"),
            event(at("2026-11-20T11:00:00"), "sign_in", "a@x"),
        ]
    )
    answer = activity.over_time(
        engine,
        snapshot,
        start=at("2026-11-20T09:00:00"),
        end=at("2026-11-20T12:30:00"),
        zone=UTC_ZONE,
        now=NOON,
        grain=Grain.HOUR,
    )
    assert answer.drop("window_start", "window_end").rows() == [
        ("2026-11-20T09:00:00+00:00", 2, 3, 1, 0, 2, 1, 0.5, True),
        ("2026-11-20T10:00:00+00:00", 0, 0, 0, 0, 0, 0, None, True),
        ("2026-11-20T11:00:00+00:00", 1, 1, 0, 1, 0, 0, None, True),
        ("2026-11-20T12:00:00+00:00", 0, 0, 0, 0, 0, 0, None, False),
    ]
    fitting = activity.over_time(
        engine, snapshot, start=ago(hours=1), end=NOON, zone=UTC_ZONE, now=NOON
    )
    assert fitting.height == 240


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 24 * 80), st.integers(1, 6)), max_size=60),
    st.integers(0, 40),
    st.sampled_from(["UTC", "Asia/Kolkata", "Europe/Berlin"]),
)
def test_actives_are_those_of_plain_python(
    engine: Engine, seen: list[tuple[int, int]], first: int, zone_name: str
) -> None:
    zone = ZoneInfo(zone_name)
    begin = at("2026-09-10T00:30:00")
    rows = [
        event(begin + timedelta(hours=hour), "download", f"p{who}@example.com")
        for hour, who in seen
    ]
    by_day: dict[date, set[int]] = defaultdict(set)
    for hour, who in seen:
        by_day[(begin + timedelta(hours=hour)).astimezone(zone).date()].add(who)

    def people(day: date, days: int) -> int:
        return len(set().union(*(by_day[day - i * DAY] for i in range(days))))

    start = begin + first * DAY
    answer = activity.actives(
        engine, moment(activity=rows), start=start, end=start + 40 * DAY, zone=zone, now=NOON
    )
    days = [date.fromisoformat(label[:10]) for label in answer["window_label"]]
    assert days[0] == start.astimezone(zone).date()
    last = (start + 40 * DAY - timedelta(seconds=1)).astimezone(zone).date()
    # Nothing from the end on counts, also where the last day goes on.
    cut = {day for day in days if day == last}
    for day, (of_day, of_week, of_month, stickiness) in zip(
        days,
        only(answer, "day_people", "week_people", "month_people", "stickiness"),
        strict=True,
    ):
        if day in cut:
            continue
        assert (of_day, of_week, of_month) == (people(day, 1), people(day, 7), people(day, 30))
        assert stickiness == (of_day / of_month if of_month else None)


def test_actives_of_a_day_that_is_still_open(engine: Engine) -> None:
    snapshot = moment(
        activity=[
            event(at("2026-10-22T00:00:00"), "download", "ann@x"),
            event(at("2026-10-21T23:59:59"), "download", "bob@x"),
            event(at("2026-11-14T10:00:00"), "download", "cyd@x"),
            event(at("2026-11-20T10:00:00"), "download", "ann@x"),
            event(at("2026-11-20T12:00:00"), "download", "late@x"),
        ]
    )
    answer = activity.actives(
        engine, snapshot, start=at("2026-11-19T18:00:00"), end=NOON, zone=UTC_ZONE, now=NOON
    )
    assert answer.drop("window_start", "window_end").rows() == [
        # Bob's day is the 30th before the 19th, no longer one of the 20th's.
        ("2026-11-19T00:00:00+00:00", 0, 1, 3, 0.0, True),
        ("2026-11-20T00:00:00+00:00", 1, 2, 2, 0.5, False),
    ]
    with pytest.raises(UsageError, match="more than 800 days"):
        activity.actives(
            engine, snapshot, start=NOON - 801 * DAY, end=NOON, zone=UTC_ZONE, now=NOON
        )


def test_heat_follows_the_wall_clock_through_a_change(engine: Engine) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    snapshot = moment(
        activity=[
            event(at("2026-10-25T02:30:00+02:00"), "download", "a@x"),
            event(at("2026-10-25T02:30:00+01:00"), "download", "a@x"),
            event(at("2026-10-26T23:59:59+01:00"), "download", "a@x"),
        ]
    )
    answer = activity.heat(
        engine,
        snapshot,
        start=at("2026-10-25T00:00:00+02:00"),
        end=at("2026-10-27T00:00:00+01:00"),
        zone=berlin,
    )
    assert answer.height == 168
    cells = {(day, hour): (events, hours) for day, hour, events, hours in answer.rows()}
    assert cells[(6, 2)] == (2, 2)
    assert cells[(0, 23)] == (1, 1)
    assert cells[(1, 0)] == (0, 0)
    assert sum(hours for _, hours in cells.values()) == 49

    rhythm = activity.by_hour(answer)
    assert rhythm["hour"].to_list() == list(range(24))
    assert rhythm.row(2) == (2, 2, 3)
    assert rhythm.row(23) == (23, 1, 2)
    assert rhythm["events"].sum() == 3


def test_heat_of_a_zone_between_the_hours(engine: Engine) -> None:
    snapshot = moment(activity=[event(at("2026-11-20T18:29:59"), "download", "a@x")])
    answer = activity.heat(
        engine, snapshot, start=NOON, end=NOON + DAY, zone=ZoneInfo("Asia/Kolkata")
    )
    # Friday, 23:59:59 in Kolkata.
    assert only(answer.filter(answer["events"] > 0), "weekday", "hour") == [(4, 23)]
