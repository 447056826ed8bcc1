"""Whether the source is still the one that was read before.

A source that was emptied, or swapped for another, must not be taken for deletions (contract): the
figures keep their state, everything says so, and a person confirms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from datetime import datetime
from typing import Final

from vcanalytics.errors import ConsoleError
from vcanalytics.source import Source, SourceTable
from vcanalytics.store import Catalogue

#: More rows than this, and more than one in a hundred, gone at once: swapped or emptied (contract).
VANISHED_ROWS_MAX: Final = 50
VANISHED_SHARE_MAX: Final = 0.01
#: VectorCraft never renames a row. More than this, or more than half of all: another's rows.
RENAMED_ROWS_MAX: Final = 3


class Swapped(ConsoleError):
    """The source no longer looks like the one that was read before. ``stream`` says where."""

    def __init__(self, stream: str, what: str, *, where: str) -> None:
        super().__init__(
            f"{what}: the source was emptied or swapped for another",
            where=where,
            hint="Figures keep their state; if it is meant, run"
            " `python -m collectors --accept-deletions`",
        )
        self.stream = stream


class Guard:
    """Judges one table. Every check raises Swapped."""

    def __init__(
        self, stream: str, table: SourceTable, source: Source, catalogue: Catalogue
    ) -> None:
        self._stream = stream
        self._table = table
        self._source = source
        self._catalogue = catalogue
        self._fact = f"top:{stream}"

    def swapped(self, what: str) -> Swapped:
        return Swapped(self._stream, f"{self._table.name}: {what}", where=self._source.where)

    def check_ids(self) -> None:
        """The highest id ever given never goes back."""
        before = self._catalogue.fact(self._fact) or 0
        top = self._top(before)
        if top is not None and top < before:
            raise self.swapped(f"ids went back from {before:,} to {top:,}")

    def keep_ids(self, now: datetime) -> None:
        """Remember the highest id ever given, for the next check."""
        before = self._catalogue.fact(self._fact)
        top = self._top(before)
        if top is not None and top != before:
            with self._catalogue.write(now) as writer:
                writer.set_fact(self._fact, top)

    def _top(self, before: int | None) -> int | None:
        top = self._source.id_counter(self._table)
        # A counter that was there and is gone is that of a table made anew: its rows must do.
        return self._source.top_id(self._table) if top is None and before else top

    def check_vanished(self, rows: int, known: Sized) -> None:
        """``rows`` of the ``known`` ones are gone at once."""
        if rows > VANISHED_ROWS_MAX and rows > VANISHED_SHARE_MAX * len(known):
            raise self.swapped(f"at least {rows:,} of {len(known):,} rows are gone at once")

    def check_renamed(self, known: Sized, rows: int, source_id: int) -> None:
        """``rows`` of the ``known`` ones stand under another key than before."""
        if rows > min(RENAMED_ROWS_MAX, len(known) // 2):
            self.refuse_renamed(rows, source_id)

    def refuse_renamed(self, _rows: int, source_id: int) -> None:
        """Where not even one may: a poll believes nothing that only a sweep can tell."""
        raise self.swapped(f"row {source_id:,} is another one than before")


class Renames:
    """Counts rows that stand under another key than before; ``judge`` takes how many, and one."""

    def __init__(self, judge: Callable[[int, int], None] | None = None) -> None:
        self._judge = judge
        self._rows = 0

    def count(self, source_ids: Sequence[int]) -> None:
        self._rows += len(source_ids)
        if source_ids and self._judge:
            self._judge(self._rows, source_ids[0])
