"""What was imported: files, lines kept aside, rows; and taking customers out of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, Row, func, select

from vcanalytics.errors import BudgetExceeded
from vcanalytics.instants import instant, micros
from vcanalytics.paypal.database import FILE_NAME, PayPal
from vcanalytics.paypal.importing import Hide
from vcanalytics.paypal.tables import paypal_aside, paypal_import, paypal_row

_INSTANT: Final = pl.Datetime("us", "UTC")
_CHUNK_ROWS: Final = 20_000
LISTED_MAX: Final = 10_000
#: Rows that are looked at together; each takes 150 bytes of memory.
ROWS_MAX: Final = 4_000_000
IMPORTS: Final = pl.Schema(
    {"number": pl.Int64(), "file": pl.String(), "at": _INSTANT, "by": pl.String()}
    | dict.fromkeys(
        ("lines", "kept", "new", "changed", "older", "repeated", "items", "aside"), pl.Int64()
    )
    | {"first_at": _INSTANT, "last_at": _INSTANT}
)
ROWS: Final = pl.Schema(
    {"id": pl.String(), "happened_at": _INSTANT}
    | dict.fromkeys(("kind", "state", "type", "status", "currency"), pl.String())
    | dict.fromkeys(("gross", "fee", "net"), pl.Decimal(18, 4))
    | dict.fromkeys(("payer", "reference", "invoice", "custom"), pl.String())
)


def count(connection: Connection) -> int:
    """How many of PayPal's transactions are known."""
    query = select(func.count()).select_from(paypal_row)
    return int(connection.execute(query).scalar_one())


def listed(connection: Connection) -> pl.DataFrame:
    """Every import, the newest first: IMPORTS.

    ``lines`` were read; ``kept`` transactions they came to, of these ``new`` and ``changed`` ones
    were written and ``older`` states left out; ``repeated``, ``items`` (of carts) and ``aside``
    (unreadable) count lines. ``first_at`` and ``last_at`` are the times of its rows (UTC).
    """
    query = select(paypal_import).order_by(paypal_import.c.id.desc()).limit(LISTED_MAX)
    rows = [_listed(row) for row in connection.execute(query)]
    return pl.DataFrame(rows, IMPORTS, orient="row")


def _listed(row: Row[Any]) -> tuple[Any, ...]:
    kept = row.new + row.changed + row.same + row.older
    return (
        row.id,
        row.file,
        instant(row.at),
        row.by,
        row.lines,
        kept,
        row.new,
        row.changed,
        row.older,
        row.repeated,
        row.items,
        row.aside,
        instant(row.first_at),
        instant(row.last_at),
    )


def asides(connection: Connection, number: int) -> list[tuple[str, int, str]]:
    """(file in the ZIP, line, reason) of what an import kept aside: the first thousand."""
    query = select(paypal_aside).where(paypal_aside.c.import_id == number)
    return [
        (row.file, row.line, row.reason)
        for row in connection.execute(query.order_by(paypal_aside.c.id))
    ]


def covered(connection: Connection) -> list[tuple[datetime, datetime]]:
    """From the first to the last row of each import, joined where they touch; in order."""
    query = (
        select(paypal_import.c.first_at, paypal_import.c.last_at)
        .where(paypal_import.c.first_at.is_not(None))
        .order_by(paypal_import.c.first_at)
    )
    spans: list[list[int]] = []
    for first, last in connection.execute(query):
        if spans and first <= spans[-1][1]:
            spans[-1][1] = max(spans[-1][1], last)
        else:
            spans.append([first, last])
    return [(instant(first), instant(last)) for first, last in spans]


def rows(
    connection: Connection, start: datetime | None = None, end: datetime | None = None
) -> pl.DataFrame:
    """PayPal's transactions in ``[start, end)``: ROWS, in order of time.

    ``fee`` is negative where it was taken. Money in ``currency``. Cost: 6 s a million rows. Raises
    BudgetExceeded for more than ROWS_MAX.
    """
    names = list(ROWS)
    columns = (paypal_row.c["at" if name == "happened_at" else name] for name in names)
    query = select(*columns).order_by(paypal_row.c.at)
    if start is not None:
        query = query.where(paypal_row.c.at >= micros(start))
    if end is not None:
        query = query.where(paypal_row.c.at < micros(end))
    read = pl.Schema(dict.fromkeys(names, pl.String()) | {"happened_at": pl.Int64()})
    total = int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())
    if total > ROWS_MAX:
        raise BudgetExceeded(
            f"{total:,} rows of PayPal's are more than {ROWS_MAX:,}", hint="Shorten the range"
        )
    found = connection.execution_options(yield_per=_CHUNK_ROWS).execute(query)
    # Made narrow a part at a time: a million rows of text at once would take three times as much.
    parts = [
        _typed(pl.DataFrame(list(map(tuple, some)), read, orient="row"))
        for some in found.partitions()
    ]
    return pl.concat(parts) if parts else ROWS.to_frame()


def _typed(part: pl.DataFrame) -> pl.DataFrame:
    at = pl.col("happened_at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return part.with_columns(at).cast(ROWS)


def forget(database: PayPal, hide: Hide) -> int:
    """Take forgotten customers out of every row and every note; how many rows changed.

    Raises StoreError where the file cannot be written.
    """
    said = paypal_import.c.file, paypal_aside.c.reason, paypal_aside.c.file
    database.rewrite(said, hide)
    return database.rewrite([paypal_row.c.payer], hide)


def opened(store_dir: Path) -> PayPal | None:
    """The file where anything was ever imported, else None. Raises StoreError."""
    return PayPal.open(store_dir) if (store_dir / FILE_NAME).exists() else None
