"""The tables of accounts, and the numbered migrations that made them."""

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
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from vcanalytics import migrations
from vcanalytics.migrations import Migration, record_table

metadata = MetaData()

# Instants are integers, microseconds since 1970 UTC. Of secrets only digests are kept. Numbers are
# never given twice (AUTOINCREMENT): a session's stands for it alone, in the audit log too.
migration = record_table(metadata)
# Users are never deleted: the audit log names them.
user = Table(
    "user",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("folded", String, nullable=False, unique=True),
    Column("role", String, nullable=False),
    Column("password", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_sign_in_at", BigInteger),
    Column("disabled_at", BigInteger),
    sqlite_autoincrement=True,
)
session = Table(
    "session",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, ForeignKey("user.id"), nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("address", String, nullable=False),
    Column("agent", String, nullable=False),
    Index("session_by_user", "user_id", "address"),
    sqlite_autoincrement=True,
)
token = Table(
    "token",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String, nullable=False),
    Column("folded", String, nullable=False),
    Column("role", String, nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String, nullable=False),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
    sqlite_autoincrement=True,
)
# A name may be given again once its token is revoked.
Index(
    "token_by_name",
    token.c.folded,
    unique=True,
    sqlite_where=token.c.revoked_at.is_(None),
    postgresql_where=token.c.revoked_at.is_(None),
)
# One-time links: those without a name make the first admin. Used and withdrawn ones are deleted.
link = Table(
    "link",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("name", String),
    Column("folded", String, unique=True),
    Column("role", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String, nullable=False),
    Column("created_by_id", Integer, ForeignKey("user.id")),
    Column("expires_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
throttle = Table(
    "throttle",
    metadata,
    Column("key", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("failed_at", BigInteger, nullable=False),
    Index("throttle_by_time", "failed_at"),
)
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("noted_at", BigInteger, nullable=False),
    Column("action", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("target", String, nullable=False),
    Column("address", String, nullable=False),
    Column("detail", Text, nullable=False),
    Index("audit_by_time", "noted_at"),
    sqlite_autoincrement=True,
)
# A page with what its address said: query is application/x-www-form-urlencoded.
saved_view = Table(
    "saved_view",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, ForeignKey("user.id"), nullable=False),
    Column("name", String, nullable=False),
    Column("folded", String, nullable=False),
    Column("page", String, nullable=False),
    Column("query", Text, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    UniqueConstraint("user_id", "folded"),
    Index("saved_view_shared", "shared"),
    sqlite_autoincrement=True,
)
# What a user lands on. The view may be gone meanwhile, or not shared any more, which is said.
start_view = Table(
    "start_view",
    metadata,
    Column("user_id", Integer, ForeignKey("user.id"), primary_key=True, autoincrement=False),
    Column("view_id", Integer, nullable=False),
)

#: REPLACE deletes without the delete trigger, so a number that exists is refused as well.
_EXISTS: Final = "EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"
_REFUSED: Final = " BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"
_APPEND_ONLY: Final = (
    f"CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit{_REFUSED}",
    f"CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit{_REFUSED}",
    f"CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN {_EXISTS}{_REFUSED}",
)


def _first_tables(connection: Connection) -> None:
    tables = [user, session, token, link, throttle, audit]
    metadata.create_all(connection, tables=tables, checkfirst=False)
    for statement in _APPEND_ONLY:
        connection.exec_driver_sql(statement)


def _views(connection: Connection) -> None:
    metadata.create_all(connection, tables=[saved_view, start_view], checkfirst=False)


MIGRATIONS: Final = (
    Migration(1, "users, sessions, tokens, links, audit", _first_tables),
    Migration(2, "saved views", _views),
)


def applied(connection: Connection) -> int:
    """The number of the newest migration this file has, 0 for an empty one."""
    return migrations.applied(connection, migration)


def migrate(connection: Connection, where: str) -> None:
    """Bring the file up to date inside the caller's write transaction.

    Raises StoreError where it was written by a newer version.
    """
    migrations.migrate(connection, migration, MIGRATIONS, what="the accounts are", where=where)
