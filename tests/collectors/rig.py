"""A console beside a shop, for tests of the collectors.

    console = Console(tmp_path / "data", shop.url)
    console.once()                      # `python -m collectors --once`, in this process
    console.current("transactions")     # the rows that stand, by key

``Console.daemon()`` gives the source's daemon on a clock that only moves when told to. ``command``
runs the real thing, and ``running`` starts the real daemons.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from collectors.capture import Tally
from collectors.once import read_once
from collectors.vectorcraft import VectorCraft
from tests.shop import Shop
from vcanalytics.model.streams import STREAMS
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Reader
from vcanalytics.store.checking.check import check

ROOT: Final = Path(__file__).parents[2]
#: When nothing else is said; the rows of tests.shop are five days older.
NOW: Final = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PROMPT_S: Final = 20.0


@dataclass
class Clock:
    """A wall clock and a monotonic one, both moved by hand."""

    now: datetime = NOW
    monotonic: float = 1_000.0

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.monotonic += seconds


class Console:
    """The console's store, and the ways to read a source into it. Reopened by ``restart``."""

    def __init__(self, data_dir: Path, url: str, **settings: Any) -> None:
        self.settings = Settings(data_dir=data_dir, source_url=url, **settings)
        self.clock = Clock()
        self.restart()

    def restart(self) -> None:
        """Let go of everything held in memory, as a new process would."""
        self.catalogue = Catalogue.open(self.settings.data_dir)
        self.reader = Reader(self.catalogue)

    def once(self, *, accept: bool = False) -> dict[str, Tally | str]:
        return read_once(
            self.settings,
            self.settings.source_url,
            self.catalogue,
            accept=accept,
            clock=self.clock,
        )

    def tally(self, stream: str = "transactions") -> Tally:
        """Read once; what became of one stream."""
        tally = self.once()[stream]
        assert isinstance(tally, Tally), tally
        return tally

    @contextmanager
    def daemon(self) -> Iterator[Daemon]:
        daemon = VectorCraft(
            self.settings, self.settings.source_url, self.catalogue, lambda: self.clock.monotonic
        )
        daemon.initialise()
        try:
            yield Daemon(daemon, self.clock)
        finally:
            daemon.shutdown()

    def current(self, stream: str = "transactions") -> dict[Any, dict[str, Any]]:
        """The rows that stand now, by their key; a payment's raw metadata is not among it."""
        frame = self.reader.snapshot([stream]).current(stream)
        key = STREAMS[stream].key or ""
        return {row[key]: row for row in frame.to_dicts() if not row["deleted"]}

    def versions(self, stream: str = "transactions") -> list[dict[str, Any]]:
        """Every version, oldest first."""
        rows: list[dict[str, Any]] = self.reader.snapshot([stream]).table(stream).to_pylist()
        return rows

    def states(self, transaction_id: str) -> list[str]:
        """A payment's statuses in the order they were seen, "gone" where it was deleted."""
        return [
            "gone" if row["deleted"] else row["status"]
            for row in self.versions()
            if row["transaction_id"] == transaction_id
        ]

    def rejected(self, stream: str | None = None) -> dict[str, str]:
        """The rows set aside now: the source id to the reason."""
        return {row["row_key"]: row["reason"] for row in self.catalogue.rejected(stream)}

    def fact(self, name: str) -> Any:
        return self.catalogue.fact(name)

    def assert_sound(self) -> None:
        assert check(self.catalogue) == []


class Daemon:
    """The source's daemon, run round by round."""

    def __init__(self, daemon: VectorCraft, clock: Clock) -> None:
        self.daemon = daemon
        self.clock = clock

    def round(self, seconds: float = 0.05) -> float:
        """One round, ``seconds`` after the last."""
        self.clock.forward(seconds)
        return self.daemon.loop(self.clock.now)

    def until(self, done: Callable[[], bool], *, within_s: float = 60.0) -> float:
        """Rounds until ``done``; the seconds of the clock it took. Fails where it is never."""
        began = self.clock.monotonic
        while not done():
            took = self.clock.monotonic - began
            assert took <= within_s, f"not within {within_s} s"
            self.round(0.25)
        return self.clock.monotonic - began

    def settle(self, seconds: float = 40.0) -> None:
        """Rounds for so long that everything was compared at least once."""
        for _ in range(int(seconds * 2)):
            self.round(0.5)


def leave_hot_journal(shop: Shop, at: Path) -> Path:
    """A copy of the shop as a crash in the middle of a write leaves it: half written, with journal.

    Returns the copy's path, which is ``at``.
    """
    # A cache of one page has SQLite write into the file before the commit.
    shop.execute("PRAGMA cache_size = 1")
    shop.execute("PRAGMA synchronous = FULL")
    shop.execute("BEGIN IMMEDIATE")
    for i in range(200):
        shop.insert("system_logs", level="INFO", component="half", message=f"{i} " * 200)
    shop.execute("UPDATE transactions SET email = 'half@written'")
    for suffix in ("", "-journal"):
        shutil.copyfile(f"{shop.path}{suffix}", f"{at}{suffix}")
    shop.execute("ROLLBACK")
    return at


def environment(data_dir: Path, url: str, **more: str) -> dict[str, str]:
    """The environment of a real process, without a developer's own settings."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("VC_")}
    told = {"VC_DATA_DIR": str(data_dir), "VC_SOURCE_URL": url, "VC_WATCHMAN": "off"}
    return plain | told | more


def command(
    data_dir: Path, url: str, *options: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """``python -m collectors`` with options and settings, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "collectors", *options],
        cwd=ROOT,
        env=environment(data_dir, url, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@contextmanager
def running(
    environ: Mapping[str, str], *options: str, stdin: int | None = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    """The real daemons, from their start until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "collectors", *options],
        cwd=ROOT,
        env=dict(environ),
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def eventually(done: Callable[[], Any], what: str, within_s: float = PROMPT_S) -> Any:
    """Wait for ``done`` to be true; its value. For real processes only."""
    give_up_at = time.monotonic() + within_s
    while not (value := done()):
        assert time.monotonic() < give_up_at, f"{what}: not within {within_s} s"
        time.sleep(0.05)
    return value
