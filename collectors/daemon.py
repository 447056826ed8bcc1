"""The shape of every daemon, and the loop that runs one.

A daemon is ``initialise``, then ``loop(now)`` again and again, then ``shutdown``. The time is
passed in and the loop does the waiting, so that a test needs neither clock nor sleep. Failures are
logged and contained here, at the loop's edge, and nowhere else.
"""

from __future__ import annotations

import logging
import random
import threading
from datetime import UTC, datetime
from typing import Final, Protocol

from vcanalytics.errors import ConsoleError

LOG: Final = logging.getLogger("collectors")
_BACK_OFF_FIRST_S: Final = 0.5
_BACK_OFF_MAX_S: Final = 30.0


class Daemon(Protocol):
    """One subject's collector. ``name`` is what logs and heartbeats call it."""

    name: str

    def initialise(self) -> None:
        """Open what is needed; called again after a failure."""

    def loop(self, now: datetime) -> float:
        """Do what is due at ``now``; returns the seconds to wait before the next call."""

    def shutdown(self) -> None:
        """Let go of everything; may be called without a successful ``initialise``."""


class Runner:
    """Runs one daemon in a thread until told to stop, restarting it with back-off."""

    def __init__(self, daemon: Daemon, stop: threading.Event) -> None:
        self.daemon = daemon
        self.restarts = 0
        self.last_error: str | None = None
        self.beat_at: datetime | None = None
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
            try:
                self.daemon.initialise()
                while not self._stop.is_set():
                    pause_s = self.daemon.loop(datetime.now(UTC))
                    self.beat_at = datetime.now(UTC)
                    wait_s, self.last_error = _BACK_OFF_FIRST_S, None
                    self._stop.wait(pause_s)
            except Exception as error:  # noqa: BLE001 one daemon must not take the others down
                self.restarts += 1
                self._note(error, wait_s)
            finally:
                self._shut_down()
            if not self._stop.is_set():
                # Jitter keeps several daemons that lost the same thing from returning at once.
                self._stop.wait(wait_s * random.uniform(0.8, 1.2))  # noqa: S311 not a secret
                wait_s = min(wait_s * 2, _BACK_OFF_MAX_S)

    def _note(self, error: Exception, wait_s: float) -> None:
        line = str(error) or type(error).__name__
        if line != self.last_error:
            expected = isinstance(error, ConsoleError)
            LOG.error(
                "%s: %s (again in %.1f s)",
                self.daemon.name,
                line,
                wait_s,
                exc_info=None if expected else error,
            )
        self.last_error = line

    def _shut_down(self) -> None:
        try:
            self.daemon.shutdown()
        except Exception:
            LOG.exception("%s: shutdown failed", self.daemon.name)
