"""The daemon that samples this host and the console's own processes once a second."""

from __future__ import annotations

import math
import os
import platform
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psutil

from collectors.probe import Probe, Value
from collectors.spans import Spans
from vcanalytics.model import measures, streams
from vcanalytics.store import Catalogue
from vcanalytics.store.batches import make_batch
from vcanalytics.store.facts import HOST

#: Samples appended at once. An append takes 2 ms; each leaves 85 bytes in the ledger for some days,
#: 3.7 MB a day at this pace, and moves every page that shows the stream.
BATCH_SAMPLES: Final = 2
#: What waits while the store cannot be written; then the oldest are let go.
WAITING_MAX: Final = 600
#: What the ledger knows its batches by.
SOURCE: Final = "host"
_POSITION: Final = "position:host"


def host_name() -> str:
    """What this host's samples are kept under."""
    name = platform.node() or "localhost"
    return f"{name} (host)" if name == measures.VECTORCRAFT else name


class System:
    """Samples the host. A second is kept once, also by a clock that is set back or a restart.

    ``with_parent``: the process that started this one is the console. ``clock`` gives seconds that
    only grow, ``host`` is psutil or what stands in its place.
    """

    name = "system"

    def __init__(
        self,
        data_dir: Path,
        catalogue: Catalogue,
        *,
        with_parent: bool = False,
        clock: Callable[[], float] = time.monotonic,
        host: Any = psutil,
    ) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._host = host_name()
        processes = {measures.COLLECTORS: os.getpid()}
        if with_parent:
            processes[measures.CONSOLE] = os.getppid()
        self._probe = Probe(data_dir.absolute(), processes, host)
        # Kept over a restart: what could not be written yet is not lost.
        self._waiting: deque[tuple[int, list[Value]]] = deque(maxlen=WAITING_MAX)
        self._kept = Spans()
        # Whether the last append failed, and no shutdown has passed since.
        self._failed = False
        self._said_host = ""

    def initialise(self) -> None:
        self._said_host = str((self._catalogue.fact(HOST) or {}).get("name"))
        fact = self._catalogue.fact(_POSITION) or {}
        self._kept = Spans(fact.get("seconds", ()))

    def loop(self, now: datetime) -> float:
        """Sample, if this second has no sample yet; returns the seconds to the next one."""
        second = math.floor(now.timestamp())
        if second not in self._kept and all(second != at for at, _ in self._waiting):
            self._waiting.append((second, self._probe.read(self._clock())))
        if len(self._waiting) >= BATCH_SAMPLES:
            self._append(now)
        return second + 1 - now.timestamp()

    def shutdown(self) -> None:
        """Keep what waits. What has just failed is not tried again at once."""
        if self._waiting and not self._failed:
            self._append(datetime.now(UTC))
        self._failed = False

    def _append(self, now: datetime) -> None:
        rows = [
            {
                "happened_at": datetime.fromtimestamp(second, UTC),
                "host": self._host,
                "measure": value.measure,
                "item": value.item,
                "value": float(value.value),
            }
            for second, values in self._waiting
            for value in values
        ]
        kept = self._kept.with_seconds(second for second, _ in self._waiting)
        self._failed = True
        key = f"{self._waiting[0][0]}-{self._waiting[-1][0]}"
        with self._catalogue.write(now) as writer:
            if rows:
                writer.append(streams.SYSTEM.name, SOURCE, key, make_batch(streams.SYSTEM, rows))
            writer.note_read(streams.SYSTEM.name, now)
            if self._said_host != self._host:
                # Programs send samples of other hosts: this one is not to be taken for them.
                writer.set_fact(HOST, {"name": self._host})
            # In the same transaction as the rows: a crash repeats neither, and skips neither.
            writer.set_fact(_POSITION, {"seconds": kept.pairs()})
        self._failed = False
        self._said_host = self._host
        self._kept = kept
        self._waiting.clear()
