"""The catalogue's tables, and the numbered migrations that made them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
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
from sqlalchemy.sql.functions import max as sql_max

from vcanalytics.errors import StoreError

metadata = MetaData()

# Instants are integers, microseconds since 1970 UTC: they sort, and no engine reinterprets them.
migration = Table(
    "migration",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    Column("applied_at", BigInteger, nullable=False),
)
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


@dataclass(frozen=True, slots=True)
class Migration:
    """A numbered step; ``apply`` runs in the same transaction as its record."""

    number: int
    name: str
    apply: Callable[[Connection], None]


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


MIGRATIONS: Final = (
    Migration(1, "streams, batches, ledger, current rows", _first_tables),
    Migration(2, "manifest of segments", _segments),
    Migration(3, "customers who were forgotten", _forgotten),
    Migration(4, "segments of several days", _days_of_segments),
    Migration(5, "what is kept aside, unreadable", _quarantine),
    Migration(6, "newest versions in files of their own", _newest_versions),
)


def applied(connection: Connection) -> int:
    """The number of the newest migration this catalogue has, 0 for an empty file."""
    if not inspect(connection).has_table(migration.name):
        return 0
    return connection.execute(select(sql_max(migration.c.number))).scalar() or 0


def migrate(connection: Connection, where: str) -> None:
    """Bring the catalogue up to date inside the caller's write transaction.

    Raises StoreError where the catalogue was written by a newer version.
    """
    have = applied(connection)
    newest = MIGRATIONS[-1].number
    if have > newest:
        raise StoreError(
            f"the catalogue is of version {have}, this console knows {newest}",
            where=where,
            hint="Start the newer console that wrote it, or choose another VC_DATA_DIR",
        )
    if have == 0:
        migration.create(connection, checkfirst=True)
    for step in MIGRATIONS:
        if step.number > have:
            step.apply(connection)
            connection.execute(
                insert(migration).values(
                    number=step.number,
                    name=step.name,
                    applied_at=int(datetime.now(UTC).timestamp() * 1_000_000),
                )
            )
