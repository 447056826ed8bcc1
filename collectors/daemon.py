"""The shape of every daemon, and the loop that runs one.

A daemon is ``initialise``, then ``loop(now)`` again and again, then ``shutdown``. The time is
passed in and the loop does the waiting, so that a test needs neither clock nor sleep. Failures are
logged and contained here, at the loop's edge, and nowhere else.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Protocol

from vcanalytics.errors import ConsoleError

LOG: Final = logging.getLogger("collectors")
_BACK_OFF_FIRST_S: Final = 0.5
_BACK_OFF_MAX_S: Final = 30.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Daemon(Protocol):
    """One subject's collector. ``name`` is what logs and heartbeats call it."""

    name: str

    def initialise(self) -> None:
        """Open what is needed; called again after a failure."""

    def loop(self, now: datetime) -> float:
        """Do what is due at ``now``; returns the seconds to wait before the next call."""

    def shutdown(self) -> None:
        """Let go of everything; may be called without a successful ``initialise``, and twice."""


class State(StrEnum):
    """What a daemon does now."""

    RUNNING = "running"
    WAITING = "waiting"  # to be restarted after a failure
    STOPPED = "stopped"


class Runner:
    """Runs one daemon in a thread until told to stop, restarting it with back-off.

    ``state`` has stood ``since``; ``beat_at`` is when a round of the daemon last ended well. The
    last error stays when the daemon has recovered. ``wait`` waits so many seconds, or for the stop.
    """

    def __init__(
        self,
        daemon: Daemon,
        stop: threading.Event,
        *,
        clock: Callable[[], datetime] = _utc_now,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        self.daemon = daemon
        self.state = State.STOPPED
        self.since = clock()
        self.beat_at: datetime | None = None
        self.restarts = 0
        self.last_error: str | None = None
        self.last_error_at: datetime | None = None
        self._clock = clock
        self._wait = wait or stop.wait
        self._logged: str | None = None
        self._stop = stop
        self._thread = threading.Thread(target=self._run, name=daemon.name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Whether the daemon ended in time."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        wait_s = _BACK_OFF_FIRST_S
        while not self._stop.is_set():
            self._turn(State.RUNNING)
            try:
                self.daemon.initialise()
                while not self._stop.is_set():
                    pause_s = self.daemon.loop(self._clock())
                    self.beat_at = self._clock()
                    wait_s, self._logged = _BACK_OFF_FIRST_S, None
                    self._wait(pause_s)
            except Exception as error:  # noqa: BLE001 one daemon must not take the others down
                self.restarts += 1
                self._note(error, wait_s)
                self._turn(State.WAITING)
            finally:
                self._shut_down()
            if not self._stop.is_set():
                # Jitter keeps several daemons that lost the same thing from returning at once.
                self._wait(wait_s * random.uniform(0.8, 1.2))  # noqa: S311 not a secret
                wait_s = min(wait_s * 2, _BACK_OFF_MAX_S)
        if self.state is State.WAITING:
            # Told to stop while it waited: what it holds may be kept by now.
            self._shut_down()
        self._turn(State.STOPPED)

    def _turn(self, state: State) -> None:
        self.state, self.since = state, self._clock()

    def _note(self, error: Exception, wait_s: float) -> None:
        line = str(error) or type(error).__name__
        if line != self._logged:
            expected = isinstance(error, ConsoleError)
            LOG.error(
                "%s: %s (again in %.1f s)",
                self.daemon.name,
                line,
                wait_s,
                exc_info=None if expected else error,
            )
        self._logged = line
        self.last_error, self.last_error_at = line, self._clock()

    def _shut_down(self) -> None:
        try:
            self.daemon.shutdown()
        except ConsoleError as error:
            LOG.warning("%s: shutdown: %s", self.daemon.name, error)
        except Exception:
            LOG.exception("%s: shutdown failed", self.daemon.name)
