"""Alerts in the journal: read in order and by filters, taken up, silenced, and noted as events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from vcanalytics.errors import UsageError
from vcanalytics.journal import Journal, alert_events, alert_writing, alerts, rule_states, silences
from vcanalytics.journal.alert_records import AlertFilters, AlertState, EventKind, Firing, Severity
from vcanalytics.journal.rule_states import KeptState

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Connection]:
    with closing(Journal.open(tmp_path)) as opened, opened.write() as connection:
        yield connection


def firing(rule: str = "failures", series: str = "", severity: str = "critical") -> Firing:
    return Firing(
        rule=rule,
        series=series,
        severity=Severity(severity),
        title="Payments fail",
        no_data=False,
        started_at=NOW - MINUTE,
        value=40.0,
        threshold=10.0,
        unit="%",
        detail={"what": "4 of 10 payments failed"},
    )


def test_the_worst_comes_first_and_then_the_newest(journal: Connection) -> None:
    for at, (rule, severity) in enumerate(
        [("a", "info"), ("b", "critical"), ("c", "warning"), ("d", "critical")]
    ):
        alert_writing.opened(journal, NOW + at * MINUTE, firing(rule, "", severity))
    assert [one.rule for one in alerts.firing(journal)] == ["d", "b", "c", "a"]
    assert alerts.counts(journal) == {
        Severity.CRITICAL: 2,
        Severity.WARNING: 1,
        Severity.INFO: 1,
    }


def test_no_two_alerts_of_one_series_are_open(journal: Connection) -> None:
    number = alert_writing.opened(journal, NOW, firing())
    alert_writing.opened(journal, NOW, firing(series="other"))
    with pytest.raises(IntegrityError), journal.begin_nested():
        alert_writing.opened(journal, NOW, firing())
    alert_writing.resolved(journal, number, NOW + MINUTE, 2.0)
    assert alert_writing.opened(journal, NOW + 2 * MINUTE, firing()) > number


def test_history_is_what_was_firing_in_the_range(journal: Connection) -> None:
    old = alert_writing.opened(journal, NOW, firing("old"))
    alert_writing.resolved(journal, old, NOW + 5 * MINUTE, 1.0)
    alert_writing.opened(journal, NOW + 10 * MINUTE, firing("new", "", "warning"))

    def found(**wanted: object) -> list[str]:
        filters = replace(AlertFilters(), **wanted)  # type: ignore[arg-type]
        page = alerts.history(journal, filters, limit=10)
        assert alerts.count(journal, filters) == len(page)
        return [one.rule for one in page]

    assert found() == ["new", "old"]
    assert found(states=(AlertState.RESOLVED,)) == ["old"]
    assert found(severities=(Severity.WARNING,)) == ["new"]
    assert found(rules=("old", "none")) == ["old"]
    assert found(start=NOW + 5 * MINUTE, end=NOW + 6 * MINUTE) == ["old"]
    assert found(start=NOW + 6 * MINUTE, end=NOW + 10 * MINUTE) == []
    assert found(start=NOW + 20 * MINUTE) == ["new"]
    page = alerts.history(journal, AlertFilters(), limit=1, offset=1)
    assert [one.rule for one in page] == ["old"]


def test_taking_an_alert_up_is_noted_with_who_it_was(journal: Connection) -> None:
    number = alert_writing.opened(journal, NOW, firing())
    seen = alert_events.newest(journal)
    taken = alerts.acknowledge(journal, number, NOW + MINUTE, by="mira", note="on it")
    assert (taken.acknowledged_by, taken.acknowledged_at, taken.note) == (
        "mira",
        NOW + MINUTE,
        "on it",
    )
    assert alerts.count(journal, AlertFilters(acknowledged=True)) == 1
    left = alerts.unacknowledge(journal, number, NOW + 2 * MINUTE, by="joe")
    assert left.acknowledged_by is None
    events = alert_events.after(journal, seen)
    assert [(one.kind, one.by, one.alert, one.announce) for one in events] == [
        (EventKind.ACKNOWLEDGED, "mira", number, False),
        (EventKind.UNACKNOWLEDGED, "joe", number, False),
    ]
    assert events[0].detail == {"what": "4 of 10 payments failed", "note": "on it"}
    assert alert_events.of(journal, number) == events
    assert alert_events.after(journal, events[0].number, limit=5) == events[1:]
    with pytest.raises(UsageError, match="nobody has acknowledged"):
        alerts.unacknowledge(journal, number, NOW, by="joe")


def test_what_is_over_cannot_be_taken_up(journal: Connection) -> None:
    number = alert_writing.opened(journal, NOW, firing())
    alert_writing.resolved(journal, number, NOW, None)
    with pytest.raises(UsageError, match="this alert is over"):
        alerts.acknowledge(journal, number, NOW, by="mira")
    with pytest.raises(UsageError, match="there is no such alert"):
        alerts.acknowledge(journal, 99, NOW, by="mira")


def test_a_silence_covers_its_rule_and_series_for_its_time(journal: Connection) -> None:
    one = silences.begin(
        journal, NOW, rule="p95", series="/upload", ends_at=NOW + 5 * MINUTE, by="mira"
    )
    every = silences.begin(
        journal, NOW, rule="cpu", series=None, ends_at=NOW + 9 * MINUTE, by="mira", note="load test"
    )
    assert silences.standing(journal, NOW) == [one, every]
    assert one.covers("p95", "/upload", NOW)
    assert not one.covers("p95", "/login", NOW)
    assert not one.covers("mean", "/upload", NOW)
    assert not one.covers("p95", "/upload", NOW + 5 * MINUTE)
    assert every.covers("cpu", "web-1", NOW)
    ended = silences.end(journal, every.number, NOW + MINUTE, by="joe")
    assert not ended.covers("cpu", "web-1", NOW + MINUTE)
    assert silences.standing(journal, NOW + MINUTE) == [one]
    assert silences.standing(journal, NOW + 5 * MINUTE) == []
    assert silences.history(journal, limit=1) == [ended]
    assert [(event.kind, event.by) for event in alert_events.after(journal, 0)] == [
        (EventKind.SILENCED, "mira"),
        (EventKind.SILENCED, "mira"),
        (EventKind.SILENCE_ENDED, "joe"),
    ]
    with pytest.raises(UsageError, match="it has ended"):
        silences.end(journal, every.number, NOW + MINUTE, by="joe")


def test_maintenance_is_silence_of_everything_at_a_time_to_come(journal: Connection) -> None:
    window = silences.maintenance(
        journal, NOW, starts_at=NOW + MINUTE, ends_at=NOW + 3 * MINUTE, by="mira", note="new disk"
    )
    assert not window.covers("cpu", "", NOW)
    assert window.covers("cpu", "web-1", NOW + MINUTE)
    with pytest.raises(UsageError, match="it would end before it begins"):
        silences.maintenance(
            journal, NOW, starts_at=NOW + 9 * MINUTE, ends_at=NOW + 3 * MINUTE, by="mira"
        )
    with pytest.raises(UsageError, match="this time is over"):
        silences.maintenance(journal, NOW, starts_at=NOW - 9 * MINUTE, ends_at=NOW, by="mira")
    with pytest.raises(UsageError, match="400 days are too long"):
        silences.begin(
            journal, NOW, rule="cpu", series=None, ends_at=NOW + timedelta(days=400), by="mira"
        )


def test_silences_are_bounded(journal: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(silences, "STANDING_MAX", 2)
    for _ in range(2):
        silences.begin(journal, NOW, rule="cpu", series=None, ends_at=NOW + MINUTE, by="mira")
    with pytest.raises(UsageError, match="2 silences stand already"):
        silences.begin(journal, NOW, rule="cpu", series=None, ends_at=NOW + MINUTE, by="mira")


def test_what_is_over_long_ago_goes_and_what_is_firing_stays(
    journal: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [alert_writing.opened(journal, NOW, firing(f"r{i}")) for i in range(5)]
    for number in numbers[:2]:
        alert_writing.resolved(journal, number, NOW, None)
    alerts.acknowledge(journal, numbers[4], NOW, by="mira")
    assert alerts.let_go(journal, NOW + timedelta(days=399)) == 0
    monkeypatch.setattr(alerts, "KEPT_MAX", 3)
    assert alerts.let_go(journal, NOW) == 2
    assert len(alerts.firing(journal)) == 3
    monkeypatch.setattr(alerts, "KEPT_MAX", 10)
    alert_writing.resolved(journal, numbers[4], NOW, None)
    assert alerts.let_go(journal, NOW + timedelta(days=401)) == 1
    assert alert_events.after(journal, 0) == []


def test_states_and_what_is_told_are_kept_as_they_were(journal: Connection) -> None:
    state = KeptState("p95", "/a", "pending", NOW, None, 20.0, 250.0, None, (NOW,), NOW)
    rule_states.keep(journal, [state, replace(state, rule="mean")])
    newer = replace(state, state="firing", peak=300.0, clear_since=NOW)
    rule_states.keep(journal, [newer])
    assert rule_states.kept(journal, "p95") == [newer]
    rule_states.drop(journal, [("p95", "/a")])
    assert [one.rule for one in rule_states.kept(journal)] == ["mean"]
    assert rule_states.told(journal, rule_states.RULES) is None
    rule_states.tell(journal, NOW, rule_states.RULES, {"problem": "line 3"})
    rule_states.tell(journal, NOW + MINUTE, rule_states.RULES, {"problem": None})
    assert rule_states.told(journal, rule_states.RULES) == (NOW + MINUTE, {"problem": None})


def test_an_alert_that_fires_again_soon_is_the_same_one(journal: Connection) -> None:
    number = alert_writing.opened(journal, NOW, firing())
    alerts.acknowledge(journal, number, NOW, by="mira")
    alert_writing.resolved(journal, number, NOW + MINUTE, 1.0)
    assert alert_writing.resolved_since(journal, NOW + 2 * MINUTE) == {}
    assert alert_writing.resolved_since(journal, NOW) == {("failures", ""): number}
    alert_writing.reopened(journal, number, firing())
    alert_writing.changed(journal, number, {"peak": 60.0, "announced": "firing"})
    found = alerts.find(journal, number)
    assert found is not None
    assert (found.state, found.resolved_at, found.acknowledged_by) == (
        AlertState.FIRING,
        None,
        "mira",
    )
    assert (found.peak, found.announced, found.started_at) == (
        60.0,
        AlertState.FIRING,
        NOW - MINUTE,
    )
    with pytest.raises(ValueError, match="not to be changed: rule"):
        alert_writing.changed(journal, number, {"rule": "x"})
