"""A batch into the store: once, whole, and fsynced before anybody is told."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vcanalytics.errors import NoRoom, UsageError
from vcanalytics.ingest.reading import BadEvent, Batch
from vcanalytics.model.streams import INGEST
from vcanalytics.model.times import EARLIEST
from vcanalytics.store import Catalogue
from vcanalytics.store.facts import FREE_BYTES_LEAST

#: Clocks of two hosts differ, but not by more than this.
AHEAD_MAX: Final = timedelta(hours=1)


class KeyReused(UsageError):
    """The key came before, with other events."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a batch: ``added`` events, none where it was there already (``duplicate``)."""

    added: int
    duplicate: bool


def keep(
    catalogue: Catalogue,
    key: str,
    batch: Batch,
    now: datetime,
    *,
    kept_days: int | None = None,
) -> Kept:
    """Add the batch under ``key``, or find that it was added before.

    ``kept_days`` is for how long rows of its stream are kept: older ones would be let go of at
    once. Raises KeyReused; BadEvent where a time is out of range; NoRoom, or another StoreError,
    where the store cannot be written, and then nothing was added.
    """
    if not len(batch):
        return Kept(0, duplicate=False)
    bad = _out_of_range(batch, now, kept_days)
    if shutil.disk_usage(catalogue.path.parent).free < FREE_BYTES_LEAST:
        # What little there is is for payments, and for saying that it is little.
        raise NoRoom(
            "the disk is full: nothing more can be kept", hint="Make room, then send again"
        )
    with catalogue.write(now) as writer:
        # In the transaction that writes: two who send the same at once add it once.
        entry = writer.entry(INGEST, key)
        if entry is not None:
            if (entry.stream, entry.digest) != (batch.stream, batch.digest):
                raise KeyReused(
                    "this Idempotency-Key came before with other events",
                    hint="Make a key for each batch, and keep it for sending that batch again",
                )
            # Also where it is too old by now: it was not when it was added.
            return Kept(0, duplicate=True)
        if bad is not None:
            raise bad
        writer.append(batch.stream, INGEST, key, batch.rows, digest=batch.digest)
    return Kept(len(batch), duplicate=False)


def _out_of_range(batch: Batch, now: datetime, kept_days: int | None) -> BadEvent | None:
    earliest = EARLIEST
    if kept_days is not None:
        earliest = max(earliest, now - timedelta(days=kept_days))
    latest = now + AHEAD_MAX
    if earliest <= min(batch.moments) and max(batch.moments) <= latest:
        return None
    for index, moment in enumerate(batch.moments):
        if moment < earliest:
            kept = f"; rows are kept for {kept_days} days" if earliest > EARLIEST else ""
            reason = f"lies before {earliest.isoformat(timespec='seconds')}{kept}"
            return BadEvent(index, "happened_at", reason)
        if moment > latest:
            return BadEvent(index, "happened_at", "lies more than an hour in the future")
    return None
