"""Rows as a question is given them: those in memory, and the files that hold the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vcanalytics.errors import StoreError


@dataclass(frozen=True, slots=True)
class Within:
    """Of the files no rows are wanted but those for which any of the columns lies in the range.

    ``moments`` says besides what values alone the column may have.
    """

    columns: tuple[str, ...]
    start: datetime | None
    end: datetime | None
    moments: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """A file of which only the rows whose ``column`` lies in ``[start, end)`` are wanted."""

    file: Path
    column: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of a stream: those still hot, and the files that hold the others.

    With ``key`` the hot rows take the place of those in the files that have the same key. With
    ``within`` files are read that far; hot rows may lie outside of it. ``cuts`` are files of which
    parts are wanted, never the same rows twice.
    """

    hot: pa.Table
    files: tuple[Path, ...] = ()
    key: str | None = None
    within: Within | None = None
    cuts: tuple[Cut, ...] = ()

    @property
    def columns(self) -> list[str]:
        names: list[str] = self.hot.column_names
        return names

    def select(self, columns: Sequence[str]) -> Relation:
        """The relation with these columns alone, and the key, if it has one."""
        wanted = list(columns)
        if self.key is not None and self.key not in wanted:
            wanted.append(self.key)
        return replace(self, hot=self.hot.select(wanted))

    def beside(self, rows: pa.Table) -> Relation:
        """The relation with rows of its own, wherever in its files they may stand as well."""
        more = rows.select(self.columns).cast(self.hot.schema)
        if self.key is not None:
            known = pc.is_in(more.column(self.key), self.hot.column(self.key).combine_chunks())
            more = more.filter(pc.invert(known))
        return replace(self, hot=pa.concat_tables([self.hot, more]))

    def table(self) -> pa.Table:
        """All rows in memory. For streams that may be long, let the engine read the files.

        Raises StoreError where a file is damaged, or gone.
        """
        parts = []
        for file in self.files:
            beside = () if self.within is None else self.within.columns
            names = list(dict.fromkeys([*self.columns, *beside]))
            part = _read(file, names)
            if self.within is not None:
                part = _cut(part, self.within)
            part = part.select(self.columns).cast(self.hot.schema)
            if self.key is not None and self.hot.num_rows:
                keys = self.hot.column(self.key).combine_chunks()
                part = part.filter(pc.invert(pc.is_in(part.column(self.key), keys)))
            parts.append(part)
        return pa.concat_tables([*parts, self.hot])

    def frame(self) -> pl.DataFrame:
        """As ``table``, for polars."""
        return pl.DataFrame(pl.from_arrow(self.table()))


def _read(file: Path, columns: list[str]) -> pa.Table:
    try:
        return pq.read_table(file, columns=columns, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise StoreError(
            f"a segment cannot be read: {str(error).splitlines()[0]}",
            where=str(file),
            hint="Run `python -m vcanalytics check`",
        ) from error


def _cut(rows: pa.Table, within: Within) -> pa.Table:
    wanted = pa.array([False] * rows.num_rows)
    for name in within.columns:
        moments = rows.column(name)
        mine = pc.is_valid(moments)
        if within.start is not None:
            mine = pc.and_kleene(mine, pc.greater_equal(moments, _as(within.start, moments)))
        if within.end is not None:
            mine = pc.and_kleene(mine, pc.less(moments, _as(within.end, moments)))
        if within.moments:
            some = pa.array(within.moments, moments.type)
            mine = pc.and_kleene(mine, pc.is_in(moments, some))
        wanted = pc.or_kleene(wanted, mine)
    return rows.filter(wanted)


def _as(moment: datetime, moments: pa.ChunkedArray) -> pa.Scalar:
    return pa.scalar(moment, moments.type)
