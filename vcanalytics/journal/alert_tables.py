"""The tables of alerts: what fired, what was done about it, how each rule stands, silences."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from vcanalytics.journal.record import metadata
from vcanalytics.migrations import Migration

# One row from when a rule fires for a series until it is resolved. peak is the worst value,
# announced what was told of it last, detail what messages say: see alert_records.
alert = Table(
    "alert",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("rule", String, nullable=False),
    Column("series", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("no_data", Boolean, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("fired_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    Column("value", Float),
    Column("peak", Float),
    Column("threshold", Float, nullable=False),
    Column("unit", String, nullable=False),
    Column("flapping", Boolean, nullable=False),
    Column("announced", String),
    Column("acknowledged_by", String),
    Column("acknowledged_at", BigInteger),
    Column("note", Text, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("alert_by_time", "fired_at"),
    Index("alert_by_rule", "rule", "fired_at"),
    sqlite_autoincrement=True,
)
# However a rule is evaluated, no two alerts of one series are open.
Index(
    "alert_open",
    alert.c.rule,
    alert.c.series,
    unique=True,
    sqlite_where=alert.c.state == "firing",
)
# Whose end is still to be told: it came in a silence, or while it flapped.
Index(
    "alert_owed",
    alert.c.rule,
    sqlite_where=(alert.c.state == "resolved") & (alert.c.announced == "firing"),
)
# Whoever tells of alerts reads these in the order of their numbers. Of what people do for all
# alerts at once there is no alert.
alert_event = Table(
    "alert_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("alert_id", Integer, ForeignKey("alert.id", ondelete="CASCADE")),
    Column("at", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("by", String),
    Column("announce", Boolean, nullable=False),
    Column("detail", JSON, nullable=False),
    Index("alert_event_by_alert", "alert_id", "id"),
    Index("alert_event_by_time", "at"),
    sqlite_autoincrement=True,
)
# How a rule stands for a series. held_s is for how long what is pending, or clear, has held: time
# in which nobody looked is not in it. changes are the last changes of state, for flapping.
rule_state = Table(
    "rule_state",
    metadata,
    Column("rule", String, primary_key=True),
    Column("series", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("pending_since", BigInteger),
    Column("clear_since", BigInteger),
    Column("held_s", Float, nullable=False),
    Column("value", Float),
    Column("peak", Float),
    Column("changes", JSON, nullable=False),
    Column("evaluated_at", BigInteger, nullable=False),
)
silence = Table(
    "silence",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("rule", String, nullable=False),
    Column("series", String),
    Column("starts_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("ended_at", BigInteger),
    Column("ended_by", String),
    Index("silence_by_end", "ends_at"),
    sqlite_autoincrement=True,
)
# What the evaluation says of itself: which file of rules holds, why a newer one was refused.
alerting = Table(
    "alerting",
    metadata,
    Column("name", String, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("value", JSON, nullable=False),
)


def _tables(connection: Connection) -> None:
    tables = [alert, alert_event, rule_state, silence, alerting]
    metadata.create_all(connection, tables=tables, checkfirst=False)


MIGRATION: Final = Migration(2, "alerts, their events, states of rules, silences", _tables)
