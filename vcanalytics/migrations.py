"""Numbered migrations of an SQLite file: each in one transaction with its record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    inspect,
    select,
)
from sqlalchemy.sql.functions import max as sql_max

from vcanalytics.errors import StoreError


@dataclass(frozen=True, slots=True)
class Migration:
    """A numbered step; ``apply`` runs in the same transaction as its record."""

    number: int
    name: str
    apply: Callable[[Connection], None]


def record_table(metadata: MetaData) -> Table:
    """The table that says which steps a file has."""
    return Table(
        "migration",
        metadata,
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("name", String, nullable=False),
        Column("applied_at", BigInteger, nullable=False),
    )


def applied(connection: Connection, record: Table) -> int:
    """The number of the newest migration the file has, 0 for an empty one."""
    if not inspect(connection).has_table(record.name):
        return 0
    return connection.execute(select(sql_max(record.c.number))).scalar() or 0


def migrate(
    connection: Connection, record: Table, steps: Sequence[Migration], *, what: str, where: str
) -> None:
    """Bring the file up to date inside the caller's write transaction.

    ``what`` names its content, like "the catalogue is". Raises StoreError where it was written by a
    newer version.
    """
    have, newest = applied(connection, record), steps[-1].number
    if have > newest:
        raise StoreError(
            f"{what} of version {have}, this console knows {newest}",
            where=where,
            hint="Start the newer console that wrote it, or choose another VC_DATA_DIR",
        )
    if have == 0:
        record.create(connection, checkfirst=True)
    for step in steps:
        if step.number > have:
            step.apply(connection)
            connection.execute(
                insert(record).values(
                    number=step.number,
                    name=step.name,
                    applied_at=int(datetime.now(UTC).timestamp() * 1_000_000),
                )
            )
