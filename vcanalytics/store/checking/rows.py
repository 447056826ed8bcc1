"""What is kept of one stream, against ledger and counter: batch by batch, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from sqlalchemy import Connection, select

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import Stream
from vcanalytics.store import schema
from vcanalytics.store.batches import decode
from vcanalytics.store.manifest import manifest
from vcanalytics.store.quarantine import Lost, lost
from vcanalytics.store.segments import Segment, Segments
from vcanalytics.store.state import to_micros
from vcanalytics.store.upkeep.settling import Settled, settled

#: Batches that are compared at once: 16 bytes each.
WINDOW: Final = 4_000_000
#: In the ledger's place where a batch has no entry.
NO_ENTRY: Final = -1
_Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Broken:
    """A batch or file that cannot be read: ``what`` says it in a sentence.

    ``first_at``/``last_at`` are in microseconds, as the catalogue has them.
    """

    name: str
    what: str
    reason: str
    rows: int
    first_seq: int
    last_seq: int
    first_at: int | None
    last_at: int | None
    segment: Segment | None = None


@dataclass(slots=True)
class Kept:
    """What can be read of a stream: its files, and its hot batches with the rows of each."""

    files: list[Segment] = field(default_factory=list)
    hot: dict[int, int] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)
    #: Hot batches that hold other than their entry says: batch, rows, the entry's rows.
    wrong: list[tuple[int, int, int]] = field(default_factory=list)
    #: What was lost before and is known to be.
    lost: list[Lost] = field(default_factory=list)

    @property
    def gone(self) -> list[Broken | Lost]:
        """What is known to hold no rows any more that the ledger has."""
        return [*self.broken, *self.lost]

    def may_lack(self, first: int, last: int) -> npt.NDArray[np.bool_]:
        """Of the batches from ``first`` to ``last``, those that may hold fewer rows than they did.

        A file that is broken took some rows of some batches of its range with it.
        """
        mask = np.zeros(last - first + 1, bool)
        for one in self.gone:
            mask[max(one.first_seq - first, 0) : max(one.last_seq - first + 1, 0)] = True
        return mask


def hot_batches(connection: Connection, stream: str) -> Iterator[tuple[Any, pa.Table | str]]:
    """Each hot batch's entry, and its rows or why they cannot be read."""
    batch = schema.batch
    result = connection.execution_options(yield_per=50).execute(
        select(batch).where(batch.c.stream == stream).order_by(batch.c.seq)
    )
    for row in result:
        try:
            table = decode(row.payload)
            table.validate(full=True)
        except (pa.ArrowException, OSError) as error:
            yield row, str(error).splitlines()[0]
        else:
            yield row, table


def look_through(
    connection: Connection,
    stream: Stream,
    segments: Segments,
    seen: Callable[[], None] = lambda: None,
) -> Kept:
    """Read every batch, and verify every file by its size and digest; ``seen`` after each file."""
    kept = Kept(lost=lost(connection, stream.name))
    for row, table in hot_batches(connection, stream.name):
        if isinstance(table, str):
            bounds = (row.rows, row.seq, row.seq, row.first_at, row.last_at)
            what = f"batch {row.seq} is damaged: {table}"
            kept.broken.append(Broken(f"batch {row.seq}", what, table, *bounds))
            continue
        kept.hot[row.seq] = table.num_rows
        if table.num_rows != row.rows:
            kept.wrong.append((row.seq, table.num_rows, row.rows))
    for segment in manifest(connection, stream.name):
        found = broken_file(segments, segment)
        seen()
        if found is None:
            kept.files.append(segment)
        else:
            kept.broken.append(found)
    return kept


def broken_file(segments: Segments, segment: Segment) -> Broken | None:
    """Why a file cannot be used, None where it is as the manifest says."""
    reason = segments.verify(segment)
    if reason is None:
        try:
            rows = segments.rows(segment.key)
        except StoreError as error:
            reason = error.what
        else:
            if rows != segment.rows:
                reason = f"holds {rows} rows, the manifest says {segment.rows}"
    if reason is None:
        return None
    return Broken(
        segment.key,
        f"segment {segment.key} {reason} ({segment.rows:,} rows)",
        reason,
        segment.rows,
        segment.first_seq,
        segment.last_seq,
        to_micros(segment.first_at),
        to_micros(segment.last_at),
        segment,
    )


