"""How far a long job of upkeep has come: told to pages as a fact, and to the log, now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from collectors.daemon import LOG
from vcanalytics.store import Catalogue
from vcanalytics.store.facts import UPKEEP

#: A fact is a write: not more often than this, and pages need no more.
_TELL_EVERY_S: Final = 2.0
_LOG_EVERY_S: Final = 60.0


class Progress:
    """Tells of one job at a time. What is done within one step is never told of at all.

    ``clock`` gives seconds that only grow.
    """

    def __init__(self, catalogue: Catalogue, clock: Callable[[], float] = time.monotonic) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._job: tuple[str, str] | None = None
        self._told_at = self._logged_at = -_LOG_EVERY_S

    def open(self) -> None:
        """Take back what was told of a job that was killed."""
        if self._catalogue.fact(UPKEEP) is not None:
            self._tell(None)
        self._job = None

    def report(self, what: str, done: int, total: int) -> None:
        """``done`` of ``total`` steps of a job are made; it is over when they are all."""
        if done >= total:
            self.clear(what)
            return
        moment = self._clock()
        if self._job is None or self._job[0] != what:
            self._job = (what, datetime.now(UTC).isoformat(timespec="seconds"))
            self._told_at = self._logged_at = moment - _LOG_EVERY_S
        if moment - self._logged_at >= _LOG_EVERY_S:
            self._logged_at = moment
            LOG.info("%s: %d of %d", what, done, total)
        if moment - self._told_at >= _TELL_EVERY_S:
            self._told_at = moment
            self._tell({"what": what, "done": done, "total": total, "since": self._job[1]})

    def clear(self, what: str) -> None:
        """The job is over, if it was under way."""
        if self._job is not None and self._job[0] == what:
            self._job = None
            self._tell(None)
            LOG.info("%s: done", what)

    def _tell(self, fact: object) -> None:
        with self._catalogue.write(durable=False) as writer:
            writer.set_fact(UPKEEP, fact)
