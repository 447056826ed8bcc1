"""The store verified against itself: counters, ledger, batches, segments and current rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, func, select

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import STREAMS, Stream
from vcanalytics.store import schema
from vcanalytics.store.batches import decode
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.manifest import manifest, orphaned
from vcanalytics.store.segments import Segments

#: A file younger than this may be one that is being sealed just now.
_ORPHAN_AFTER: Final = timedelta(minutes=1)
#: The same thing wrong a thousand times is named this often, then counted.
_ALIKE_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. ``stream`` is empty for the store as a whole."""

    stream: str
    what: str


@dataclass(slots=True)
class _Found:
    """What the rows themselves say of one stream: rows by batch, each key's newest version."""

    rows: Counter[int] = field(default_factory=Counter)
    newest: dict[str, tuple[int, bool]] = field(default_factory=dict)
    #: Batches whose rows cannot be counted, because what holds them is damaged.
    unknown: set[int] = field(default_factory=set)

    def add(self, stream: Stream, rows: pa.Table, seqs: pa.ChunkedArray) -> None:
        for entry in pc.value_counts(seqs).to_pylist():
            self.rows[entry["values"]] += entry["counts"]
        if stream.key is None:
            return
        keys, deleted = rows.column(stream.key).to_pylist(), rows.column("deleted").to_pylist()
        for key, seq, gone in zip(keys, seqs.to_pylist(), deleted, strict=True):
            if seq >= self.newest.get(str(key), (0, False))[0]:
                self.newest[str(key)] = (seq, gone)


def check(catalogue: Catalogue) -> list[Finding]:
    """Everything found wrong, an empty list for a sound store. Reads every row once."""
    findings: list[Finding] = []
    segments = Segments(catalogue.path.parent)
    try:
        with catalogue.read() as connection:
            for (line,) in connection.exec_driver_sql("PRAGMA quick_check(20)"):
                if line != "ok":
                    findings.append(Finding("", f"the catalogue is damaged: {line}"))
            for stream in STREAMS.values():
                mine = list(_check_stream(connection, stream, segments))
                findings.extend(Finding(stream.name, what) for what in mine[:_ALIKE_MAX])
                if len(mine) > _ALIKE_MAX:
                    more = len(mine) - _ALIKE_MAX
                    findings.append(Finding(stream.name, f"and {more:,} findings more"))
        findings.extend(
            Finding("", f"file {key} stands in no manifest")
            for key in orphaned(catalogue, segments, older_than=_ORPHAN_AFTER)
        )
    except StoreError as error:
        findings.append(Finding("", f"the catalogue cannot be read through: {error.what}"))
    return findings


def _check_stream(connection: Connection, stream: Stream, segments: Segments) -> Iterator[str]:
    found = _Found()
    yield from _read_batches(connection, stream, found)
    yield from _read_segments(connection, stream, segments, found)
    yield from _check_counts(connection, stream, found)
    if stream.versioned and not found.unknown:
        yield from _check_current(connection, stream.name, found.newest)


def _read_batches(connection: Connection, stream: Stream, found: _Found) -> Iterator[str]:
    batch = schema.batch
    result = connection.execution_options(yield_per=50).execute(
        select(batch.c.seq, batch.c.rows, batch.c.payload)
        .where(batch.c.stream == stream.name)
        .order_by(batch.c.seq)
    )
    for seq, rows, payload in result:
        try:
            table = decode(payload)
            table.validate(full=True)
        except (pa.ArrowException, OSError) as error:
            found.unknown.add(seq)
            yield f"batch {seq} is damaged: {str(error).splitlines()[0]}"
            continue
        if table.num_rows != rows:
            yield f"batch {seq} holds {table.num_rows} rows, its entry says {rows}"
        seqs = pa.chunked_array([pa.repeat(pa.scalar(seq, pa.int64()), table.num_rows)])
        found.add(stream, table, seqs)


def _read_segments(
    connection: Connection, stream: Stream, segments: Segments, found: _Found
) -> Iterator[str]:
    columns = ["seq"] if stream.key is None else list({"seq", stream.key, "deleted"})
    for segment in manifest(connection, stream.name):
        wrong = segments.verify(segment)
        if wrong is None:
            try:
                rows = segments.read(segment.key, columns)
            except StoreError as error:
                wrong = error.what
            else:
                if rows.num_rows != segment.rows:
                    yield (
                        f"segment {segment.key} holds {rows.num_rows} rows,"
                        f" the manifest says {segment.rows}"
                    )
                found.add(stream, rows, rows.column("seq"))
                continue
        found.unknown.update(range(segment.first_seq, segment.last_seq + 1))
        yield f"segment {segment.key} {wrong} ({segment.rows:,} rows)"


def _check_counts(connection: Connection, stream: Stream, found: _Found) -> Iterator[str]:
    name = stream.name
    counter = connection.execute(select(schema.stream).filter_by(name=name)).first()
    top, rows_counted = (counter.seq, counter.rows) if counter else (0, 0)
    entry = schema.ledger
    ledger: dict[int, int] = dict(
        connection.execute(select(entry.c.seq, entry.c.rows).where(entry.c.stream == name)).all()
    )
    for seq in range(1, top + 1):
        if seq not in ledger:
            yield f"batch {seq} has no entry in the ledger"
        elif seq not in found.unknown and found.rows[seq] != ledger[seq]:
            what = f"{found.rows[seq]} rows are kept" if found.rows[seq] else "is missing"
            yield f"batch {seq}: {what}, the ledger says {ledger[seq]} rows"
    for seq in (ledger.keys() | found.rows.keys()) - set(range(1, top + 1)):
        yield f"batch {seq} lies beyond the counter, which stands at {top}"
    if sum(ledger.values()) != rows_counted:
        yield f"the ledger says {sum(ledger.values()):,} rows, the counter {rows_counted:,}"


def _check_current(
    connection: Connection, name: str, newest: dict[str, tuple[int, bool]]
) -> Iterator[str]:
    table = schema.current_row
    stands = {
        row_key: (seq, deleted)
        for row_key, seq, deleted in connection.execute(
            select(table.c.row_key, table.c.seq, table.c.deleted).where(table.c.stream == name)
        )
    }
    for key, version in newest.items():
        if stands.get(key) != version:
            yield f"row {key} stands at {stands.get(key)}, its versions say {version}"
    for key in stands.keys() - newest.keys():
        yield f"row {key} has no version"
    duplicates = connection.execute(
        select(func.count()).select_from(
            select(table.c.source_id)
            .where(table.c.stream == name, table.c.deleted.is_(False))
            .group_by(table.c.source_id)
            .having(func.count() > 1)
            .subquery()
        )
    ).scalar()
    if duplicates:
        yield f"{duplicates} source rows are held by more than one current row"
