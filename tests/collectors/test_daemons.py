"""A daemon that fails comes back, and leaves the others alone; pages can read how they are."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from collectors.daemon import Runner, State
from collectors.supervisor import Supervisor
from tests.collectors.rig import eventually
from vcanalytics.errors import SourceError, StoreError
from vcanalytics.store import Catalogue

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Faulty:
    """Fails in its first ``failures`` starts, then works."""

    def __init__(self, name: str, failures: int, error: Exception) -> None:
        self.name = name
        self.error = error
        self.failures = failures
        self.calls: list[str] = []

    def initialise(self) -> None:
        self.calls.append("initialise")

    def loop(self, _now: datetime) -> float:
        if self.failures:
            self.failures -= 1
            raise self.error
        self.calls.append("loop")
        return 0.01

    def shutdown(self) -> None:
        self.calls.append("shutdown")


class Waiting:
    """A runner's clock and waits: time passes in the waits alone, and the sixth ends it all."""

    def __init__(self, ends_after: int) -> None:
        self.now = NOON
        self.waits: list[float] = []
        self.ended_at = [NOON]
        self.stop = threading.Event()
        self.states: list[tuple[State, str | None]] = []
        self.runner: Runner | None = None
        self._ends_after = ends_after

    def clock(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        assert self.runner is not None
        self.waits.append(seconds)
        self.states.append((self.runner.state, self.runner.last_error))
        self.now += timedelta(seconds=seconds)
        self.ended_at.append(self.now)
        if len(self.waits) == self._ends_after:
            self.stop.set()


def run(daemon: Faulty, ends_after: int) -> tuple[Runner, Waiting]:
    waiting = Waiting(ends_after)
    runner = Runner(daemon, waiting.stop, clock=waiting.clock, wait=waiting.wait)
    waiting.runner = runner
    runner.start()
    assert runner.join(20)
    return runner, waiting


def test_a_daemon_that_fails_thrice_recovers(caplog: pytest.LogCaptureFixture) -> None:
    daemon = Faulty("faulty", 3, SourceError("the database is locked", heals=True))
    runner, waiting = run(daemon, ends_after=5)

    assert daemon.calls == ["initialise", "shutdown"] * 3 + ["initialise", "loop", "loop"] + [
        "shutdown"
    ]
    # Twice as long each time, give or take a fifth.
    for seconds, expected in zip(waiting.waits[:3], (0.5, 1.0, 2.0), strict=True):
        assert 0.8 * expected <= seconds <= 1.2 * expected
    error = "the database is locked"
    assert waiting.states == [(State.WAITING, error)] * 3 + [(State.RUNNING, error)] * 2
    assert (runner.restarts, runner.last_error) == (3, error)
    assert runner.last_error_at == waiting.ended_at[2]
    assert runner.beat_at == waiting.ended_at[4]
    assert (runner.state, runner.since) == (State.STOPPED, waiting.now)
    # Said once, not with every try.
    assert [record.message for record in caplog.records] == [
        "faulty: the database is locked (again in 0.5 s)"
    ]


class Failing(Faulty):
    """Fails in its shutdown as well, with ``lasts``."""

    lasts: Exception = StoreError("the store cannot be written", hint="Make room", heals=True)

    def shutdown(self) -> None:
        super().shutdown()
        raise self.lasts


def test_a_shutdown_that_fails_for_a_known_reason_is_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    daemon = Failing("faulty", 0, ValueError())
    run(daemon, ends_after=1)
    [record] = caplog.records
    assert record.getMessage() == "faulty: shutdown: the store cannot be written. Make room"
    assert record.exc_info is None

    caplog.clear()
    daemon.lasts = ValueError("bug")
    run(daemon, ends_after=1)
    [record] = caplog.records
    assert record.exc_info


def test_a_daemon_told_to_stop_while_it_waits_may_keep_what_it_holds() -> None:
    daemon = Faulty("faulty", 1, SourceError("the database is locked", heals=True))
    run(daemon, ends_after=1)
    assert daemon.calls == ["initialise", "shutdown", "shutdown"]


def test_waits_are_bounded_and_begin_anew_after_a_recovery() -> None:
    daemon = Faulty("faulty", 12, ValueError("bug"))
    _, waiting = run(daemon, ends_after=12)
    assert max(waiting.waits) <= 36
    assert waiting.waits[-1] >= 24

    daemon = Faulty("faulty", 3, ValueError("bug"))
    waiting_for: Any = Waiting(ends_after=6)

    def wait(seconds: float) -> None:
        Waiting.wait(waiting_for, seconds)
        if len(waiting_for.waits) == 4:
            daemon.failures = 1

    runner = Runner(daemon, waiting_for.stop, clock=waiting_for.clock, wait=wait)
    waiting_for.runner = runner
    runner.start()
    assert runner.join(20)
    assert waiting_for.waits[4] <= 0.6


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.supervisor._HEARTBEAT_S", 0.02)


@pytest.mark.usefixtures("quick")
def test_one_daemons_failure_leaves_the_others(tmp_path: Path) -> None:
    catalogue = Catalogue.open(tmp_path)
    bad = Faulty("bad", 10**6, SourceError("the database is locked", hint="It is tried again"))
    good = Faulty("good", 0, ValueError())
    supervisor = Supervisor([bad, good], catalogue)
    thread = threading.Thread(target=supervisor.run)
    thread.start()

    def told() -> Any:
        return catalogue.fact("daemons") or {}

    eventually(lambda: told().get("bad", {}).get("restarts", 0) >= 2, "restarts")
    eventually(lambda: good.calls.count("loop") >= 5, "the other's rounds")
    facts = told()
    assert list(facts) == ["bad", "good"]
    assert facts["bad"].keys() == {
        *("state", "since", "beat_at", "restarts", "last_error", "last_error_at")
    }
    assert facts["bad"]["last_error"] == "the database is locked. It is tried again"
    assert facts["bad"]["state"] in {"waiting", "running"}
    assert facts["bad"]["beat_at"] is None
    assert datetime.fromisoformat(facts["bad"]["last_error_at"]) <= datetime.now(UTC)
    assert (facts["good"]["state"], facts["good"]["restarts"]) == ("running", 0)
    assert facts["good"]["last_error"] is None

    supervisor.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert {daemon["state"] for daemon in told().values()} == {"stopped"}
    assert catalogue.fact("supervisor")["stopped"] is True
    assert bad.calls[-1] == good.calls[-1] == "shutdown"


@pytest.mark.usefixtures("quick")
def test_a_daemon_that_hangs_does_not_keep_the_others_from_stopping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.supervisor.STOP_WITHIN_S", 0.2)
    held = threading.Event()
    hanging = Faulty("hanging", 0, ValueError())
    hanging.loop = lambda _now: held.wait(20) and 0.0  # type: ignore[method-assign]
    good = Faulty("good", 0, ValueError())
    supervisor = Supervisor([hanging, good], Catalogue.open(tmp_path))
    results: list[bool] = []
    thread = threading.Thread(target=lambda: results.append(supervisor.run()))
    thread.start()
    eventually(lambda: "loop" in good.calls, "a round")
    supervisor.stop()
    thread.join(10)
    held.set()
    assert results == [False]
    assert good.calls[-1] == "shutdown"
