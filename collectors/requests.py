"""Request samples: a table that only grows, read on by id."""

from __future__ import annotations

import json
from datetime import datetime, tzinfo
from typing import Any, Final, NamedTuple

from collectors import rows as readers
from collectors.capture import SOURCE_NAME, Tally
from collectors.known import fingerprint
from collectors.rows import Reading, Unreadable
from collectors.swapped import Guard
from vcanalytics.model import streams
from vcanalytics.source import Source
from vcanalytics.source.connection import READ_ROWS_MAX
from vcanalytics.source.tables import REQUESTS, SourceTable
from vcanalytics.store import Catalogue
from vcanalytics.store.batches import make_batch

_POSITION: Final = "position:requests"


class _Position(NamedTuple):
    """How far the table was read.

    ``epoch`` is raised when the source is swapped: ids then begin anew, and are not taken for old
    ones. ``mark`` is the fingerprint of the row read last: another row in its place is another
    source.
    """

    after: int = 0
    epoch: int = 1
    mark: int | None = None


class Requests:
    """Reads performance_metrics on from where it was left. One writer, one thread."""

    table: SourceTable = REQUESTS
    name: str = streams.REQUESTS.name

    def __init__(self, source: Source, catalogue: Catalogue, zone: tzinfo) -> None:
        self._source = source
        self._catalogue = catalogue
        self._zone = zone
        self._guard = Guard(self.name, REQUESTS, source, catalogue)
        self._position = _Position()

    def open(self) -> None:
        self._position = _Position(**(self._catalogue.fact(_POSITION) or {}))

    def check(self, now: datetime, *, accept: bool = False) -> None:
        """Raises Swapped where the table is another, unless ``accept``: then it begins anew."""
        what = self._swapped()
        if what is None:
            return
        if not accept:
            raise self._guard.swapped(what)
        anew = _Position(epoch=self._position.epoch + 1)
        with self._catalogue.write(now) as writer:
            writer.set_fact(_POSITION, anew._asdict())
        self._position = anew

    def _swapped(self) -> str | None:
        after, _, mark = self._position
        top = self._source.id_counter(self.table)
        if top is None:
            top = self._source.top_id(self.table)
        if top < after:
            return f"ids went back from {after:,} to {top:,}"
        if mark is not None:
            last = self._source.by_ids(self.table, [after])
            # Old rows may be cleared away; they are never changed.
            if last and fingerprint(last[0]) != mark:
                return f"row {after:,} is another one than before"
        return None

    def step(self, now: datetime) -> tuple[Tally, bool]:
        """One short read and its append; the flag says whether there is more to read."""
        after, epoch, _ = self._position
        found = self._source.after(self.table, after)
        if not found:
            return Tally(), False
        kept: list[dict[str, object]] = []
        aside: list[tuple[str, str, str]] = []
        for row in found:
            named: dict[str, Any] = dict(zip(self.table.columns, row, strict=True))
            try:
                kept.append(readers.request(Reading(named, now, self._zone, [])))
            except Unreadable as unreadable:
                text = json.dumps(named, default=repr, ensure_ascii=True)
                aside.append((f"{epoch}:{row[0]}", str(unreadable), text))
        position = _Position(found[-1][0], epoch, fingerprint(found[-1]))
        with self._catalogue.write(now) as writer:
            for key, reason, text in aside:
                writer.reject(self.name, key, reason, text)
            if kept:
                key = f"{self.table.name}:{epoch}:{after}-{position.after}"
                writer.append(self.name, SOURCE_NAME, key, make_batch(streams.REQUESTS, kept))
            # In the same transaction as the rows: a crash repeats neither, and skips neither.
            writer.set_fact(_POSITION, position._asdict())
        self._position = position
        tally = Tally(read=len(found), kept=len(kept), rejected=len(aside))
        return tally, len(found) == READ_ROWS_MAX

    @property
    def after(self) -> int:
        """The id of the last row read."""
        return self._position.after
