"""The tables of what was sent to whom."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from vcanalytics.journal.record import metadata
from vcanalytics.migrations import Migration

# One message to one channel. Until it is tried first, events of its group may still join it; then
# subject, body (as text, for people) and payload (what every try is made from) stand for good.
# ``key`` is the message's own name outside: two tries of one message carry the same.
delivery = Table(
    "delivery",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("channel", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("group", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("last_error", Text),
    Column("tried_at", BigInteger),
    Column("sent_at", BigInteger),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("payload", Text),
    # Who asked for it: the test, or one more try of what had been given up.
    Column("asked_by", String),
    Column("asked_at", BigInteger),
    Index("delivery_by_state", "state", "channel", "due_at"),
    Index("delivery_by_try", "channel", "tried_at"),
    Index("delivery_by_time", "created_at"),
    sqlite_autoincrement=True,
)
delivery_event = Table(
    "delivery_event",
    metadata,
    Column("delivery_id", Integer, ForeignKey("delivery.id"), primary_key=True),
    Column("event_id", Integer, primary_key=True),
    Column("alert_id", Integer, nullable=False),
    # Whether the event announces (else it says that the alert is over).
    Column("announces", Integer, nullable=False),
    Index("delivery_event_by_alert", "alert_id"),
)
# How far notifying has come: the last event taken, the last day of each summary.
notify_mark = Table(
    "notify_mark",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)


def _first_tables(connection: Connection) -> None:
    tables = [delivery, delivery_event, notify_mark]
    metadata.create_all(connection, tables=tables, checkfirst=False)


MIGRATION: Final = Migration(3, "deliveries", _first_tables)
