"""The course of an alert's figure: bounded, by the questions of the replay, worst of each step."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.alerts.conftest import NOW
from tests.alerts.test_noticed import Watched, failing, only
from vcanalytics.alerts.course import LENGTH_MAX, POINTS_MAX, Point, around, course, worst
from vcanalytics.alerts.moment import Moment, Told
from vcanalytics.alerts.rules import Rule, read_rules
from vcanalytics.analytics.engine import Engine
from vcanalytics.errors import BudgetExceeded, UsageError
from vcanalytics.rules_file import RulesFile

RULES = read_rules(RulesFile.read()).by_name


def test_it_begins_some_windows_before_and_ends_now_or_an_hour_after_the_end() -> None:
    rule = RULES["failure_rate"]
    fired, now = NOW, NOW + timedelta(minutes=3)
    assert around(rule, fired, None, now) == (fired - timedelta(minutes=30), now)
    over = fired + timedelta(minutes=20)
    later = fired + timedelta(days=2)
    assert around(rule, fired, over, later)[1] == over + timedelta(hours=1)
    assert around(rule, fired, fired, now)[1] == now
    # What goes on for a month is told of its first days.
    start, end = around(rule, fired, None, fired + timedelta(days=30))
    assert end - start == LENGTH_MAX
    # A clock that was set back leaves something to look at.
    start, end = around(rule, fired, None, fired - timedelta(days=1))
    assert end > start


def test_a_burst_is_seen_where_it_was_and_no_course_has_too_many_points(
    folder: Path, engine: Engine
) -> None:
    with Watched(folder, engine, only(folder, "failure_rate")) as watched:
        failing(watched.shop, watched.now, 12)
        watched.read()
        rule = RULES["failure_rate"]

        def asked(
            start: datetime, end: datetime, of: Rule = rule, by: Engine = engine
        ) -> tuple[tuple[datetime, float | None, str], ...]:
            moment = Moment(
                by,
                watched.reader.snapshot(),
                end,
                Told.of(watched.settings),
                watched.journal.read,
            )
            found = course(moment, of, "", start, end)
            assert len(found) <= POINTS_MAX
            return tuple((point.at, point.value, point.told) for point in found)

        points = asked(NOW - timedelta(minutes=40), NOW + timedelta(minutes=20))
        assert [at for at, _, _ in points] == [NOW + timedelta(minutes=m) for m in range(-39, 21)]
        worst = max((value or 0.0, at, told) for at, value, told in points)
        assert worst[0] > 90
        assert NOW <= worst[1] <= NOW + timedelta(minutes=5)
        assert "12 failed of " in worst[2]
        assert {value for at, value, _ in points if at < NOW - timedelta(minutes=5)} <= {0.0, None}

        # Of a week each point is the worst of its steps: the burst of two minutes stands out.
        week = asked(NOW - timedelta(days=6), NOW + timedelta(days=1))
        assert max(value or 0.0 for _, value, _ in week) > 90

        # A window that divides neither day nor week is stepped through all the same.
        odd = rule.model_copy(
            update={"window": timedelta(minutes=7), "wider": None, "narrower": ()}
        )
        assert asked(NOW - timedelta(hours=1), NOW, odd)

        with pytest.raises(UsageError, match="stream_lag is known of this moment alone"):
            asked(NOW - timedelta(hours=1), NOW, RULES["stream_late"])
        with pytest.raises(BudgetExceeded):
            asked(NOW - timedelta(hours=1), NOW, by=engine.hurried(0.0))
        # The engine itself is in no hurry.
        assert asked(NOW - timedelta(hours=1), NOW)


def test_of_several_steps_the_worst_by_the_rule_stands() -> None:
    steps = [
        Point(NOW + timedelta(minutes=minute), value, None, "")
        for minute, value in enumerate((None, 40.0, 90.0, 3.0, None))
    ]
    assert worst(RULES["cpu"], steps).value == 90.0
    # Days until a disk is full: fewer are worse.
    assert worst(RULES["disk_filling"], steps).value == 3.0
    nothing = [steps[0], steps[-1]]
    assert worst(RULES["cpu"], nothing) is nothing[0]


def test_questions_of_a_hurried_engine_share_one_budget() -> None:
    patient = Engine(30.0, concurrent_max=1)
    try:
        hurried = patient.hurried(0.05)
        assert hurried.ask("SELECT 1 AS one")["one"].item() == 1
        began = time.monotonic()
        with pytest.raises(BudgetExceeded):
            hurried.ask("SELECT count(*) FROM range(10_000_000_000) a")
        with pytest.raises(BudgetExceeded):
            hurried.ask("SELECT count(*) FROM range(10_000_000_000) a")
        assert time.monotonic() - began < 5
        assert patient.ask("SELECT 2 AS two")["two"].item() == 2
    finally:
        patient.close()
