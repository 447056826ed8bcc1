"""What is seen of one moment, judged: no data is never healthy, and old data is none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vcanalytics.health.judging import judge
from vcanalytics.health.notifying import Notifying
from vcanalytics.health.rules import Alerting
from vcanalytics.health.seen import Seen
from vcanalytics.model.health import Status, Verdict, worst
from vcanalytics.model.streams import STREAMS
from vcanalytics.store.state import StreamState

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SUPERVISOR = {"beat_at": (NOW - timedelta(seconds=3)).isoformat(), "stopped": False}


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def daemon(beat_s: float = 1, **more: Any) -> dict[str, Any]:
    return {"state": "running", "since": ago(900).isoformat(), "last_error": None} | {
        "beat_at": ago(beat_s).isoformat(),
        **more,
    }


def read(name: str, seconds: float | None, **more: Any) -> dict[str, StreamState]:
    at = None if seconds is None else ago(seconds)
    return {name: StreamState(name, read_at=at, **more)}


def found(name: str, *, facts: Mapping[str, Any] | None = None, **seen: Any) -> Verdict:
    verdicts = {one.name: one for one in judge(Seen(NOW, facts or {}, **seen), {})}
    return verdicts[name]


def sample(cpu: float, memory: float, newest_s: float = 1, first_s: float = 299) -> Any:
    at = {"host": "here", "first_at": ago(first_s), "happened_at": ago(newest_s)}
    return [
        at | {"measure": "cpu_percent", "mean": cpu},
        at | {"measure": "memory_percent", "mean": memory},
    ]


def checked(status: str, seconds: float) -> Any:
    row = {"component": "database", "status": status, "happened_at": ago(seconds)}
    return [row | {"error_message": None}]


def test_of_nothing_seen_nothing_is_healthy_but_the_store_that_was_read() -> None:
    verdicts = judge(Seen(NOW), {})
    healthy = [one.name for one in verdicts if one.status is Status.HEALTHY]
    assert healthy == ["store", "watchman"]
    assert {f"stream:{name}" for name in STREAMS} < {one.name for one in verdicts}
    assert worst(one.status for one in verdicts if one.name != "store") is Status.HEALTHY
    assert worst([Status.UNKNOWN]) is Status.UNKNOWN


@pytest.mark.parametrize(
    ("age_s", "status"),
    [(59, Status.HEALTHY), (60, Status.WARNING), (300, Status.CRITICAL), (None, Status.UNKNOWN)],
)
def test_a_stream_and_the_source_are_late_and_then_have_stopped(
    age_s: float | None, status: Status
) -> None:
    states = read("mails", age_s)
    assert found("stream:mails", states=states).status is status
    assert found("source", states=states).status is status


def test_samples_of_the_host_are_no_sign_of_the_source() -> None:
    assert found("source", states=read("system", 1)).status is Status.UNKNOWN


def test_rows_kept_aside_lately_are_a_warning() -> None:
    verdict = found("stream:logs", states=read("logs", 1, rejected=3), aside={"logs": 1})
    assert (verdict.status, verdict.what) == (
        Status.WARNING,
        "1 row was kept aside in the last 15 minutes",
    )
    assert found("stream:logs", states=read("logs", 1, rejected=3)).status is Status.HEALTHY


def test_a_swapped_source_is_critical_with_its_stream() -> None:
    facts = {"swapped": {"what": "ids went back", "hint": "confirm", "stream": "mails"}}
    states = read("mails", 1) | read("logs", 1)
    for name in ("source", "stream:mails"):
        assert found(name, facts=facts, states=states).status is Status.CRITICAL
    assert found("stream:logs", facts=facts, states=states).status is Status.HEALTHY


@pytest.mark.parametrize(
    ("daemons", "supervisor", "status"),
    [
        (daemon(), SUPERVISOR, Status.HEALTHY),
        (daemon(20, state="waiting", last_error="gone"), SUPERVISOR, Status.WARNING),
        (daemon(61, state="waiting", last_error="gone"), SUPERVISOR, Status.CRITICAL),
        (
            daemon(61, last_error="gone", last_error_at=ago(5).isoformat()),
            SUPERVISOR,
            Status.CRITICAL,
        ),
        (
            daemon(5, last_error="gone", last_error_at=ago(61).isoformat()),
            SUPERVISOR,
            Status.HEALTHY,
        ),
        (daemon(301), SUPERVISOR, Status.WARNING),
        (daemon(1801), SUPERVISOR, Status.CRITICAL),
        (daemon(), SUPERVISOR | {"stopped": True}, Status.CRITICAL),
        (daemon(), SUPERVISOR | {"beat_at": ago(31).isoformat()}, Status.CRITICAL),
        (daemon(), {}, Status.CRITICAL),
    ],
)
def test_a_collector_fails_hangs_or_gives_no_sign(
    daemons: Any, supervisor: Any, status: Status
) -> None:
    facts = {"daemons": {"upkeep": daemons, "watchman": daemon()}, "supervisor": supervisor}
    assert found("collector:upkeep", facts=facts).status is status
    names = {one.name for one in judge(Seen(NOW, facts), {})}
    assert "collector:watchman" not in names


def test_a_daemon_of_the_watchman_s_that_fails_is_the_watchman_s_fault() -> None:
    dead = daemon(61, state="waiting", last_error="no room")
    (verdict,) = [one for one in judge(Seen(NOW), {"alerts": dead}) if one.name == "watchman"]
    assert (verdict.status, verdict.what) == (Status.CRITICAL, "alerts: it fails: no room")
    (verdict,) = [one for one in judge(Seen(NOW), {}, ["rules.toml:3"]) if one.name == "watchman"]
    assert (verdict.status, verdict.what) == (Status.WARNING, "rules.toml:3")


@pytest.mark.parametrize(
    ("disk", "room", "status"),
    [
        ((50, 100), {}, Status.HEALTHY),
        ((90, 100), {}, Status.WARNING),
        ((97, 100), {}, Status.CRITICAL),
        ((50, 100), {"bytes": 98, "limit_bytes": 100, "what": "full"}, Status.CRITICAL),
        ((50, 100), {"bytes": 60, "limit_bytes": 100, "what": "9 days"}, Status.WARNING),
        (None, {}, Status.UNKNOWN),
    ],
)
def test_a_disk_is_judged_by_its_share_and_by_what_upkeep_foresees(
    disk: Any, room: Any, status: Status
) -> None:
    seen = {"disk": disk, "free_bytes": 1 << 40}
    assert found("disk", facts={"disk": room}, **seen).status is status


@pytest.mark.parametrize(
    ("means", "status"),
    [
        (sample(79, 84), Status.HEALTHY),
        (sample(80, 10), Status.WARNING),
        (sample(10, 95), Status.CRITICAL),
        (sample(10, 10, newest_s=121), Status.UNKNOWN),
        (sample(100, 10, first_s=30), Status.UNKNOWN),
    ],
)
def test_a_host_is_judged_by_means_of_minutes(means: Any, status: Status) -> None:
    assert found("host", means=means).status is status


def test_a_host_that_a_program_samples_is_not_taken_for_this_one() -> None:
    others = [row | {"host": "web1"} for row in sample(100, 100)]
    means = [*sample(10, 10, newest_s=5), *others]
    own = sample(10, 10)[0]["host"]
    assert found("host", means=means, facts={"host": {"name": own}}).status is Status.HEALTHY


@pytest.mark.parametrize(
    ("checks", "status"),
    [
        (checked("healthy", 60), Status.HEALTHY),
        (checked("critical", 60), Status.CRITICAL),
        (checked("odd", 60), Status.UNKNOWN),
        (checked("healthy", 900), Status.UNKNOWN),
        ([], Status.UNKNOWN),
    ],
)
def test_what_vectorcraft_said_long_ago_says_nothing_of_now(checks: Any, status: Status) -> None:
    assert found("vectorcraft:database", checks=checks).status is status


def test_a_backup_is_unknown_before_the_first_and_never_critical() -> None:
    assert found("backup").status is Status.UNKNOWN
    for days, status in ((1, Status.HEALTHY), (8, Status.WARNING), (4_000, Status.WARNING)):
        taken_at = NOW - timedelta(days=days)
        facts = {"backup": {"taken_at": taken_at.isoformat()}}
        assert found("backup", facts=facts).status is status


def test_what_the_last_check_found_is_told_until_a_check_finds_it_sound() -> None:
    facts = {"checked": {"at": ago(60).isoformat(), "findings": 2, "first": "a row is missing"}}
    assert found("store", facts=facts).status is Status.WARNING
    sound = {"checked": {"at": ago(60).isoformat(), "findings": 0, "first": None}}
    assert found("store", facts=sound).what == "every file is there; found sound 1 minute ago"


@pytest.mark.parametrize(
    ("told", "status", "what"),
    [
        (None, Status.UNKNOWN, "no rule has been evaluated yet"),
        (Alerting(ago(301), {"enabled": 2}), Status.UNKNOWN, "no rule has been evaluated for"),
        (Alerting(ago(9), {"enabled": 2}), Status.HEALTHY, "2 rules are evaluated"),
        (
            Alerting(
                ago(9),
                {"enabled": 2, "problem": "rules.toml:2: no", "refused_at": ago(60).isoformat()},
            ),
            Status.WARNING,
            "rules.toml:2: no, refused 1 minute ago",
        ),
        (
            Alerting(ago(9), {"enabled": 2}, {"cpu": "stopped after 2 s"}),
            Status.WARNING,
            "1 of 2 rules cannot be answered; cpu: stopped after 2 s",
        ),
        # Then nobody is told of anything, whatever the file says.
        (
            Alerting(ago(9), {"enabled": 1, "problem": "no"}, {"cpu": "damaged"}),
            Status.CRITICAL,
            "1 of 1 rules cannot be answered; cpu: damaged",
        ),
        (
            Alerting(ago(9), {"enabled": 2, "left_out": {"p95": 7, "cpu": 1}}),
            Status.WARNING,
            "7 series of p95 are not looked at",
        ),
    ],
)
def test_rules_that_were_refused_or_cannot_be_answered_are_a_component(
    told: Alerting | None, status: Status, what: str
) -> None:
    (verdict,) = [one for one in judge(Seen(NOW), {}, (), told) if one.name == "rules"]
    assert verdict.status is status
    assert verdict.what.startswith(what)
    # Rules stand in the journal: a store that cannot be read hides nothing of them.
    unread = judge(Seen(NOW, unreadable="torn"), {}, (), told)
    assert verdict in unread


def test_who_tells_people_is_a_component_where_anybody_is_to_be_told() -> None:
    def verdicts(told: Notifying | None) -> list[Verdict]:
        found = judge(Seen(NOW), {}, (), None, told)
        return [one for one in found if one.name == "notifications"]

    assert verdicts(None) == []
    assert verdicts(Notifying(ago(9), {"channels": 0, "more": False, "problems": {}})) == []
    (well,) = verdicts(Notifying(ago(9), {"channels": 1}))
    assert (well.status, well.what) == (Status.HEALTHY, "1 channel is minded")
    (late,) = verdicts(Notifying(ago(301), {"channels": 1}))
    assert late.status is Status.UNKNOWN
    problems = {"summary": "the daily summary: no", "heartbeat": "the heartbeat was not taken"}
    (wrong,) = verdicts(Notifying(ago(9), {"channels": 1, "problems": problems}))
    assert wrong.status is Status.WARNING
    assert wrong.what == "the heartbeat was not taken; the daily summary: no"
