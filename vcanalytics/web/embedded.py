"""The collectors as a child of the console, for as long as the console lives.

The child reads a pipe whose other end only this process holds. When the console ends, however it
ends, the pipe closes and the child stops by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from typing import Final

_LOG: Final = logging.getLogger(__name__)
#: What a child gets to stop in before it is killed; it promises five seconds.
STOP_WITHIN_S: Final = 6.0
_RESTART_AFTER_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
#: A child that lived so long starts counting its failures anew.
_STEADY_S: Final = 60.0
COMMAND: Final = (sys.executable, "-m", "collectors", "--with-parent")


class EmbeddedCollectors:
    """Starts the collectors, restarts them with growing pauses, stops them."""

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self.restarts = 0

    async def run(self) -> None:
        """Keep a child at work until cancelled."""
        clock = asyncio.get_running_loop().time
        failures = 0
        try:
            while True:
                started = clock()
                try:
                    status: int | str = await self._once()
                except OSError as error:
                    # No memory for a process now is no reason to do without collectors for ever.
                    status = str(error)
                failures = 1 if clock() - started > _STEADY_S else failures + 1
                pause = _RESTART_AFTER_S[min(failures, len(_RESTART_AFTER_S)) - 1]
                _LOG.warning("the collectors ended with status %s; again in %g s", status, pause)
                self.restarts += 1
                await asyncio.sleep(pause)
        finally:
            await self._stop()

    async def _once(self) -> int:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE
        )
        return await self._process.wait()

    async def _stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_WITHIN_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def collecting(collectors: EmbeddedCollectors) -> AsyncIterator[EmbeddedCollectors]:
    """The collectors at work for as long as the block runs."""
    task = asyncio.create_task(collectors.run(), name="embedded-collectors")
    try:
        yield collectors
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
