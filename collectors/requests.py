"""Request samples: a table that only grows, read on by id."""

from __future__ import annotations

import json
from datetime import datetime, tzinfo
from typing import Any, Final

from collectors import rows as readers
from collectors.capture import SOURCE_NAME, Swapped, Tally
from collectors.rows import Reading, Unreadable
from vcanalytics.model import streams
from vcanalytics.source import Source
from vcanalytics.source.connection import READ_ROWS_MAX
from vcanalytics.source.tables import REQUESTS, SourceTable
from vcanalytics.store import Catalogue
from vcanalytics.store.batches import make_batch

_POSITION: Final = "position:requests"


class Requests:
    """Reads performance_metrics on from where it was left. One writer, one thread."""

    table: SourceTable = REQUESTS
    name: str = streams.REQUESTS.name

    def __init__(self, source: Source, catalogue: Catalogue, zone: tzinfo) -> None:
        self._source = source
        self._catalogue = catalogue
        self._zone = zone
        self._after = 0
        # Raised when the source is swapped: ids then begin anew, and are not taken for old ones.
        self._epoch = 1

    def open(self) -> None:
        position = self._catalogue.fact(_POSITION) or {}
        self._after, self._epoch = position.get("after", 0), position.get("epoch", 1)

    def check(self, *, accept: bool = False) -> None:
        """Raises Swapped where ids went back, unless ``accept``: then it begins anew."""
        top = self._source.id_counter(self.table)
        if top is None:
            top = self._source.top_id(self.table)
        if top >= self._after:
            return
        if not accept:
            raise Swapped(
                f"{self.table.name}: ids went back from {self._after:,} to {top:,}: the source was"
                " emptied or swapped for another",
                where=self._source.where,
                hint="Figures keep their state; if it is meant, run"
                " `python -m collectors --accept-deletions`",
            )
        self._after, self._epoch = 0, self._epoch + 1

    def step(self, now: datetime) -> tuple[Tally, bool]:
        """One short read and its append; the flag says whether there is more to read."""
        found = self._source.after(self.table, self._after)
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
                aside.append((f"{self._epoch}:{row[0]}", str(unreadable), text))
        last = found[-1][0]
        with self._catalogue.write(now) as writer:
            for key, reason, text in aside:
                writer.reject(self.name, key, reason, text)
            if kept:
                key = f"{self.table.name}:{self._epoch}:{self._after}-{last}"
                writer.append(self.name, SOURCE_NAME, key, make_batch(streams.REQUESTS, kept))
            # In the same transaction as the rows: a crash repeats neither, and skips neither.
            writer.set_fact(_POSITION, {"after": last, "epoch": self._epoch})
        self._after = last
        tally = Tally(read=len(found), kept=len(kept), rejected=len(aside))
        return tally, len(found) == READ_ROWS_MAX

    @property
    def after(self) -> int:
        """The id of the last row read."""
        return self._after
