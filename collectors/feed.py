"""A table that only grows, read on by id into events: each row once, at any restart."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, Final

from collectors import events
from collectors.accounts import Accounts
from collectors.capture import SOURCE_NAME, Tally
from collectors.events import Event
from collectors.known import fingerprint
from collectors.place import Place, Position
from collectors.rows import Reading, Unreadable
from vcanalytics.model import streams
from vcanalytics.model.streams import Stream
from vcanalytics.source import Source, SourceTable, tables
from vcanalytics.source.connection import READ_ROWS_MAX
from vcanalytics.store import Catalogue, Writer
from vcanalytics.store.batches import make_batch


@dataclass(frozen=True, slots=True)
class Growing:
    """One table that only grows.

    ``stream`` is the one its rows are counted in; ``read`` makes of a row the events it tells of,
    which may stand in others besides. ``name`` is that of its position and never changes.
    """

    name: str
    table: SourceTable
    stream: Stream
    read: Callable[[Reading, Accounts], list[Event]]


GROWING: Final = (
    Growing("uploads", tables.UPLOADS, streams.ACTIVITY, events.upload),
    Growing("activities", tables.ACTIVITIES, streams.ACTIVITY, events.activity),
    Growing("requests", tables.REQUESTS, streams.REQUESTS, events.requests),
    Growing("system", tables.SYSTEM, streams.SYSTEM, events.system),
    Growing("health", tables.HEALTH, streams.HEALTH, events.health),
    Growing("logs", tables.LOGS, streams.LOGS, events.log),
)


@dataclass(slots=True)
class _Chunk:
    """What one read leads to, before it is written."""

    events: dict[str, list[dict[str, object]]]
    aside: list[tuple[str, str, str]]
    kept: int = 0


class Feed:
    """Reads one growing table on from where it was left. One writer, one thread."""

    def __init__(
        self, growing: Growing, source: Source, catalogue: Catalogue, zone: tzinfo
    ) -> None:
        self.name = growing.name
        self.table = growing.table
        self.stream = growing.stream.name
        self._growing = growing
        self._source = source
        self._catalogue = catalogue
        self._zone = zone
        self._place = Place(self.name, self.stream, self.table, source, catalogue)
        long = ("long_size",) if self.table.long else ()
        self._names = (*self.table.columns, *long)

    def open(self) -> None:
        """Load how far it was read."""
        self._place.open()

    def check(self, now: datetime, *, accept: bool = False) -> None:
        """Raises Swapped where the table is another, unless ``accept``: then it begins anew."""
        self._place.check(now, accept=accept)

    @property
    def progress(self) -> tuple[int, int]:
        """The id of the last row read, and the highest there was when it was last looked at."""
        after = self._place.position.after
        return after, max(after, self._place.top)

    def step(self, now: datetime) -> tuple[Tally, bool]:
        """One short read and its append; the flag says whether there is more to read."""
        position = self._place.position
        found = self._source.after(self.table, position.after)
        if not found:
            return Tally(), False
        chunk = self._read(found, now)
        moved = position.moved_to(self.table, found[-1])
        with self._catalogue.write(now) as writer:
            self._append(writer, chunk, f"{position.epoch}:{position.after}-{moved.after}")
            # In the same transaction as the rows: a crash repeats neither, and skips neither.
            self._place.keep(writer, moved)
        self._place.position = moved
        tally = Tally(read=len(found), kept=chunk.kept, rejected=len(chunk.aside))
        return tally, len(found) == READ_ROWS_MAX

    def look_at_aside_again(self, now: datetime) -> None:
        """Read rows set aside once more, the oldest known READ_ROWS_MAX of them.

        Reading on never comes back to a row. One may be readable by now all the same: mended at the
        source, or by a later version of the console. Those that are gone there stay aside.
        """
        begun = f"{self.table.name}:{self._place.position.epoch}:"
        aside = (row["row_key"] for row in self._catalogue.rejected(self.stream, limit=None))
        ids = [int(key.removeprefix(begun)) for key in aside if key.startswith(begun)]
        if not ids:
            return
        found = self._source.by_ids(self.table, ids[:READ_ROWS_MAX])
        chunk = self._read(found, now)
        still = {key for key, _, _ in chunk.aside}
        read = [key for row in found if (key := self._key(row[0])) not in still]
        with self._catalogue.write(now) as writer:
            # A row is read once and then no more aside: its ids are a key that comes once.
            self._append(writer, chunk, f"aside:{fingerprint(tuple(read))}")
            writer.resolve(self.stream, read)

    def _read(self, found: Sequence[tuple[Any, ...]], now: datetime) -> _Chunk:
        chunk = _Chunk(defaultdict(list), [])
        named = [dict(zip(self._names, row, strict=True)) for row in found]
        accounts = Accounts(self._source, [row.get("user_id") for row in named])
        for row in named:
            try:
                told = self._growing.read(Reading(row, now, self._zone, []), accounts)
            except Unreadable as unreadable:
                chunk.aside.append((self._key(row["id"]), str(unreadable), self._whole(row)))
                continue
            chunk.kept += 1
            for stream, event in told:
                chunk.events[stream.name].append(event)
        return chunk

    def _append(self, writer: Writer, chunk: _Chunk, span: str) -> None:
        for key, reason, text in chunk.aside:
            writer.reject(self.stream, key, reason, text)
        for name, rows in chunk.events.items():
            # A table's own stream comes first under its name: so it was before others came.
            told = "" if name == self.stream else f"{name}:"
            batch = make_batch(streams.STREAMS[name], rows)
            writer.append(name, SOURCE_NAME, f"{self.table.name}:{told}{span}", batch)

    def _key(self, row_id: int) -> str:
        """What a row set aside is known by: several tables share a stream."""
        place: Position = self._place.position
        return f"{self.table.name}:{place.epoch}:{row_id}"

    def _whole(self, row: Mapping[str, Any]) -> str:
        whole = {name: value for name, value in row.items() if name != "long_size"}
        long = self.table.long
        if long and whole[long] is None and row["long_size"]:
            whole[long] = self._source.long_text(self.table, row["id"])
        # ensure_ascii spells out bytes that are no text, so that nothing of the row is lost.
        return json.dumps(whole, default=repr, ensure_ascii=True)
