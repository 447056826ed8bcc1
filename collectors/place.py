"""Where the reading of a table that only grows was left, and whether it is the same table still."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from collectors.known import fingerprint
from collectors.swapped import Guard
from vcanalytics.source import Source, SourceTable
from vcanalytics.store import Catalogue, Writer


class Position(NamedTuple):
    """How far the table was read.

    ``epoch`` is raised when the source is swapped: ids then begin anew, and are not taken for old
    ones. ``mark`` is the fingerprint of what never changes of the row read last (its id and its
    required columns): another row in its place is another source.
    """

    after: int = 0
    epoch: int = 1
    mark: int | None = None

    def moved_to(self, table: SourceTable, row: tuple[Any, ...]) -> Position:
        """The position behind ``row``."""
        return Position(row[0], self.epoch, _mark(table, row))


def _mark(table: SourceTable, row: tuple[Any, ...]) -> int:
    return fingerprint(row[: 1 + len(table.required)])


class Place:
    """The position in one table, kept as a fact. It moves in the transaction of what was read."""

    def __init__(
        self, name: str, stream: str, table: SourceTable, source: Source, catalogue: Catalogue
    ) -> None:
        self._fact = f"position:{name}"
        self._table = table
        self._source = source
        self._catalogue = catalogue
        self.guard = Guard(stream, table, source, catalogue)
        self.position = Position()
        #: The highest id the table was found to have at the last check.
        self.top = 0

    def open(self) -> None:
        self.position = Position(**(self._catalogue.fact(self._fact) or {}))

    def keep(self, writer: Writer, position: Position) -> None:
        """Write the position; ``position`` is to be set once the transaction stands."""
        writer.set_fact(self._fact, position._asdict())

    def check(self, now: datetime, *, accept: bool = False) -> bool:
        """Whether the table is another and is to be read anew, because that was accepted.

        Raises Swapped where it is another and that was not.
        """
        what = self._swapped()
        if what is None:
            return False
        if not accept:
            raise self.guard.swapped(what)
        self.begin_anew(now)
        return True

    def begin_anew(self, now: datetime) -> None:
        """Take the table for another one, from its first row."""
        anew = Position(epoch=self.position.epoch + 1)
        with self._catalogue.write(now) as writer:
            self.keep(writer, anew)
        self.position = anew

    def _swapped(self) -> str | None:
        after, _, mark = self.position
        top = self._source.id_counter(self._table)
        if top is None:
            top = self._source.top_id(self._table)
        self.top = top
        if top < after:
            return f"ids went back from {after:,} to {top:,}"
        if mark is not None:
            last = self._source.by_ids(self._table, [after])
            # Old rows may be cleared away; what they are is never changed.
            if last and _mark(self._table, last[0]) != mark:
                return f"row {after:,} is another one than before"
        return None
