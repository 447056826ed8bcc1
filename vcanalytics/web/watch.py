"""One watcher a process: sees the catalogue and the journal change and tells whoever listens.

Asking whether anybody has committed, every 20 ms while anybody listens, costs next to nothing; the
catalogue itself is read only when somebody has.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from vcanalytics.commits import Commits, Token
from vcanalytics.errors import ConsoleError

_LOG: Final = logging.getLogger(__name__)
#: A push comes within 100 ms of its commit: this is what it may take to see the commit.
LOOK_EVERY_S: Final = 0.02
#: Where nobody has listened for a while: the state is there for whoever comes, and for /healthz.
LOOK_CALMLY_S: Final = 0.1
_CALM_AFTER_S: Final = 2.0
LOOK_AT_LEAST_S: Final = 5.0
#: After a change that moved no stream (a heartbeat), listeners hear of it at most this often.
QUIET_EVERY_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class State:
    """What listeners are told: newest sequence numbers, last successful reads, a problem."""

    seqs: dict[str, int] = field(default_factory=dict)
    read_at: dict[str, int] = field(default_factory=dict)
    problem: str | None = None


#: Reads the state from the catalogue; runs in a thread.
ReadState = Callable[[], State]


class Watcher:
    """Holds the newest state and wakes listeners. Lives in one event loop."""

    def __init__(self, path: Path, read_state: ReadState, *others: Path) -> None:
        """Look at the file at ``path``, and at ``others`` as they come to be."""
        self._commits = [Commits(one) for one in (path, *others)]
        self._read_state = read_state
        self._changed = asyncio.Condition()
        self._told_at = 0.0
        self._listeners = 0
        self._listened_at = -math.inf
        self.state = State()
        self.version = 0

    async def run(self) -> None:
        """Watch until cancelled."""
        token: tuple[Token | None, ...] = ()
        pending: State | None = None
        clock = asyncio.get_running_loop().time
        looked_at = -math.inf
        while True:
            now_token = tuple(commits.token() for commits in self._commits)
            # Silence is no commit: who collects no more is missed by looking all the same.
            if now_token != token or clock() - looked_at >= LOOK_AT_LEAST_S:
                looked_at = clock()
                try:
                    pending = await asyncio.to_thread(self._read_state)
                    token = now_token
                except ConsoleError as error:
                    pending = State(self.state.seqs, self.state.read_at, str(error))
                except Exception:  # noqa: BLE001 - a watcher that dies would silence every page
                    _LOG.exception("the catalogue could not be read; trying again")
            if pending is not None:
                news = (pending.seqs, pending.problem) != (self.state.seqs, self.state.problem)
                quiet = clock() - self._told_at >= QUIET_EVERY_S
                if news or (quiet and pending != self.state):
                    await self._tell(pending, clock())
                    pending = None
            # A viewer who was just told something listens again in a moment.
            lately = self._listeners or clock() - self._listened_at < _CALM_AFTER_S
            await asyncio.sleep(LOOK_EVERY_S if lately else LOOK_CALMLY_S)

    async def _tell(self, state: State, at: float) -> None:
        async with self._changed:
            self.state = state
            self.version += 1
            self._told_at = at
            self._changed.notify_all()

    async def after(self, version: int) -> int:
        """Wait for a state newer than ``version``; returns its version."""
        self._listeners += 1
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: self.version > version)
                return self.version
        finally:
            self._listeners -= 1
            self._listened_at = asyncio.get_running_loop().time()


@contextlib.asynccontextmanager
async def watching(watcher: Watcher) -> AsyncIterator[Watcher]:
    """``watcher`` at work for as long as the block runs."""
    task = asyncio.create_task(watcher.run(), name="catalogue-watcher")
    try:
        yield watcher
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
