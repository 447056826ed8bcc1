"""The tables of components and breakers."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Date,
    Float,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from vcanalytics.journal.record import metadata
from vcanalytics.migrations import Migration

# What each component is now. checked_at is the last round that judged it, data_at the time of what
# it was judged by.
component = Table(
    "component",
    metadata,
    Column("name", String, primary_key=True),
    Column("status", String, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("checked_at", BigInteger, nullable=False),
    Column("data_at", BigInteger),
    Column("what", Text, nullable=False),
    Column("hint", Text, nullable=False),
)
# A row for each change of status, and none else.
component_change = Table(
    "component_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("component", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("status", String, nullable=False),
    Column("what", Text, nullable=False),
    Index("component_change_by_component", "component", "at"),
    Index("component_change_by_time", "at"),
    sqlite_autoincrement=True,
)
# How long each day of UTC a component was in each status, in seconds.
component_day = Table(
    "component_day",
    metadata,
    Column("component", String, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("healthy_s", Float, nullable=False),
    Column("warning_s", Float, nullable=False),
    Column("critical_s", Float, nullable=False),
    Column("unknown_s", Float, nullable=False),
    Index("component_day_by_day", "day"),
)
# The last error stays when a breaker has closed again.
breaker = Table(
    "breaker",
    metadata,
    Column("name", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("opened_at", BigInteger),
    Column("next_try_at", BigInteger),
    Column("last_error", Text),
    Column("last_error_at", BigInteger),
    Column("reset_by", String),
    Column("reset_at", BigInteger),
)


def _first_tables(connection: Connection) -> None:
    tables = [component, component_change, component_day, breaker]
    metadata.create_all(connection, tables=tables, checkfirst=False)


MIGRATION: Final = Migration(1, "components, breakers", _first_tables)
