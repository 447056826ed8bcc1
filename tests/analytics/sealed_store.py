"""A store whose history lies in files, with its cells, and what becomes of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from tests.analytics.moments import NOON, Row
from vcanalytics.analytics.engine import Engine
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import Catalogue, Reader, Segments, Snapshot
from vcanalytics.store.batches import make_batch
from vcanalytics.store.facts import LET_GO
from vcanalytics.store.manifest import Change, enter, manifest
from vcanalytics.store.sealer import seal
from vcanalytics.store.upkeep.merging import merge_next


class Store:
    """A store whose batches are sealed one by one; the last stays hot."""

    def __init__(self, folder: Path) -> None:
        self.catalogue = Catalogue.open(folder)
        self.segments = Segments(folder)
        self.engine = Engine(60.0, threads=2, segments=self.segments.root)

    def keep(self, stream: str, *batches: list[Row]) -> None:
        for number, rows in enumerate(batches):
            if rows:
                key = f"{stream}-{self.catalogue.seqs().get(stream, 0)}"
                with self.catalogue.write(NOON) as writer:
                    writer.append(stream, "test", key, make_batch(STREAMS[stream], rows))
                    writer.note_read(stream, NOON, done=0, total=0)
            if number < len(batches) - 1:
                self.seal(stream)

    def seal(self, stream: str) -> None:
        seal(self.catalogue, self.segments, STREAMS[stream], NOON)

    def look(self) -> Snapshot:
        return Reader(self.catalogue).snapshot()

    def let_go(self, stream: str, before: datetime) -> None:
        """Retire the rows of days before, as retention does."""
        with self.catalogue.transaction() as connection:
            files = manifest(connection, stream)
            old = [s for s in files if s.last_day < before.date()]
            enter(connection, Change([], old), NOON)
        with self.catalogue.write(NOON) as writer:
            writer.set_fact(LET_GO, {stream: before.date().isoformat()})

    def merge(self, now: datetime) -> None:
        """Put small files together, as when the month is over."""
        while merge_next(self.catalogue, self.segments, now, kept_for_ever=STREAMS.keys()):
            pass

    def close(self) -> None:
        self.engine.close()
        self.catalogue.close()
