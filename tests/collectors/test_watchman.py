"""The watchman: a child of the collectors, started again when it ends, gone when they are."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collectors.watchman import Watchman
from tests.collectors.rig import environment, eventually, running
from tests.shop import make_shop
from vcanalytics.errors import ConsoleError
from vcanalytics.journal import Journal, components
from vcanalytics.store import Catalogue
from vcanalytics.store.facts import WATCHMAN, WATCHMAN_DAEMONS

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
#: Lives until its standard input ends.
STAYS = (sys.executable, "-c", "import sys; sys.stdin.read()")
#: Deaf to both, so that only a kill ends it.
DEAF = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
)
FAILS = (sys.executable, "-c", "import sys; sys.exit(3)")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def minded(clock: Clock) -> Iterator[Watchman]:
    watchman = Watchman(STAYS, clock=clock)
    yield watchman
    watchman.shutdown()


def lives(pid: int) -> bool:
    try:
        # A zombie still has a pid; its command line is empty.
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


def started(watchman: Watchman) -> int:
    watchman.loop(NOW)
    pid = watchman.pid
    assert pid is not None
    return pid


def failure(watchman: Watchman) -> str:
    try:
        watchman.loop(NOW)
    except ConsoleError as error:
        return str(error)
    return ""


def ended(pid: int) -> None:
    # Five seconds are the promise; a host that is busy with other tests gets as many again.
    eventually(lambda: not lives(pid), "it is gone", within_s=10)


def test_collectors_that_end_soon_never_start_it(minded: Watchman, clock: Clock) -> None:
    assert minded.loop(NOW) == 1.0
    clock.now += 4.75
    assert minded.loop(NOW) == 0.25
    assert minded.pid is None
    clock.now += 0.25
    pid = started(minded)
    # Until it is what it was started as, it has no command line.
    eventually(lambda: lives(pid), "it lives")


def test_it_ends_when_it_is_told_to(minded: Watchman, clock: Clock) -> None:
    clock.now += 5
    pid = started(minded)
    began = time.monotonic()
    minded.shutdown()
    assert time.monotonic() - began < 3
    assert not lives(pid)
    assert minded.pid is None


def test_a_deaf_one_is_killed(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.watchman._STOP_WITHIN_S", 0.2)
    watchman = Watchman(DEAF, start_after_s=0, clock=clock)
    pid = started(watchman)
    eventually(lambda: b"sleep" in Path(f"/proc/{pid}/cmdline").read_bytes(), "it runs")
    watchman.shutdown()
    assert not lives(pid)


def test_one_that_fails_is_started_again_with_growing_pauses(clock: Clock) -> None:
    watchman = Watchman(FAILS, start_after_s=0, clock=clock)
    for pause_s in (1, 2, 5, 10, 30, 30):
        started(watchman)
        words = eventually(lambda: failure(watchman), "it failed")
        assert words.endswith(f"it ended with status 3. It is started again in {pause_s} s")
        clock.now += pause_s - 0.5
        assert watchman.loop(NOW) == 0.5
        assert watchman.pid is None
        clock.now += 0.5
    watchman.shutdown()


@pytest.mark.slow
def test_the_real_one_watches_and_dies_with_collectors_that_are_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with make_shop(tmp_path / "shop.db") as shop:
        shop.transaction("VC_1")
        with running(environment(data, shop.url, VC_WATCHMAN="on")) as collectors:
            eventually(lambda: _judged(data).get("source"), "it watches", within_s=90)
            pid = int(_fact(data, WATCHMAN)["pid"])
            assert pid != collectors.pid
            assert "health" in _fact(data, WATCHMAN_DAEMONS)
            assert {"store", "disk", "watchman", "collector:upkeep"} <= _judged(data).keys()
            os.kill(collectors.pid, signal.SIGKILL)
            ended(pid)


def _judged(data_dir: Path) -> dict[str, str]:
    if not (data_dir / "journal.db").exists():
        return {}
    with closing(Journal.open(data_dir)) as journal, journal.read() as connection:
        return {one.name: one.status for one in components.listed(connection)}


def _fact(data_dir: Path, name: str) -> dict[str, Any]:
    with closing(Catalogue.open(data_dir)) as catalogue:
        return dict(catalogue.fact(name) or {})
