"""What a store holds, counted from its rows: to see that two of them hold the same.

Rows are counted by stream as batches and files give them, not as any counter says; money is added
up exactly, by stream, column and currency, over every version kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection, select

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import MONEY, STREAMS
from vcanalytics.store import schema
from vcanalytics.store.batches import decode
from vcanalytics.store.segments import Segment, Segments

#: Of each stream with money its columns, and the column that names the currency of each.
_MONEY: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    stream.name: tuple((c.name, c.unit) for c in stream.columns if c.type == MONEY)
    for stream in STREAMS.values()
}

#: (stream, column, currency; empty where a row names none).
Account = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Tally:
    """``rows`` by stream, also of what is derived; ``sums`` of money, exact."""

    rows: Counter[str] = field(default_factory=Counter)
    sums: dict[Account, Decimal] = field(default_factory=dict)

    def _add(self, stream: str, rows: pa.Table) -> None:
        for column, currency in _MONEY.get(stream, ()):
            summed = rows.select([currency, column]).group_by(currency).aggregate([(column, "sum")])
            for name, amount in zip(*(c.to_pylist() for c in summed.columns), strict=True):
                if amount is not None:
                    account = (stream, column, name or "")
                    self.sums[account] = self.sums.get(account, Decimal(0)) + amount

    def add_batches(self, connection: Connection) -> None:
        """Count what is hot, as the caller's transaction sees it. Raises StoreError."""
        batch = schema.batch
        found = connection.execution_options(yield_per=50).execute(
            select(batch.c.stream, batch.c.seq, batch.c.payload)
        )
        for stream, seq, payload in found:
            try:
                rows = decode(payload)
            except (pa.ArrowException, OSError) as error:
                raise StoreError(
                    f"batch {seq} is damaged",
                    where=stream,
                    hint="Run `python -m vcanalytics check --repair`",
                ) from error
            self.rows[stream] += rows.num_rows
            self._add(stream, rows)

    def add_file(self, segments: Segments, segment: Segment) -> None:
        """Count one file: of money its columns are read, of all others the end. StoreError."""
        columns = {name for pair in _MONEY.get(segment.stream, ()) for name in pair}
        path = segments.local(segment.key)
        try:
            with pq.ParquetFile(path, memory_map=False) as file:
                self.rows[segment.stream] += file.metadata.num_rows
                for number in range(file.num_row_groups if columns else 0):
                    self._add(segment.stream, file.read_row_group(number, sorted(columns)))
        except (OSError, pa.ArrowException) as error:
            raise StoreError(
                f"a segment cannot be read: {str(error).splitlines()[0]}",
                where=str(path),
                hint="Run `python -m vcanalytics check`",
            ) from error


def count_files(tally: Tally, segments: Segments, files: Iterable[Segment]) -> None:
    """Count files as their own rows tell, not as the manifest does. Raises StoreError."""
    for segment in files:
        tally.add_file(segments, segment)


def differences(one: Tally, other: Tally) -> list[str]:
    """What ``other`` holds more or less of than ``one``, a sentence each."""
    found = []
    for stream in sorted(one.rows.keys() | other.rows.keys()):
        here, there = one.rows[stream], other.rows[stream]
        if here != there:
            found.append(f"{there:,} rows of {stream} instead of {here:,}")
    for account in sorted(one.sums.keys() | other.sums.keys()):
        left, right = one.sums.get(account, Decimal(0)), other.sums.get(account, Decimal(0))
        if left != right:
            stream, column, currency = account
            found.append(f"{column} of {stream} is {right} {currency} instead of {left}")
    return found
