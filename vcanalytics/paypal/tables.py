"""The tables of ``paypal.db``, and their numbered migrations.

Instants are integers, microseconds since 1970 UTC; amounts are text, exact, in the row's currency.
Customers' addresses stand in ``paypal_row.payer`` and nowhere else: ``forget`` rewrites them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from vcanalytics import migrations
from vcanalytics.migrations import Migration, record_table

metadata = MetaData()
migration = record_table(metadata)

# A file that was imported. digest is that of its bytes. lines were read; of these new and changed
# were written, same were known, older were known in a later state, repeated stood twice, items were
# lines of carts, aside could not be read. first_at and last_at are those of its rows.
paypal_import = Table(
    "paypal_import",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("file", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),
    Column("bytes", BigInteger, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("new", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("same", Integer, nullable=False),
    Column("older", Integer, nullable=False),
    Column("repeated", Integer, nullable=False),
    Column("items", Integer, nullable=False),
    Column("aside", Integer, nullable=False),
    Column("first_at", BigInteger),
    Column("last_at", BigInteger),
    sqlite_autoincrement=True,
)
# Lines of an import that could not be read: the first thousand.
paypal_aside = Table(
    "paypal_aside",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("import_id", Integer, ForeignKey("paypal_import.id"), nullable=False),
    Column("file", String, nullable=False),
    Column("line", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Index("paypal_aside_by_import", "import_id"),
    sqlite_autoincrement=True,
)
# The newest state of each of PayPal's transactions, and the import it came with.
paypal_row = Table(
    "paypal_row",
    metadata,
    Column("id", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("state", String, nullable=False),
    Column("type", String, nullable=False),
    Column("status", String, nullable=False),
    Column("currency", String, nullable=False),
    Column("gross", String, nullable=False),
    Column("fee", String),
    Column("net", String),
    Column("payer", String),
    Column("reference", String),
    Column("invoice", String),
    Column("custom", String),
    Column("digest", BigInteger, nullable=False),
    Column("import_id", Integer, ForeignKey("paypal_import.id"), nullable=False),
    Index("paypal_row_by_time", "at"),
)


def _tables(connection: Connection) -> None:
    tables = [paypal_import, paypal_aside, paypal_row]
    metadata.create_all(connection, tables=tables, checkfirst=False)


MIGRATIONS: Final = (Migration(1, "imports, rows, lines kept aside", _tables),)


def applied(connection: Connection) -> int:
    """The number of the newest migration this file has, 0 for an empty one."""
    return migrations.applied(connection, migration)


def migrate(connection: Connection, where: str) -> None:
    """Bring the file up to date inside the caller's write transaction.

    Raises StoreError where it was written by a newer version.
    """
    migrations.migrate(connection, migration, MIGRATIONS, what="the PayPal rows are", where=where)
