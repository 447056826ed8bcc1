"""How far notifying has come: small values by name, kept in the transaction of what they count."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from vcanalytics.journal.delivery_tables import notify_mark


def mark(connection: Connection, name: str) -> str | None:
    """The value of that name, None before the first."""
    query = select(notify_mark.c.value).where(notify_mark.c.name == name)
    return connection.execute(query).scalar()


def set_mark(connection: Connection, name: str, value: str) -> None:
    """Keep a value."""
    new = insert(notify_mark).values(name=name, value=value)
    connection.execute(new.on_conflict_do_update(index_elements=["name"], set_={"value": value}))