@dataclass(frozen=True, slots=True)
class Window:
    """Some batches in a row: how many rows of each are kept, and what the ledger says.

    ``settled`` are those that may have no entry any more (``upkeep.settling``), and have none.
    """

    first: int
    kept: _Counts
    ledger: _Counts
    may_lack: npt.NDArray[np.bool_]
    settled: npt.NDArray[np.bool_]

    def differing(self) -> Iterator[tuple[int, int, int]]:
        """Batches whose rows are not those of the ledger: number, rows kept, the ledger's.

        Those that may lack rows are left out unless they have too many.
        """
        wrong = (self.kept != self.ledger) & (self.ledger != NO_ENTRY)
        wrong &= ~(self.may_lack & (self.kept < self.ledger))
        for at in np.flatnonzero(wrong).tolist():
            yield self.first + at, int(self.kept[at]), int(self.ledger[at])

    def unentered(self) -> Iterator[tuple[int, int]]:
        """Batches without an entry in the ledger: number, rows kept."""
        for at in np.flatnonzero((self.ledger == NO_ENTRY) & ~self.settled).tolist():
            yield self.first + at, int(self.kept[at])

    @property
    def missing(self) -> int:
        """Rows that the ledger has and nothing holds, of batches that may lack some."""
        lacking = self.may_lack & (self.ledger > self.kept)
        return int((self.ledger[lacking] - self.kept[lacking]).sum())


@dataclass(slots=True)
class Sums:
    """What is found of the batches that are settled, against what is said of them."""

    said: Settled
    batches: int = 0
    rows: int = 0

    def add(self, window: Window) -> None:
        self.batches += int(window.settled.sum())
        self.rows += int(window.kept[window.settled].sum())

    @property
    def missing(self) -> int:
        """Rows that nothing holds any more; below zero where there are too many."""
        return self.said.rows - self.rows

    def wrong(self) -> Iterator[str]:
        """What cannot be, a sentence each: rows that are missing are for the caller to explain."""
        if self.batches != self.said.batches:
            yield (
                f"{self.batches:,} batches up to {self.said.seq} have no entry in the ledger,"
                f" not {self.said.batches:,}"
            )
        if self.missing < 0:
            yield f"{self.rows:,} rows are kept of batches without an entry, not {self.said.rows:,}"


def windows(
    connection: Connection, stream: str, segments: Segments, kept: Kept, top: int
) -> Iterator[Window]:
    """All batches up to ``top``, a window after the other. Reads the number of each row's batch."""
    done = settled(connection, stream).seq
    for first in range(1, top + 1, WINDOW):
        last = min(first + WINDOW - 1, top)
        counts = np.zeros(last - first + 1, np.int64)
        for segment in kept.files:
            if segment.first_seq <= last and segment.last_seq >= first:
                seqs = segments.read(segment.key, ["seq"]).column("seq").to_numpy()
                numbers, rows = np.unique(
                    seqs[(seqs >= first) & (seqs <= last)], return_counts=True
                )
                counts[numbers - first] += rows
        for seq, held in kept.hot.items():
            if first <= seq <= last:
                counts[seq - first] += held
        ledger = np.full(last - first + 1, NO_ENTRY, np.int64)
        for some in _entries(connection, stream, first, last):
            pairs = np.array([tuple(row) for row in some], np.int64)
            ledger[pairs[:, 0] - first] = pairs[:, 1]
        old = (ledger == NO_ENTRY) & (np.arange(first, last + 1) <= done)
        yield Window(first, counts, ledger, kept.may_lack(first, last), old)


def _entries(connection: Connection, stream: str, first: int, last: int) -> Iterator[Sequence[Any]]:
    entry = schema.ledger
    yield from (
        connection.execution_options(yield_per=50_000)
        .execute(
            select(entry.c.seq, entry.c.rows)
            .where(entry.c.stream == stream, entry.c.seq.between(first, last))
            .order_by(entry.c.seq)
        )
        .partitions()
    )


def highest(connection: Connection, stream: str, kept: Kept) -> int:
    """The highest batch that anything knows of, the counter apart."""
    entry = schema.ledger
    newest = select(entry.c.seq).where(entry.c.stream == stream).order_by(entry.c.seq.desc())
    found = [connection.execute(newest.limit(1)).scalar() or 0, *kept.hot]
    found += [segment.last_seq for segment in kept.files]
    return max(*found, settled(connection, stream).seq)
