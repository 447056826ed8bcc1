"""The daemon that keeps the store in shape.

It seals, clears away, forgets who asked for it, and in between books, settles, lets go and merges,
a step at a time, so that sealing is never kept waiting for long.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Final

from collectors import memory
from collectors.daemon import LOG
from collectors.maintenance import Maintenance
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.forget import finish, pending
from vcanalytics.store.manifest import ORPHAN_AFTER, Waiting, clean
from vcanalytics.store.sealer import Limits, seal_due

#: Between looks where nothing is left to be done.
PAUSE_S: Final = 5.0
_REST_MAX_S: Final = 2.0
_CLEAN_EVERY: Final = timedelta(minutes=10)
_TRIM_EVERY: Final = timedelta(minutes=1)


class Upkeep:
    """Seals by size and age (settings), deletes files past their grace, forgets in sealed ones."""

    name = "upkeep"

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._segments = Segments(settings.store_dir)
        self._limits = Limits(rows=settings.seal_rows, age=timedelta(minutes=settings.seal_minutes))
        self._cleaned_at: datetime | None = None
        self._trimmed_at: datetime | None = None
        self._maintenance = Maintenance(settings, catalogue, self._segments)
        self._waiting = Waiting()

    def initialise(self) -> None:
        self._cleaned_at = self._trimmed_at = None
        self._maintenance.open()

    def loop(self, now: datetime) -> float:
        if pending(self._catalogue):
            # Here, because nothing is sealed meanwhile.
            finished = finish(self._catalogue, self._segments, now)
            LOG.info("forgot customers in %d sealed rows", finished.rows)
            for key in finished.damaged:
                LOG.warning("%s is damaged: who is forgotten may still stand in it", key)
        for sealed in seal_due(self._catalogue, self._segments, self._limits, now):
            LOG.info(
                "sealed %s: %d rows of %d batches into %d segments",
                sealed.stream,
                sealed.rows,
                sealed.batches,
                len(sealed.segments),
            )
        if _is_due(self._cleaned_at, _CLEAN_EVERY, now):
            # At the start what a kill left over is removed at once: the lock says that nobody else
            # seals, and this thread does not just now.
            first = self._cleaned_at is None
            orphan_after = timedelta(0) if first else ORPHAN_AFTER
            clean(self._catalogue, self._segments, now, orphan_after, waiting=self._waiting)
            self._cleaned_at = now
        if _is_due(self._trimmed_at, _TRIM_EVERY, now):
            memory.give_back()
            self._trimmed_at = now
        began_at = time.monotonic()
        if self._maintenance.step(now):
            # As long as the step took, others have the processor and the disk.
            return min(_REST_MAX_S, time.monotonic() - began_at)
        return PAUSE_S

    def shutdown(self) -> None:
        """Nothing is held."""


def _is_due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    # abs: a clock that was set back must not put it off for years.
    return last is None or abs(now - last) >= every
