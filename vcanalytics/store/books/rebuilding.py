"""Making the books anew out of the current rows, in slices, while everything else goes on.

    for done, total in brought_up(catalogue, prefixes): ...    # at a start: where it is needed
    for done, total in rebuilt(catalogue): ...                 # a repair: whatever the books say

The books are emptied and called incomplete first: readers then recount from the rows. What is
appended meanwhile is booked as always, and a slice leaves rows alone that have a newer version, so
that it does not matter who comes first. A process that ends in between is gone on from at the next
start. Nor are they whole while a file cannot be read. One at a time (the collectors' lock).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import polars as pl
import pyarrow as pa
from sqlalchemy import Connection, delete, func, select

from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import schema
from vcanalytics.store.books.entries import COLUMNS, entries
from vcanalytics.store.books.keeping import book, book_cases, slices, tell, told
from vcanalytics.store.books.reading import by_month
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.pseudonyms import load
from vcanalytics.store.quarantine import quarantined
from vcanalytics.store.reader import Reader

#: So many rows are booked in one write transaction: some 50 ms in which collectors wait.
SLICE_ROWS: Final = 5_000
_CASE_COLUMNS: Final = ("case_id", "transaction_id", "deleted", "resolved_at")


def ordered(prefixes: Sequence[str]) -> list[str]:
    """Prefixes of samples as the books note them: one list for the same meaning."""
    return sorted({prefix for prefix in prefixes if prefix})


def brought_up(catalogue: Catalogue, prefixes: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Make the books where there are none, or were made for other samples; or go on with it.

    Yields rows (done, in all) after each slice, nothing where the books are as they should be.
    Raises StoreError.
    """
    with catalogue.read() as connection:
        stands = told(connection)
    if stands is None or stands["prefixes"] != ordered(prefixes):
        yield from _fill(catalogue, _begin(catalogue, prefixes))
    elif not stands["complete"]:
        yield from _fill(catalogue, stands["made"])


def rebuilt(
    catalogue: Catalogue, prefixes: Sequence[str] | None = None
) -> Iterator[tuple[int, int]]:
    """Make the books anew, whatever they hold; for those samples they were made for by default.

    For ``check --repair``. To be iterated to its end; yields rows (done, in all) after each slice.
    Nothing is lost where it is left off: readers recount from the rows, and the collectors go on
    with it at their next start. Versions that cannot be read are in no books afterwards, as they
    are in no recount. Raises StoreError.
    """
    with catalogue.read() as connection:
        stands = told(connection)
    if prefixes is None:
        prefixes = stands["prefixes"] if stands else SAMPLE_PREFIXES
    yield from _fill(catalogue, _begin(catalogue, prefixes))


def _begin(catalogue: Catalogue, prefixes: Sequence[str]) -> int:
    with catalogue.transaction() as connection:
        stands = told(connection)
        for table in schema.BOOKS:
            # Without a condition: SQLite lets go of the whole table at once.
            connection.execute(delete(table))
        made = int(stands["made"]) + 1 if stands else 1
        tell(connection, {"prefixes": ordered(prefixes), "made": made, "complete": False})
    return made


def _fill(catalogue: Catalogue, made: int) -> Iterator[tuple[int, int]]:
    snapshot = Reader(catalogue, books=False).snapshot(schema.BOOKED)
    with catalogue.read() as connection:
        aside = {one.name for one in quarantined(connection)}
    if any(one.name not in aside for one in snapshot.damage):
        # It may be readable again: until then, or until a repair has put it aside, the books are
        # not whole, and readers recount what there is.
        return
    total, done = _rows(catalogue), 0
    # Cases first, so that refunds are booked where they belong at once.
    for stream, columns in (("disputes", _CASE_COLUMNS), ("transactions", COLUMNS)):
        upto = snapshot.state(stream).seq
        for rows in by_month(snapshot, stream, columns):
            for some in rows.iter_slices(SLICE_ROWS):
                with catalogue.transaction() as connection:
                    _book_slice(connection, stream, some, made, upto)
                done += some.height
                yield min(done, total), total
    with catalogue.transaction() as connection:
        stands = told(connection)
        if stands is not None and stands["made"] == made:
            tell(connection, stands | {"complete": True})


def _rows(catalogue: Catalogue) -> int:
    table = schema.current_row
    query = select(func.count()).where(table.c.stream.in_(schema.BOOKED))
    with catalogue.read() as connection:
        return connection.execute(query).scalar_one()


def _book_slice(
    connection: Connection, stream: str, rows: pl.DataFrame, made: int, upto: int
) -> None:
    stands = told(connection)
    if stands is None or stands["made"] != made:
        # Begun anew by somebody else, who books all of it.
        return
    key = STREAMS[stream].key or ""
    newer = _newer(connection, stream, rows[key].to_list(), upto)
    table = _arrow(stream, rows.filter(~pl.col(key).is_in(newer)))
    # Who was forgotten since the rows were read must not come back through them.
    table, _ = load(connection).rows(STREAMS[stream], table)
    if stream == "transactions":
        book(connection, entries(table, stands["prefixes"]))
    else:
        book_cases(connection, table)


def _newer(connection: Connection, stream: str, keys: list[str], upto: int) -> list[str]:
    """Those of the rows that came anew after batch ``upto``, and so are booked as they are now."""
    table = schema.current_row
    found: list[str] = []
    for some in slices(keys):
        query = select(table.c.row_key).where(
            table.c.stream == stream, table.c.row_key.in_(some), table.c.seq > upto
        )
        found.extend(connection.execute(query).scalars())
    return found


def _arrow(stream: str, rows: pl.DataFrame) -> pa.Table:
    kept = STREAMS[stream].schema
    return rows.to_arrow().cast(pa.schema([kept.field(name) for name in rows.columns]))
