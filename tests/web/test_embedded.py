"""The collectors as a child: started, restarted with growing pauses, gone with their parent."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.web.waiting import until
from vcanalytics.web import embedded
from vcanalytics.web.embedded import EmbeddedCollectors, collecting

ROOT = Path(__file__).parents[2]

#: A child that lives until its standard input closes, as the collectors do; it notes its start.
STAYS = "import sys; open(sys.argv[1], 'a').write('started\\n'); sys.stdin.read()"
#: The same, deaf to a polite request, and to the closing of its input.
DEAF = (
    "import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "open(sys.argv[1], 'a').write('started\\n'); time.sleep(600)"
)
FAILS = "import sys; open(sys.argv[1], 'a').write('started\\n'); sys.exit(3)"


def child(code: str, log: Path) -> tuple[str, ...]:
    return (sys.executable, "-c", code, str(log))


def starts(log: Path) -> int:
    return log.read_text().count("started") if log.exists() else 0


def lives(pid: int) -> bool:
    try:
        # A zombie still has a pid; its command line is empty.
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except FileNotFoundError:
        return False


def eventually(done: Callable[[], object], what: str, within_s: float = 20.0) -> None:
    give_up_at = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < give_up_at, f"{what}: not within {within_s} s"
        time.sleep(0.02)


def test_a_child_works_as_long_as_the_block_runs(tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def live() -> int:
        async with collecting(EmbeddedCollectors(child(STAYS, log))) as collectors:
            await until(lambda: collectors._process and starts(log))
            assert collectors._process is not None
            pid = collectors._process.pid
            assert lives(pid)
            return pid

    assert not lives(asyncio.run(live()))
    assert starts(log) == 1


def test_a_child_that_ends_is_started_again_with_growing_pauses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    log = tmp_path / "log"
    sleep = asyncio.sleep

    async def no_sleep(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    async def live() -> None:
        collectors = EmbeddedCollectors(child(FAILS, log))
        monkeypatch.setattr(asyncio, "sleep", no_sleep)
        task = asyncio.create_task(collectors.run())
        while collectors.restarts < 7:
            await sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(live())
    assert pauses[:7] == [1.0, 2.0, 5.0, 10.0, 30.0, 30.0, 30.0]
    assert starts(log) >= 7


def test_a_child_that_lived_long_is_started_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep
    monkeypatch.setattr(embedded, "_STEADY_S", -1.0)

    async def no_sleep(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    async def live() -> None:
        collectors = EmbeddedCollectors(child(FAILS, tmp_path / "log"))
        monkeypatch.setattr(asyncio, "sleep", no_sleep)
        task = asyncio.create_task(collectors.run())
        while collectors.restarts < 3:
            await sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(live())
    assert pauses[:3] == [1.0, 1.0, 1.0]


def test_a_child_that_is_killed_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_RESTART_AFTER_S", (0.0,) * 5)
    log = tmp_path / "log"

    async def live() -> None:
        async with collecting(EmbeddedCollectors(child(STAYS, log))) as collectors:
            await until(lambda: collectors._process and starts(log) == 1)
            assert collectors._process is not None
            os.kill(collectors._process.pid, signal.SIGKILL)
            await until(lambda: starts(log) == 2)
            assert collectors.restarts == 1

    asyncio.run(live())


def test_a_child_that_does_not_stop_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "STOP_WITHIN_S", 0.2)
    log = tmp_path / "log"

    async def live() -> int:
        async with collecting(EmbeddedCollectors(child(DEAF, log))) as collectors:
            await until(lambda: collectors._process and starts(log))
            assert collectors._process is not None
            return collectors._process.pid

    assert not lives(asyncio.run(live()))


def test_a_command_that_cannot_be_started_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine out of memory refuses a fork now and gives it later."""
    monkeypatch.setattr(embedded, "_RESTART_AFTER_S", (0.0,) * 5)
    program = tmp_path / "collectors"

    async def live() -> None:
        async with collecting(EmbeddedCollectors((str(program), "-c", "pass"))) as collectors:
            await until(lambda: collectors.restarts >= 2)

    asyncio.run(live())


#: A console in small: it holds the real collectors as its child and says their pid.
PARENT = """
import asyncio
from vcanalytics.web.embedded import EmbeddedCollectors, collecting

async def live():
    async with collecting(EmbeddedCollectors()) as collectors:
        while collectors._process is None:
            await asyncio.sleep(0.01)
        print(collectors._process.pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(live())
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_the_real_collectors_end_with_their_parent_however_it_ends(
    tmp_path: Path, how: signal.Signals
) -> None:
    environ = os.environ | {
        "VC_DATA_DIR": str(tmp_path / "data"),
        "VC_SOURCE_URL": f"sqlite:///{tmp_path}/shop.db",
    }
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        # Once the catalogue is there, the daemons are at work.
        eventually((tmp_path / "data" / "catalogue.db").exists, "the collectors began")
        assert lives(pid)
    finally:
        parent.send_signal(how)
        parent.communicate(timeout=20)
    eventually(lambda: not lives(pid), "the collectors ended")
