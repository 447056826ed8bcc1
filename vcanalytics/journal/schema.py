"""The numbered migrations of the journal. Each subject's stand with its tables."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from vcanalytics import migrations
from vcanalytics.journal import (
    alert_tables,
    case_tables,
    component_tables,
    delivery_tables,
    note_tables,
)
from vcanalytics.journal.record import migration

#: A new subject adds its own at the end.
MIGRATIONS: Final = (
    component_tables.MIGRATION,
    alert_tables.MIGRATION,
    delivery_tables.MIGRATION,
    case_tables.MIGRATION,
    note_tables.MIGRATION,
)


def applied(connection: Connection) -> int:
    """The number of the newest migration this file has, 0 for an empty one."""
    return migrations.applied(connection, migration)


def migrate(connection: Connection, where: str) -> None:
    """Bring the file up to date inside the caller's write transaction.

    Raises StoreError where it was written by a newer version.
    """
    migrations.migrate(
        connection, migration, MIGRATIONS, what="the watchman's records are", where=where
    )
