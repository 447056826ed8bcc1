"""The tables of the desk: a row a case, and what happened to it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from vcanalytics.journal.record import metadata
from vcanalytics.migrations import Migration

# One row a finding of a payment, for ever: it is known by these two, whatever becomes of it.
# standing: the finding is still there. version moves with every change but the first. waits_from is
# the time the finding dates from, or that of its return. amount is text, exact, in currency. Of the
# customer there is nothing: addresses are read from the payment.
desk_case = Table(
    "desk_case",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("finding", String, nullable=False),
    Column("transaction_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("standing", Boolean, nullable=False),
    Column("assignee", String),
    Column("version", Integer, nullable=False),
    Column("returns", Integer, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("waits_from", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", String),
    Column("closed_at", BigInteger),
    Column("closed_by", String),
    Column("amount", String),
    Column("currency", String),
    UniqueConstraint("finding", "transaction_id"),
    Index("desk_case_by_payment", "transaction_id"),
    sqlite_autoincrement=True,
)
desk_event = Table(
    "desk_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("case_id", Integer, ForeignKey("desk_case.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("by", String),
    Column("note", Text, nullable=False),
    Index("desk_event_by_case", "case_id", "id"),
    sqlite_autoincrement=True,
)


def _tables(connection: Connection) -> None:
    metadata.create_all(connection, tables=[desk_case, desk_event], checkfirst=False)


MIGRATION: Final = Migration(4, "cases of the desk, and what happened to them", _tables)
