"""The figures of the moment, made once for all who listen, and only while somebody does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from vcanalytics.errors import ConsoleError
from vcanalytics.web.watch import Watcher

_LOG: Final = logging.getLogger(__name__)
#: Between two makings: some of the questions behind them take a tenth of a second of a core.
EVERY_S: Final = 1.0
#: Hosts and ages go on where no stream moves.
GOOD_FOR_S: Final = 10.0


class Figures:
    """Keeps the newest figures. Lives in one event loop; ``make`` runs in a thread."""

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make = make
        self._turn = asyncio.Lock()
        self._made_at = float("-inf")
        self._made_of = -1
        #: As they were last made; empty before that.
        self.newest: Mapping[str, Any] = {}

    async def now(self, version: int, *, paced: bool = False) -> Mapping[str, Any]:
        """Figures that know of the watcher's ``version``; ``paced``: or those of this second.

        Where they cannot be made, those that were made last.
        """
        async with self._turn:
            clock = asyncio.get_running_loop().time
            age_s = clock() - self._made_at
            good_for_s = EVERY_S if paced else 0.0
            if age_s < (GOOD_FOR_S if self._made_of >= version else good_for_s):
                return self.newest
            try:
                self.newest = await asyncio.to_thread(self._make)
            except ConsoleError as error:
                _LOG.warning("the live figures could not be made: %s", error)
            except Exception:  # noqa: BLE001 - who listens goes on listening
                _LOG.exception("the live figures could not be made")
            self._made_at, self._made_of = clock(), version
            return self.newest

    async def renewed(self, watcher: Watcher) -> AsyncIterator[Mapping[str, Any]]:
        """Figures again and again, after ``watcher`` has seen something new."""
        version, told = watcher.version, self.newest
        while True:
            version = await watcher.after(version)
            while self._made_of < version:
                wait_s = self._made_at + EVERY_S - asyncio.get_running_loop().time()
                await asyncio.sleep(max(wait_s, 0))
                version = watcher.version
                await self.now(version, paced=True)
            if self.newest is not told:
                told = self.newest
                yield told
