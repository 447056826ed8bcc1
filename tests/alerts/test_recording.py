"""Alerts of what stands: told once, not in a silence, not while it flaps, never ten thousand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vcanalytics.alerts.judging import Reading
from vcanalytics.alerts.recording import OTHERS, REOPENED_WITHIN, Recorder
from vcanalytics.alerts.rules import Rule
from vcanalytics.alerts.standing import RuleStanding
from vcanalytics.journal import Journal, alert_events, alert_writing, alerts, rule_states, silences
from vcanalytics.journal.alert_records import Alert, AlertFilters, AlertState

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
STEP = timedelta(seconds=10)
MINUTE = timedelta(minutes=1)


class Watch:
    """One rule over a real journal; its readings are given by hand."""

    def __init__(self, journal: Journal, **said: Any) -> None:
        given = {
            "title": "Slow",
            "measure": "response_p95",
            "severity": "warning",
            "above": "200 ms",
            "clear_for": "0 s",
        }
        self.rule = Rule.model_validate(given | said)
        self.journal = journal
        self.now = NOON
        self.standing = RuleStanding("slow")

    def read(self, after: timedelta = STEP, **values: float) -> list[tuple[str, bool]]:
        """One look; what was noted by it: kinds, and whether anybody is to be told."""
        return self.take({name: Reading(name, value) for name, value in values.items()}, after)

    def take(self, readings: dict[str, Reading], after: timedelta = STEP) -> list[tuple[str, bool]]:
        self.now += after
        with self.journal.write() as connection:
            seen = alert_events.newest(connection)
            self.standing.look(self.rule, readings, self.now)
            recorder = Recorder(
                connection,
                self.now,
                silences.standing(connection, self.now),
                alert_writing.resolved_since(connection, self.now - REOPENED_WITHIN),
            )
            recorder.rule("slow", self.rule, self.standing)
            recorder.owed({"slow": self.standing})
            rows, gone = self.standing.to_keep(self.now)
            rule_states.keep(connection, rows)
            rule_states.drop(connection, [("slow", name) for name in gone])
            self.standing.were_kept(rows, gone)
            return [(one.kind, one.announce) for one in alert_events.after(connection, seen)]

    def restart(self) -> None:
        with self.journal.read() as connection:
            self.standing = RuleStanding("slow", rule_states.kept(connection, "slow"))

    def firing(self) -> list[Alert]:
        with self.journal.read() as connection:
            return alerts.firing(connection)

    def silence(self, length: timedelta) -> None:
        with self.journal.write() as connection:
            silences.begin(
                connection,
                self.now,
                rule="slow",
                series=None,
                ends_at=self.now + length,
                by="mira",
            )


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal.open(tmp_path)) as opened:
        yield opened


def test_it_is_told_once_and_its_end_once(journal: Journal) -> None:
    watch = Watch(journal)
    assert watch.read(a=100.0) == []
    assert watch.read(a=300.0) == [("fired", True)]
    assert watch.read(a=500.0) == []
    assert watch.read(a=400.0) == []
    (alert,) = watch.firing()
    assert (alert.series, alert.value, alert.peak, alert.threshold) == ("a", 400.0, 500.0, 200.0)
    assert alert.fired_at == NOON + 2 * STEP
    assert alert.detail["what"] == "400 ms, the limit is 200 ms; of 0 requests"
    assert watch.read(a=100.0) == [("resolved", True)]
    assert watch.firing() == []
    assert watch.read(a=100.0) == []


def test_what_comes_again_soon_is_the_same_alert_and_later_another_one(journal: Journal) -> None:
    watch = Watch(journal)
    watch.read(a=300.0)
    (first,) = watch.firing()
    watch.read(a=1.0)
    assert watch.read(a=300.0) == [("reopened", True)]
    assert [one.number for one in watch.firing()] == [first.number]
    watch.read(a=1.0)
    for _ in range(31):
        watch.read(30 * STEP / 10, a=1.0)
    assert watch.read(a=300.0) == [("fired", True)]
    assert [one.number for one in watch.firing()] != [first.number]


def test_a_silence_records_and_tells_nobody_until_it_is_over(journal: Journal) -> None:
    watch = Watch(journal)
    watch.silence(MINUTE)
    assert watch.read(a=300.0) == [("fired", False)]
    assert watch.read(a=300.0) == []
    for _ in range(3):
        watch.read(a=300.0)
    assert watch.read(a=300.0) == [("fired", True)]
    watch.silence(MINUTE)
    assert watch.read(a=1.0) == [("resolved", False)]
    for _ in range(4):
        assert watch.read(a=1.0) == []
    assert watch.read(2 * STEP, a=1.0) == [("resolved", True)]
    assert watch.read(a=1.0) == []


def test_what_began_and_ended_in_a_silence_is_told_to_nobody(journal: Journal) -> None:
    watch = Watch(journal)
    watch.silence(MINUTE)
    assert watch.read(a=300.0) == [("fired", False)]
    assert watch.read(a=1.0) == [("resolved", False)]
    assert watch.read(3 * STEP, a=1.0) == []
    assert watch.read(3 * STEP, a=1.0) == []


def test_what_flaps_is_told_of_a_few_times_and_at_the_end(journal: Journal) -> None:
    watch = Watch(journal)
    told = []
    for _ in range(20):
        told += watch.read(a=300.0)
        told += watch.read(a=1.0)
    assert len(told) == 40
    announced = [kind for kind, announce in told if announce]
    assert announced == ["fired", "resolved", "reopened", "resolved", "reopened"]
    (alert,) = alerts_of(journal)
    assert alert.flapping
    later = []
    for _ in range(125):
        later += watch.read(3 * STEP, a=1.0)
    assert later == [("resolved", True)]


def alerts_of(journal: Journal) -> list[Alert]:
    with journal.read() as connection:
        return alerts.history(connection, AlertFilters(), limit=100)


def test_ten_thousand_series_are_twenty_alerts_and_a_number(journal: Journal) -> None:
    watch = Watch(journal)
    many = {f"/e/{i:05}": Reading(f"/e/{i:05}", 300.0) for i in range(10_000)}
    noted = watch.take(many)
    assert noted == [("fired", True)] * 21
    firing = {one.series: one for one in watch.firing()}
    assert len(firing) == 21
    assert firing[OTHERS].value == 9_980
    assert firing[OTHERS].detail["what"] == "9,980 more have no alerts of their own"
    noted = watch.take({name: Reading(name, 1.0) for name in many})
    assert noted == [("resolved", True)] * 21
    assert watch.firing() == []


def test_one_that_was_counted_gets_the_place_of_one_that_ended(journal: Journal) -> None:
    watch = Watch(journal, named_max=2)
    assert watch.read(a=300.0, b=300.0, c=300.0, d=300.0) == [("fired", True)] * 3
    assert {one.series: one.value for one in watch.firing()}[OTHERS] == 2
    # It was told of as one of many: that is no news.
    noted = watch.read(a=1.0, b=300.0, c=300.0, d=300.0)
    assert noted == [("resolved", True), ("fired", False)]
    firing = {one.series: one for one in watch.firing()}
    assert sorted(firing) == [OTHERS, "b", "c"]
    assert firing[OTHERS].value == 1
    assert watch.read(b=300.0, c=1.0, d=1.0) == [("resolved", True)] * 2
    assert [one.series for one in watch.firing()] == ["b"]


def test_a_restart_goes_on_where_it_was(journal: Journal) -> None:
    watch = Watch(journal, **{"for": "1 min"})
    for _ in range(4):
        assert watch.read(a=300.0, b=300.0) == []
    watch.restart()
    assert watch.standing.stands["a"].standing == "pending"
    # The first look after an hour in which nobody looked fires nothing.
    assert watch.read(timedelta(hours=1), a=300.0, b=1.0) == []
    seen = [watch.read(a=300.0, b=1.0) for _ in range(3)]
    assert seen == [[], [], [("fired", True)]]
    watch.restart()
    assert watch.read(a=300.0, b=1.0) == []
    assert [one.series for one in watch.firing()] == ["a"]
    assert watch.read(a=1.0, b=1.0) == [("resolved", True)]


def test_nothing_to_tell_from_is_told_where_the_rule_wants_it(journal: Journal) -> None:
    watch = Watch(journal, no_data="no_data", no_data_for="20 s")
    watch.read(a=1.0)
    seen = [watch.take({}) for _ in range(4)]
    assert seen == [[], [], [("no_data", True)], []]
    (alert,) = watch.firing()
    assert (alert.no_data, alert.value) == (True, None)
    assert alert.detail["value"] == "no data"
    assert watch.read(a=1.0) == [("resolved", True)]


def test_series_of_any_length_are_cut(journal: Journal) -> None:
    watch = Watch(journal)
    watch.take({"x" * 5_000: Reading("x" * 5_000, 300.0)})
    (alert,) = watch.firing()
    assert len(alert.series) == 200
    assert watch.take({"x" * 5_000: Reading("x" * 5_000, 1.0)}) == [("resolved", True)]
    assert alerts_of(journal)[0].state is AlertState.RESOLVED
