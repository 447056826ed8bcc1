"""The catalogue's tables, and the numbered migrations that made them."""

from __future__ import annotations

import json
from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
)

from vcanalytics import migrations
from vcanalytics.migrations import Migration, record_table
from vcanalytics.model.payments import SAMPLE_PREFIXES

metadata = MetaData()

# Instants are integers, microseconds since 1970 UTC: they sort, and no engine reinterprets them.
migration = record_table(metadata)
# One counter row a stream. ``seq`` is raised inside the write transaction just before the batch is
# inserted, so that sequence order is commit order on SQLite and PostgreSQL alike.
stream = Table(
    "stream",
    metadata,
    Column("name", String, primary_key=True),
    Column("seq", BigInteger, nullable=False, default=0),
    Column("rows", BigInteger, nullable=False, default=0),
    Column("first_at", BigInteger),
    Column("last_at", BigInteger),
)
# Apart from ``stream``, because it is written with every poll and may be lost in a power cut.
progress = Table(
    "progress",
    metadata,
    Column("stream", String, primary_key=True),
    Column("read_at", BigInteger),
    Column("done", BigInteger, nullable=False, default=0),
    Column("total", BigInteger, nullable=False, default=0),
)
batch = Table(
    "batch",
    metadata,
    Column("stream", String, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("rows", Integer, nullable=False),
    Column("first_at", BigInteger),
    Column("last_at", BigInteger),
    Column("appended_at", BigInteger, nullable=False),
    Column("payload", LargeBinary, nullable=False),
)
ledger = Table(
    "ledger",
    metadata,
    Column("source", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("stream", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("rows", Integer, nullable=False),
    # Of what programs send: their keys are their own, and may come again with other content.
    Column("digest", String),
    Index("ledger_by_seq", "stream", "seq"),
)
current_row = Table(
    "current_row",
    metadata,
    Column("stream", String, primary_key=True),
    Column("row_key", String, primary_key=True),
    Column("source_id", BigInteger, nullable=False),
    Column("fingerprint", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("state", Text, nullable=False),
    # When the row was begun by its newest version, and the batch of its first one; empty where it
    # has not moved since before these were kept.
    Column("created_at", BigInteger),
    Column("first_seq", BigInteger),
    Index("current_row_by_source", "stream", "source_id"),
)
# Every other time a row was said to be begun at: where older versions of it may lie.
moved = Table(
    "moved",
    metadata,
    Column("stream", String, primary_key=True),
    Column("row_key", String, primary_key=True),
    Column("created_at", BigInteger, primary_key=True, autoincrement=False),
)
# Up to which batch the files of newest versions take a stream in.
folded = Table(
    "folded",
    metadata,
    Column("stream", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
)
rejected = Table(
    "rejected",
    metadata,
    Column("stream", String, primary_key=True),
    Column("row_key", String, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("row", Text, nullable=False),
    Column("first_seen_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
)
fact = Table(
    "fact",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),
)


# The manifest: which files a reader sees, by series (``stream``, or what is derived from it). A
# retired one is seen by readers that began before.
segment = Table(
    "segment",
    metadata,
    Column("key", String, primary_key=True),
    Column("stream", String, nullable=False),
    Column("day", String, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("sealed_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
    # Empty where it is ``day``: a merged file holds several.
    Column("last_day", String),
    Index("segment_by_stream", "stream", "retired_at", "day"),
)


# Customers who were forgotten: digests of their addresses, and the salt of those. ``finished_at``
# is empty until no sealed file holds them any more.
forgotten = Table(
    "forgotten",
    metadata,
    Column("digest", String, primary_key=True),
    Column("forgotten_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
)
salt = Table(
    "salt",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", LargeBinary, nullable=False),
)

# Files and batches that could not be read, kept aside (``store.quarantine``): their rows are
# missing, and this says which.
quarantine = Table(
    "quarantine",
    metadata,
    Column("stream", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("file", String, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", String, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("first_at", BigInteger),
    Column("last_at", BigInteger),
    Column("reason", Text, nullable=False),
    Column("quarantined_at", BigInteger, nullable=False),
)


# Revenue as it is booked, by UTC quarter hour (counted since 1970) and currency. Money is in whole
# ten-thousandths, split at 10^9 so that no sum of it leaves 64 bits. ``rows`` counts payments by
# created_at, deleted ones too: which currencies were ever seen. The last four only ever widen:
# moments of what is booked here, and when the payments captured here were begun.
book_cell = Table(
    "book_cell",
    metadata,
    Column("quarter", BigInteger, primary_key=True, autoincrement=False),
    Column("currency", String, primary_key=True),
    *(
        Column(name, BigInteger, nullable=False)
        for name in (
            "rows",
            "attempts",
            "attempts_captured",
            "failed",
            "captured",
            "gross_high",
            "gross",
            "refunded",
            "refunds_high",
            "refunds",
            "first_at",
            "last_at",
            "first_created",
            "last_created",
        )
    ),
    sqlite_with_rowid=False,
)
# How many payments have each status, by the quarter hour they were begun in.
book_status = Table(
    "book_status",
    metadata,
    Column("quarter", BigInteger, primary_key=True, autoincrement=False),
    Column("status", String, primary_key=True),
    Column("deleted", Boolean, primary_key=True),
    Column("sample", Boolean, primary_key=True),
    Column("rows", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
# What each payment has come to in the books, so that it can be taken out again. ``captured_after``
# is in microseconds from created_at; ``refund_base`` is when it was refunded where no case says so.
book_row = Table(
    "book_row",
    metadata,
    Column("transaction_id", String, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    Column("captured_after", BigInteger),
    Column("refunded_at", BigInteger),
    Column("refund_base", BigInteger),
    Column("refund_case_id", String),
    Column("currency", String, nullable=False),
    Column("units", BigInteger, nullable=False),
    Column("status", String, nullable=False),
    Column("flags", Integer, nullable=False),
    sqlite_with_rowid=False,
)
Index(
    "book_row_by_refund",
    book_row.c.refunded_at,
    sqlite_where=book_row.c.refunded_at.is_not(None),
    postgresql_where=book_row.c.refunded_at.is_not(None),
)
Index(
    "book_row_by_case",
    book_row.c.refund_case_id,
    sqlite_where=book_row.c.refund_case_id.is_not(None),
    postgresql_where=book_row.c.refund_case_id.is_not(None),
)
# Cases that are resolved: they say when a payment was refunded.
book_case = Table(
    "book_case",
    metadata,
    Column("case_id", String, primary_key=True),
    Column("transaction_id", String),
    Column("resolved_at", BigInteger, nullable=False),
    Index("book_case_by_payment", "transaction_id"),
    sqlite_with_rowid=False,
)
# When anything of a UTC day was last booked: readers take over the days that changed. ``version``
# is the sum of the sequence numbers of payments and disputes.
book_day = Table(
    "book_day",
    metadata,
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
#: Streams whose versions move the books.
BOOKED: Final = ("transactions", "disputes")
BOOKS: Final = (book_cell, book_status, book_row, book_case, book_day)

# Batches that need no entry in the ledger any more (``upkeep.settling``): how many went, of those
# up to ``seq``, and how many rows of theirs are still kept. ``next_seq`` is up to where entries may
# go once they are old enough, counted from ``next_at``.
settled = Table(
    "settled",
    metadata,
    Column("stream", String, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("batches", BigInteger, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("next_seq", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
)


def _first_tables(connection: Connection) -> None:
    tables = [stream, progress, batch, ledger, current_row, rejected, fact]
    metadata.create_all(connection, tables=tables, checkfirst=False)


def _segments(connection: Connection) -> None:
    segment.create(connection, checkfirst=False)


def _forgotten(connection: Connection) -> None:
    forgotten.create(connection, checkfirst=False)
    salt.create(connection, checkfirst=False)


def _days_of_segments(connection: Connection) -> None:
    have = {column["name"] for column in inspect(connection).get_columns(segment.name)}
    if segment.c.last_day.name not in have:
        connection.exec_driver_sql("ALTER TABLE segment ADD COLUMN last_day VARCHAR")


def _quarantine(connection: Connection) -> None:
    quarantine.create(connection, checkfirst=False)


def _newest_versions(connection: Connection) -> None:
    have = {column["name"] for column in inspect(connection).get_columns(current_row.name)}
    for column in (current_row.c.created_at, current_row.c.first_seq):
        if column.name not in have:
            connection.exec_driver_sql(f"ALTER TABLE current_row ADD COLUMN {column.name} BIGINT")
    moved.create(connection, checkfirst=False)
    folded.create(connection, checkfirst=False)


def _books(connection: Connection) -> None:
    metadata.create_all(connection, tables=BOOKS, checkfirst=False)
    # A store without payments has its books complete; others are brought up by the collectors.
    if connection.execute(select(stream.c.seq).where(stream.c.name.in_(BOOKED))).first() is None:
        begun = {"prefixes": sorted(SAMPLE_PREFIXES), "made": 1, "complete": True}
        connection.execute(insert(fact).values(name="books", value=json.dumps(begun)))


def _settled(connection: Connection) -> None:
    settled.create(connection, checkfirst=False)


def _digests(connection: Connection) -> None:
    have = {column["name"] for column in inspect(connection).get_columns(ledger.name)}
    if ledger.c.digest.name not in have:
        connection.exec_driver_sql("ALTER TABLE ledger ADD COLUMN digest VARCHAR")


MIGRATIONS: Final = (
    Migration(1, "streams, batches, ledger, current rows", _first_tables),
    Migration(2, "manifest of segments", _segments),
    Migration(3, "customers who were forgotten", _forgotten),
    Migration(4, "segments of several days", _days_of_segments),
    Migration(5, "what is kept aside, unreadable", _quarantine),
    Migration(6, "newest versions in files of their own", _newest_versions),
    Migration(7, "books of revenue", _books),
    Migration(8, "batches that need no entry any more", _settled),
    Migration(9, "what batches of programs hold", _digests),
)


def applied(connection: Connection) -> int:
    """The number of the newest migration this file has, 0 for an empty one."""
    return migrations.applied(connection, migration)


def migrate(connection: Connection, where: str) -> None:
    """Bring the file up to date inside the caller's write transaction.

    Raises StoreError where it was written by a newer version.
    """
    migrations.migrate(connection, migration, MIGRATIONS, what="the catalogue is", where=where)
