"""The tables that only grow, and the users, read on whenever the source's file has moved."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import Final, Protocol

from collectors.capture import Tally
from collectors.feed import GROWING, Feed
from collectors.swapped import Swapped
from collectors.users import Users
from vcanalytics.source import Source, SourceTable
from vcanalytics.store import Catalogue

#: After the file has moved it is looked at once more: two commits within one tick of its clock
#: leave the same stamp. A file that stays unmoved is not read again.
SECOND_LOOK_S: Final = 2.0
#: What one call of ``step`` may spend before it lets others run.
_STEP_MAX_S: Final = 0.02


class Table(Protocol):
    """One table read on, or compared in turn. ``stream`` is the one its rows are counted in."""

    @property
    def name(self) -> str: ...

    @property
    def stream(self) -> str: ...

    @property
    def table(self) -> SourceTable: ...

    @property
    def progress(self) -> tuple[int, int]: ...

    def open(self) -> None: ...

    def check(self, now: datetime, *, accept: bool = False) -> None: ...

    def look_at_aside_again(self, now: datetime) -> None: ...

    def step(self, now: datetime) -> tuple[Tally, bool]: ...


def feeds(source: Source, catalogue: Catalogue, zone: tzinfo) -> list[Table]:
    """Every such table, in the order it is read in."""
    growing = [Feed(table, source, catalogue, zone) for table in GROWING]
    return [*growing, Users(source, catalogue)]


class Feeds:
    """Minds them all: a pass over each for every movement of the source's file."""

    def __init__(self, tables: Sequence[Table], rest_per_cpu_second: float) -> None:
        self._tables = tables
        self._rest = rest_per_cpu_second
        self._token: tuple[object, ...] | None = None
        self._again_at = math.inf
        self._step_at = 0.0
        # Movements are numbered. A table is due while one is newer than its last whole pass began.
        self._look = 0
        self._began: dict[str, int] = {}
        self._read: dict[str, int] = {}
        self._unreadable: set[str] = set()
        self._accept: set[str] = set()
        self.swapped: dict[str, Swapped] = {}

    def open(self) -> None:
        for table in self._tables:
            table.open()

    def restart(self, *, accept: bool = False) -> None:
        """Read on from every table anew; ``accept`` takes another table as meant."""
        self._look += 1
        self._began.clear()
        self._read.clear()
        self._accept = {table.name for table in self._tables} if accept else set()

    def look_at_aside_again(self, now: datetime, readable: Callable[[SourceTable], bool]) -> None:
        """Read rows set aside once more, of every table that is in its place.

        Raises SourceError where the source cannot be read.
        """
        for table in self._tables:
            in_place = table.name in self._read and table.name not in self.swapped
            if in_place and readable(table.table):
                table.look_at_aside_again(now)
        self._look += 1

    def step(
        self,
        token: tuple[object, ...],
        moment: float,
        now: datetime,
        readable: Callable[[SourceTable], bool],
    ) -> bool:
        """Some short reads, if due. Whether a first read is under way and wants to go on.

        Raises SourceError where the source cannot be read.
        """
        if token != self._token:
            self._token, self._again_at = token, moment + SECOND_LOOK_S
            self._look += 1
        elif moment >= self._again_at:
            # A source that is no file has no stamp to tell by.
            self._again_at = math.inf if token else moment + SECOND_LOOK_S
            self._look += 1
        if moment < self._step_at:
            return False
        started, busy = time.thread_time(), False
        for table in self._tables:
            if self._read.get(table.name, 0) < self._look:
                busy |= self._step(table, now, readable)
                if time.thread_time() - started > _STEP_MAX_S:
                    break
        if not busy:
            self._step_at = moment + (time.thread_time() - started) * self._rest
        return busy

    def _step(self, table: Table, now: datetime, readable: Callable[[SourceTable], bool]) -> bool:
        """One read of one table. Whether its first pass is under way."""
        name = table.name
        if not readable(table.table):
            self._unreadable.add(name)
            self._end(name)
            return False
        self._unreadable.discard(name)
        try:
            if name not in self._began:
                self._began[name] = self._look
                table.check(now, accept=name in self._accept)
                self._accept.discard(name)
            more = table.step(now)[1]
        except Swapped as swapped:
            self.swapped[name] = swapped
            self._end(name)
            return False
        self.swapped.pop(name, None)
        if not more:
            self._end(name)
            return False
        return name not in self._read

    def _end(self, name: str) -> None:
        self._read[name] = self._began.pop(name, self._look)

    def interrupted(self) -> None:
        """The source could not be read: what was begun is begun anew."""
        self._look += 1
        self._began.clear()

    def believed(self) -> list[SourceTable]:
        """The tables that are read, or are being read, and were found in their place."""
        begun = self._begun_or_read()
        return [t.table for t in self._tables if t.name in begun and t.name not in self.swapped]

    def progress(self) -> dict[str, tuple[int, int]]:
        """How far each stream is read, in ids: (read, in all); equal where it is read to its end.

        Streams of which a table stands still, or of which none was begun, are left out.
        """
        found: dict[str, tuple[int, int]] = {}
        begun = {t.stream for t in self._tables if t.name in self._begun_or_read()}
        for table in self._tables:
            if table.stream not in begun or table.name in self._unreadable:
                continue
            done, total = table.progress
            if table.name in self._read:
                total = done
            elif done == total:
                total = done + 1
            before = found.get(table.stream, (0, 0))
            found[table.stream] = (before[0] + done, before[1] + total)
        still = {table.stream for table in self._tables if table.name in self.swapped}
        return {stream: so_far for stream, so_far in found.items() if stream not in still}

    def _begun_or_read(self) -> set[str]:
        return (self._began.keys() | self._read.keys()) - self._unreadable
