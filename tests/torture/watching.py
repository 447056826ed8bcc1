"""Readers that look at every snapshot while things are killed: one that holds on, and new ones."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.torture import seeing
from vcanalytics.analytics.engine import Engine
from vcanalytics.errors import ConsoleError, StoreError
from vcanalytics.store import Catalogue, Reader, Snapshot

#: Every so many looks the reader is a new one, as a console that was just started.
_NEW_EVERY: Final = 4
#: At least; else as long as the look before it took.
_REST_S: Final = 0.02


class Watcher:
    """Looks from ``start`` to ``stop``, and says then what it saw that could not be."""

    def __init__(
        self,
        data_dir: Path,
        seed: int,
        engine: Engine,
        acknowledged: Callable[[], Mapping[int, int]],
    ) -> None:
        self._data_dir = data_dir
        self._acknowledged = acknowledged
        self.eye = seeing.Eye(seed, engine)
        self._found: list[str] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        #: In words, what readers were not told, and how often.
        self.refused: Counter[str] = Counter()
        #: A clock stepped: the grace of retired files is told by it, so that they may go while a
        #: question is at them, which must then say so.
        self.files_may_go = False

    def start(self) -> None:
        self._stop.clear()
        self._thread = threading.Thread(target=self._watch, name="watcher")
        self._thread.start()

    def stop(self) -> list[str]:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        found, self._found = self._found, []
        return found

    def _watch(self) -> None:
        catalogue = Catalogue.open(self._data_dir, create=False)
        held, looks = Reader(catalogue), 0
        began = time.monotonic()
        try:
            # A rest as long as a look leaves the machine to those who are watched.
            while not self._stop.wait(max(_REST_S, time.monotonic() - began)) and not self._found:
                began = time.monotonic()
                new = looks % _NEW_EVERY == 0
                reader = Reader(catalogue) if new else held
                looks += 1
                at_least = dict(self._acknowledged())
                who = "a new reader" if new else "a reader that held on"
                try:
                    snapshot = reader.snapshot(seeing.STREAMS)
                except ConsoleError as error:
                    # A disk that is full or fails may refuse a reader, in words; never lie to it.
                    self._refuse(error.what)
                    continue
                try:
                    self._found += seeing.named(self._look(snapshot, at_least), who)
                except (StoreError, FileNotFoundError) as error:
                    if not self.files_may_go:
                        raise
                    self._refuse(
                        error.what if isinstance(error, StoreError) else str(error.strerror)
                    )
                    held = Reader(catalogue)
        except Exception as error:  # noqa: BLE001 a thread's end would go unseen
            self._found.append(f"a reader died: {type(error).__name__}: {error}")
        finally:
            catalogue.close()

    def _refuse(self, what: str) -> None:
        self.refused[what.split(":", maxsplit=1)[0]] += 1

    def _look(self, snapshot: Snapshot, at_least: Mapping[int, int]) -> list[str]:
        if snapshot.damage:
            if self.files_may_go and all("missing" in one.reason for one in snapshot.damage):
                raise StoreError(snapshot.damage[0].reason)
            self.eye.wrong["half-seen"] += 1
            return [f"rows are said to be damaged: {snapshot.damage[0]}"]
        return self.eye.look(snapshot, at_least)
