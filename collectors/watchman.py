"""The daemon that minds the watchman: a child process that ends with this one.

The child reads a pipe whose other end only this process holds, as the collectors themselves do
below the console: whatever ends this process ends it too.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from vcanalytics.errors import ConsoleError

COMMAND: Final = (sys.executable, "-m", "collectors.watch")
#: Collectors that live for less never pay for it: it takes two CPU seconds to import DuckDB.
START_AFTER_S: Final = 5.0
_LOOK_EVERY_S: Final = 1.0
_RESTART_AFTER_S: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
#: A child that lived so long starts counting its failures anew.
_STEADY_S: Final = 60.0
#: The collectors have four seconds for all of their daemons.
_STOP_WITHIN_S: Final = 3.0


class Watchman:
    """Starts the child a moment after the collectors, and again, with growing pauses, if it ends.

    ``clock`` gives seconds that only grow.
    """

    name = "watchman"

    def __init__(
        self,
        command: tuple[str, ...] = COMMAND,
        *,
        start_after_s: float = START_AFTER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command = command
        self._clock = clock
        self._start_at = clock() + start_after_s
        self._started_at = 0.0
        self._failures = 0
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process, None while there is none."""
        return None if self._child is None else self._child.pid

    def initialise(self) -> None:
        """Nothing is needed yet."""

    def loop(self, now: datetime) -> float:  # noqa: ARG002 a child's life has a clock of its own
        """Start the child when its time has come; raises ConsoleError when it has ended."""
        if self._child is None:
            wait_s = self._start_at - self._clock()
            if wait_s > 0:
                return min(wait_s, _LOOK_EVERY_S)
            self._start()
        elif (status := self._child.poll()) is not None:
            self._close()
            raise self._ended(f"it ended with status {status}")
        return _LOOK_EVERY_S

    def shutdown(self) -> None:
        """End the child: politely, then not."""
        child = self._child
        if child is None:
            return
        if child.stdin is not None:
            child.stdin.close()
        child.terminate()
        try:
            child.wait(_STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        self._child = None

    def _start(self) -> None:
        try:
            self._child = subprocess.Popen(  # noqa: S603 our own module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                # Ctrl-C at a terminal is for the collectors, which end it themselves.
                process_group=0,
            )
        except OSError as error:
            # No memory for a process now is no reason to do without for ever.
            raise self._ended(f"it cannot be started: {error.strerror}") from error
        self._started_at = self._clock()

    def _ended(self, what: str) -> ConsoleError:
        now = self._clock()
        steady = now - self._started_at > _STEADY_S
        self._failures = 1 if steady else self._failures + 1
        pause_s = _RESTART_AFTER_S[min(self._failures, len(_RESTART_AFTER_S)) - 1]
        self._start_at = now + pause_s
        return ConsoleError(
            what, where="watchman", hint=f"It is started again in {pause_s:g} s", heals=True
        )

    def _close(self) -> None:
        if self._child is not None and self._child.stdin is not None:
            self._child.stdin.close()
        self._child = None
