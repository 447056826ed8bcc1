"""The store verified against itself: counters, ledger, batches and current rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DatabaseError

from vcanalytics.model.streams import STREAMS, Stream
from vcanalytics.store import schema
from vcanalytics.store.batches import decode
from vcanalytics.store.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. ``stream`` is empty for the file as a whole."""

    stream: str
    what: str


def check(catalogue: Catalogue) -> list[Finding]:
    """Everything found wrong, an empty list for a sound store. Reads every batch once."""
    findings: list[Finding] = []
    try:
        with catalogue.read() as connection:
            for (line,) in connection.exec_driver_sql("PRAGMA quick_check(20)").tuples():
                if line != "ok":
                    findings.append(Finding("", f"the file is damaged: {line}"))
            for stream in STREAMS.values():
                findings.extend(_check_stream(connection, stream))
    except DatabaseError as error:
        findings.append(Finding("", f"the file cannot be read through: {error.orig}"))
    return findings


def _check_stream(connection: Connection, stream: Stream) -> Iterator[Finding]:
    name = stream.name
    counter = connection.execute(select(schema.stream).filter_by(name=name)).first()
    top, rows_counted = (counter.seq, counter.rows) if counter else (0, 0)
    ledger = {
        row.seq: row.rows
        for row in connection.execute(
            select(schema.ledger.c.seq, schema.ledger.c.rows).filter_by(stream=name)
        )
    }
    for seq in range(1, top + 1):
        if seq not in ledger:
            yield Finding(name, f"batch {seq} has no entry in the ledger")
    for seq in ledger:
        if seq > top:
            yield Finding(name, f"the ledger names batch {seq}, the counter stands at {top}")

    newest: dict[str, tuple[int, bool]] = {}
    rows_kept = 0
    seen: set[int] = set()
    query = select(schema.batch.c.seq, schema.batch.c.rows, schema.batch.c.payload)
    result = connection.execution_options(yield_per=50).execute(
        query.where(schema.batch.c.stream == name).order_by(schema.batch.c.seq)
    )
    for seq, rows, payload in result:
        seen.add(seq)
        try:
            table = decode(payload)
            table.validate(full=True)
        except (pa.ArrowException, OSError) as error:
            yield Finding(name, f"batch {seq} is damaged: {str(error).splitlines()[0]}")
            rows_kept += rows
            continue
        rows_kept += table.num_rows
        if table.num_rows != rows or ledger.get(seq, rows) != rows:
            yield Finding(name, f"batch {seq} holds {table.num_rows} rows, the ledger says {rows}")
        if stream.key is not None:
            deleted = table.column("deleted").to_pylist()
            for key, gone in zip(table.column(stream.key).to_pylist(), deleted, strict=True):
                newest[str(key)] = (seq, gone)
    for seq in sorted(set(range(1, top + 1)) - seen):
        yield Finding(name, f"batch {seq} is missing")
    if rows_kept != rows_counted:
        yield Finding(name, f"{rows_kept} rows are kept, the counter says {rows_counted}")
    if stream.versioned:
        yield from _check_current(connection, name, newest)


def _check_current(
    connection: Connection, name: str, newest: dict[str, tuple[int, bool]]
) -> Iterator[Finding]:
    table = schema.current_row
    stands = {
        row_key: (seq, deleted)
        for row_key, seq, deleted in connection.execute(
            select(table.c.row_key, table.c.seq, table.c.deleted).where(table.c.stream == name)
        ).tuples()
    }
    for key, version in newest.items():
        if stands.get(key) != version:
            yield Finding(
                name, f"row {key} stands at {stands.get(key)}, its versions say {version}"
            )
    for key in stands.keys() - newest.keys():
        yield Finding(name, f"row {key} has no version")
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
        yield Finding(name, f"{duplicates} source rows are held by more than one current row")
