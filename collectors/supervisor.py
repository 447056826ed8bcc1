"""Starts the daemons, minds them, and stops them cleanly within five seconds."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from types import FrameType
from typing import Final

from collectors.daemon import LOG, Daemon, Runner
from vcanalytics.errors import StoreError
from vcanalytics.logbook import Logbook, open_logbook
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue
from vcanalytics.store.facts import DAEMONS, SUPERVISOR

STOP_WITHIN_S: Final = 4.0
_HEARTBEAT_S: Final = 5.0


def open_log(process: str, settings: Settings) -> Logbook:
    """One line an event: of JSON in the process's own file, and for people on stderr."""
    return open_logbook(
        process,
        settings.store_dir,
        file_bytes=settings.log_bytes,
        files=settings.log_files,
        lines="%(asctime)s %(levelname)s %(message)s",
        lines_level=logging.INFO,
    )


class Supervisor:
    """Runs daemons until told to stop by a signal, by ``stop``, or by its parent's death."""

    def __init__(
        self,
        daemons: Sequence[Daemon],
        catalogue: Catalogue,
        *,
        facts: tuple[str, str] = (DAEMONS, SUPERVISOR),
        stop_within_s: float = STOP_WITHIN_S,
    ) -> None:
        """``facts`` are the names under which pages read of the daemons and of the process."""
        self._facts = facts
        self._stop_within_s = stop_within_s
        self._stop = threading.Event()
        self._catalogue = catalogue
        self._started_at = datetime.now(UTC)
        self._runners = [Runner(daemon, self._stop) for daemon in daemons]

    def stop(self) -> None:
        self._stop.set()

    def on_signals(self) -> None:
        """Stop on SIGTERM and SIGINT. Call it in the main thread."""

        def handle(_number: int, _frame: FrameType | None) -> None:
            self._stop.set()

        signal.signal(signal.SIGTERM, handle)
        signal.signal(signal.SIGINT, handle)

    def with_parent(self) -> None:
        """Stop when standard input ends: its other end is the parent, and dies with it.

        A pipe needs no polling and no parent's goodwill: the kernel closes it at any death.
        """

        def wait() -> None:
            while os.read(0, 4096):
                pass
            self._stop.set()

        threading.Thread(target=wait, name="parent", daemon=True).start()

    def run(self) -> bool:
        """Run until stopped. Whether every daemon ended in time."""
        for runner in self._runners:
            runner.start()
        while True:
            self._beat()
            if self._stop.wait(_HEARTBEAT_S):
                break
        give_up_at = time.monotonic() + self._stop_within_s
        late = [
            runner.daemon.name
            for runner in self._runners
            if not runner.join(max(0.0, give_up_at - time.monotonic()))
        ]
        if late:
            LOG.warning("stopped without waiting for: %s", ", ".join(late))
        self._beat()
        return not late

    def _beat(self) -> None:
        """Keep what pages show of the daemons: by default the facts "daemons" and "supervisor"."""
        daemons = {
            runner.daemon.name: {
                "state": runner.state,
                "since": _text(runner.since),
                "beat_at": _text(runner.beat_at),
                "restarts": runner.restarts,
                "last_error": runner.last_error,
                "last_error_at": _text(runner.last_error_at),
            }
            for runner in self._runners
        }
        now = datetime.now(UTC)
        supervisor = {
            "pid": os.getpid(),
            "started_at": _text(self._started_at),
            "beat_at": _text(now),
            "stopped": self._stop.is_set(),
        }
        try:
            with self._catalogue.write(now, durable=False) as writer:
                for name, fact in zip(self._facts, (daemons, supervisor), strict=True):
                    writer.set_fact(name, fact)
        except StoreError as error:
            LOG.warning("heartbeat: %s", error)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
