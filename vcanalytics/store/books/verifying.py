"""The books against a recount: every cell and every row of them, out of the current rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, func, select

from vcanalytics.store import schema
from vcanalytics.store.books.entries import (
    BOUNDS,
    COLUMNS,
    QUARTER_US,
    SUMS,
    Cases,
    Entry,
    Sums,
    entries,
    first_cases,
)
from vcanalytics.store.books.keeping import slices, told
from vcanalytics.store.books.reading import by_month
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.reader import Reader
from vcanalytics.store.snapshot import Snapshot
from vcanalytics.store.state import from_micros

_SLICE_ROWS: Final = 10_000
#: Collectors may append between the snapshot and the books: so often it is tried again.
_TRIES: Final = 50
_AMOUNTS: Final = ("gross_high", "gross", "refunds_high", "refunds")


def verify(catalogue: Catalogue) -> Iterator[str]:
    """What is wrong with the books, a plain sentence each; nothing where they are sound.

    Reads every current payment and dispute once, and compares what they come to with the rows and
    the cells of the books. Books that are not complete are in no use and have no finding; nor can
    they be compared where versions are damaged. Raises StoreError where the store cannot be read.
    """
    reader = Reader(catalogue, books=False)
    for _ in range(_TRIES):
        snapshot = reader.snapshot(schema.BOOKED)
        with catalogue.read() as connection:
            seqs = dict(connection.execute(select(schema.stream.c.name, schema.stream.c.seq)).all())
            if all(seqs.get(name, 0) == snapshot.state(name).seq for name in schema.BOOKED):
                yield from verified(connection, snapshot)
                return
    yield "payments came in too fast for the books to be compared: try again"


def verified(connection: Connection, snapshot: Snapshot) -> Iterator[str]:
    """``verify`` for a read transaction and a snapshot of the same moment."""
    stands = told(connection)
    if stands is None or not stands["complete"]:
        return
    if any(not one.aside for one in snapshot.damage):
        yield "the books cannot be compared: rows of payments or disputes are damaged"
        return
    cases = _resolved(snapshot.current("disputes"))
    yield from _wrong_cases(connection, cases)
    by = first_cases((key, payment, at) for key, (payment, at) in cases.items())
    sums, count = Sums(), 0
    pieces = (
        some
        for rows in by_month(snapshot, "transactions", COLUMNS)
        for some in rows.iter_slices(_SLICE_ROWS)
    )
    for some in pieces:
        fresh = entries(some.to_arrow(), stands["prefixes"])
        count += len(fresh)
        for key, entry in fresh.items():
            fresh[key] = _settled(key, entry, by)
            sums.add(fresh[key])
        yield from _wrong_rows(connection, fresh)
    booked = connection.execute(select(func.count()).select_from(schema.book_row)).scalar()
    if booked != count:
        yield f"{booked:,} payments stand in the books, the rows are {count:,}"
    yield from _wrong_cells(connection, sums)
    yield from _wrong_statuses(connection, sums)


def _settled(key: str, entry: Entry, cases: Cases) -> Entry:
    if entry.refund_base is None:
        return entry
    at = cases.refunded_at(key, entry.refund_case_id, entry.refund_base)
    return entry._replace(refunded_at=at)


def _resolved(disputes: pl.DataFrame) -> dict[str, tuple[str | None, int]]:
    found = disputes.filter(~pl.col("deleted") & pl.col("resolved_at").is_not_null())
    at = found["resolved_at"].cast(pl.Int64)
    return {
        key: (payment, moment)
        for key, payment, moment in zip(found["case_id"], found["transaction_id"], at, strict=True)
    }


def _wrong_cases(
    connection: Connection, cases: Mapping[str, tuple[str | None, int]]
) -> Iterator[str]:
    found = {row[0]: (row[1], row[2]) for row in connection.execute(select(schema.book_case))}
    for key in sorted(found.keys() | cases.keys()):
        if found.get(key) != cases.get(key):
            yield f"the books have another word of case {key} than its versions"


def _wrong_rows(connection: Connection, fresh: Mapping[str, Entry]) -> Iterator[str]:
    table = schema.book_row
    for some in slices(list(fresh)):
        found = {
            row[0]: Entry(*row[1:])
            for row in connection.execute(select(table).where(table.c.transaction_id.in_(some)))
        }
        for key in some:
            if key not in found:
                yield f"payment {key} is not in the books"
            elif found[key] != fresh[key]:
                names = [
                    name
                    for name, mine, theirs in zip(
                        Entry._fields, found[key], fresh[key], strict=True
                    )
                    if mine != theirs
                ]
                yield f"payment {key} stands in the books with another {', '.join(names)}"


def _wrong_cells(connection: Connection, sums: Sums) -> Iterator[str]:
    left, width = sums.cells, len(SUMS)
    empty = [0] * width
    result = connection.execution_options(yield_per=10_000).execute(select(schema.book_cell))
    for row in result:
        key, cell = (row[0], row[1]), list(row[2:])
        want = left.pop(key, None)
        expected = want or [*empty, *cell[width:]]
        wrong = [n for n, a, b in zip(SUMS, cell, expected, strict=False) if a != b]
        if wrong:
            yield _differs(key, cell, expected, wrong)
        narrow = [
            name
            for name, a, b in zip(BOUNDS, cell[width:], expected[width:], strict=True)
            if (a > b if name.startswith("first") else a < b)
        ]
        if narrow:
            yield f"the cell of {_named(key)} says too little of when: {', '.join(narrow)}"
    for key, cell in sorted(left.items()):
        if any(cell[:width]):
            yield f"the cell of {_named(key)} is missing"


def _differs(key: tuple[int, str], cell: list[int], want: list[int], wrong: list[str]) -> str:
    name = wrong[0]
    place = SUMS.index(name)
    unit = " (in ten-thousandths, by parts of 10^9)" if name in _AMOUNTS else ""
    return (
        f"the cell of {_named(key)} says {name} {cell[place]:,}{unit},"
        f" the versions say {want[place]:,}"
    )


def _named(key: tuple[int, str]) -> str:
    return f"{_moment(key[0])} {key[1]}"


def _moment(quarter: int) -> str:
    moment: datetime | None = from_micros(quarter * QUARTER_US)
    return "" if moment is None else moment.isoformat(timespec="minutes")


def _wrong_statuses(connection: Connection, sums: Sums) -> Iterator[str]:
    found: dict[Any, int] = {
        (row[0], row[1], bool(row[2]), bool(row[3])): row[4]
        for row in connection.execute(select(schema.book_status))
        if row[4]
    }
    for key in sorted(found.keys() | sums.statuses.keys()):
        if found.get(key, 0) != sums.statuses.get(key, 0):
            yield (
                f"{_moment(key[0])}: the books count {found.get(key, 0):,} payments {key[1]!r},"
                f" the versions {sums.statuses.get(key, 0):,}"
            )
