"""New files of SQLite's, made by the statements that the first of their kind was made by.

Tests make some thousands of catalogues, journals and files of accounts. Three quarters of what one
costs is putting the same migrations into words. The first of each kind is made as ever, and so is
what processes make that tests start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Table, event

from vcanalytics import migrations
from vcanalytics.migrations import Migration

_Key = tuple[Table, tuple[Migration, ...]]
_Said = list[tuple[str, Any]]
MIGRATE: Final = migrations.migrate


def install() -> None:
    """Have ``migrations.migrate`` say again what it said for the first empty file."""
    migrations.migrate = replaying(MIGRATE)


def replaying(migrate: Callable[..., None]) -> Callable[..., None]:
    """``migrate``, asked for the first file of each kind, and for all that are not empty."""
    known: dict[_Key, _Said] = {}

    def replay(
        connection: Connection, record: Table, steps: Sequence[Migration], **words: str
    ) -> None:
        cursor = connection.connection.cursor()
        key = (record, tuple(steps))
        if cursor.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            migrate(connection, record, steps, **words)
        elif key in known:
            for statement, values in known[key]:
                cursor.execute(statement, values)
            # When a file was made tells it from others.
            now = int(datetime.now(UTC).timestamp() * 1_000_000)
            rows = [(step.number, step.name, now) for step in steps]
            cursor.executemany(f"INSERT INTO {record.name} VALUES (?, ?, ?)", rows)
        else:
            said: _Said = []
            with _heard(connection, record, said):
                migrate(connection, record, steps, **words)
            known[key] = said
        cursor.close()

    return replay


@contextmanager
def _heard(connection: Connection, record: Table, said: _Said) -> Iterator[None]:
    """Take down what changes the file, but for the record of its migrations."""
    passed = ("PRAGMA", "SELECT", f"INSERT INTO {record.name} ")

    def hear(*told: Any) -> None:
        _, _, statement, values, _, many = told
        if statement.lstrip().startswith(passed):
            return
        said.extend((statement, one) for one in (values if many else [values]))

    event.listen(connection, "before_cursor_execute", hear)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", hear)
