"""One shop and one console, and what is done to them, round after round."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select

from collectors.once import read_once
from tests.collectors.rig import ROOT, environment
from tests.shop import open_shop
from tests.torture import app, clock, proof
from tests.torture.rounds import Round, Wrong
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Reader, Segments, schema

#: Seconds after its start at which a daemon is killed: while it imports, reads, seals, or rests.
KILLED_AFTER_S: Final = (0.4, 2.6)
#: Within this the daemons catch up, and say what is wrong with the source. A busy machine is slow.
SETTLED_WITHIN_S: Final = 60.0
PAYMENTS: Final = 1_200
#: By so many hours the daemons' clock is off, where it jumps.
JUMPS_H: Final = (-49, -25, -2, -1, 1, 3, 26)
#: As low as they may be, so that the sealer is at work in every round.
SEALING: Final = {"VC_SEAL_ROWS": "1000", "VC_SEAL_MINUTES": "1"}


class Life:
    """A shop by a seed and the console beside it, in a folder of its own.

    The seed decides what is written, what is killed and after how long; what the machine was at
    in that instant it cannot. Every round ends with a proof and raises Wrong where it fails.
    """

    def __init__(self, folder: Path, seed: int, payments: int = PAYMENTS) -> None:
        self._random = random.Random(seed)  # noqa: S311 not a secret
        self.shop, self.data = folder / "shop.db", folder / "data"
        self._log = folder / "collectors.log"
        app.found_shop(self.shop, seed, payments)
        url = f"sqlite:///{self.shop}"
        self._settings = Settings(data_dir=self.data, source_url=url)
        self._clock = folder / "clock"
        more = SEALING | {clock.VARIABLE: str(self._clock)}
        self._environment = environment(self.data, url, **more)
        self._catalogue = Catalogue.open(self.data)
        self._held = Reader(self._catalogue)
        self._runs = 0
        #: (actor, what befell it, where) of everything that was killed.
        self.befell: Counter[tuple[str, str, str]] = Counter()

    @property
    def written(self) -> int:
        """Rows that were kept."""
        return sum(state.rows for state in self._catalogue.states().values())

    def close(self) -> None:
        self._catalogue.close()

    def round(self, kind: str) -> Round:
        """One round of the kind."""
        kinds: dict[str, Callable[[], str]] = {
            "daemons": self._kill_daemons,
            "app": self._kill_app,
            "clock": self._step_clock,
        }
        began = time.monotonic()
        did = kinds[kind]()
        return self._told(kind, did, time.monotonic() - began)

    # What is done

    def _kill_daemons(self) -> str:
        """The daemons are killed while the shop sells; at times the app is killed with them."""
        kills = self._random.randint(1, 3)
        app_too = self._random.random() < 0.3
        with self._app() as selling:
            for _ in range(kills):
                with self._daemons() as daemons:
                    self._live(daemons)
            if app_too:
                selling.kill()
                self.befell["app", "kill", "at a random instant"] += 1
            selling.wait()
        with self._daemons() as daemons:
            self._settle(daemons)
        self._prove()
        return f"daemons killed {kills + 1} times{', app killed' * app_too}"

    def _kill_app(self) -> str:
        """The app dies in the middle of a write: nothing can be read until it is back."""
        kills = self._random.randint(0, 1)
        # Those that stay find what changed at any age with their next sweep, a quarter of a minute
        # later; new ones at once.
        stays = self._random.random() < 0.2
        with self._app("--die-half-written") as selling:
            for _ in range(kills):
                with self._daemons() as daemons:
                    self._live(daemons)
            with self._daemons() as daemons:
                selling.wait()
                self.befell["app", "kill", "within a write"] += 1
                if not Path(f"{self.shop}-journal").exists():
                    raise Wrong("the app left no journal: the round is none")
                self._until(daemons, self._says_so, "the daemons do not say that they must wait")
                # The app opens its database again, and SQLite takes the half write back.
                with open_shop(self.shop) as opened:
                    opened.execute("UPDATE users SET is_active = 1")
                if stays:
                    self._settle(daemons)
        if not stays:
            with self._daemons() as daemons:
                self._settle(daemons)
        self._prove()
        return f"app killed half way in a write, daemons killed {kills + 1} times"

    def _step_clock(self) -> str:
        """The daemons' clock jumps by hours, and they are killed; what they keep is true."""
        kills = self._random.randint(1, 2)
        jumps = []
        with self._app() as selling:
            for _ in range(kills):
                with self._daemons() as daemons:
                    for _ in range(2):
                        jumps.append(self._random.choice(JUMPS_H))
                        clock.set_off(self._clock, jumps[-1])
                        self.befell["daemons", "clock", f"{jumps[-1]:+} h"] += 1
                        self._live(daemons)
            selling.wait()
        clock.set_off(self._clock, 0)
        with self._daemons() as daemons:
            self._settle(daemons)
        self._prove()
        told = ", ".join(f"{hours:+} h" for hours in jumps)
        return f"clock off by {told}, daemons killed {kills + 1} times"

    # How

    def _seed(self) -> int:
        self._runs += 1
        return self._random.randrange(1 << 30)

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
            )  # fmt: skip

    @contextmanager
    def _app(self, *options: str) -> Iterator[subprocess.Popen[bytes]]:
        writes = str(self._random.randint(40, 120))
        process = self._start(
            *(sys.executable, "-m", "tests.torture.app", str(self.shop)),
            *("--seed", str(self._seed()), "--writes", writes, *options),
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def _daemons(self) -> Iterator[subprocess.Popen[bytes]]:
        """The daemons until the block ends, then killed. None ends by itself."""
        process = self._start(sys.executable, "-m", "tests.torture.clock")
        try:
            yield process
            if process.poll() is not None:
                raise Wrong(f"the daemons ended by themselves\n{self._log_tail()}")
            self.befell["daemons", "kill", "at a random instant"] += 1
        finally:
            process.kill()
            process.wait()

    def _live(self, daemons: subprocess.Popen[bytes]) -> None:
        with suppress(subprocess.TimeoutExpired):
            daemons.wait(self._random.uniform(*KILLED_AFTER_S))

    def _settle(self, daemons: subprocess.Popen[bytes]) -> None:
        self._until(
            daemons,
            lambda: not proof.unsettled(self.shop, self._held),
            "the daemons do not catch up",
            lambda: proof.unsettled(self.shop, Reader(self._catalogue)),
        )

    def _until(
        self,
        daemons: subprocess.Popen[bytes],
        done: Callable[[], bool],
        what: str,
        details: Callable[[], list[str]] = list,
    ) -> None:
        give_up_at = time.monotonic() + SETTLED_WITHIN_S
        while not done():
            if daemons.poll() is not None or time.monotonic() > give_up_at:
                raise Wrong("\n".join([what, *details(), self._log_tail()]))
            time.sleep(0.1)

    def _says_so(self) -> bool:
        source = self._catalogue.fact("source") or {}
        return "a journal to roll back" in (source.get("problem") or "")

    def _read(self) -> int:
        """``--once``, in this process; the versions and rows it kept."""
        tallies = read_once(self._settings, self._settings.source_url, self._catalogue)
        problems = [tally for tally in tallies.values() if isinstance(tally, str)]
        if problems:
            raise Wrong("; ".join(problems))
        return sum(tally.kept for tally in tallies.values() if not isinstance(tally, str))

    def _prove(self) -> None:
        """A settled store is right, and reading once more finds nothing new."""
        found = proof.faults(self.shop, self._catalogue, self._held, datetime.now(UTC))
        if kept := self._read():
            found.append(f"{kept} rows were kept of a source that had been read whole")
        if found:
            raise Wrong("\n".join([*found[:20], self._log_tail()]))

    def _log_tail(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(["the collectors' last words:", *lines[-12:]])

    def _told(self, kind: str, did: str, seconds: float) -> Round:
        states = self._catalogue.states()
        with self._catalogue.read() as connection:
            named = connection.execute(select(schema.segment.c.key, schema.segment.c.retired_at))
            retired = {row.key: row.retired_at for row in named}
        files = set(Segments(self.data).files())
        return Round(
            kind=kind,
            did=did,
            versions=sum(states[name].rows for name in proof.PLAIN),
            requests=states["requests"].rows,
            segments=sum(1 for at in retired.values() if at is None),
            left_over=len(files - retired.keys()),
            seconds=seconds,
        )
