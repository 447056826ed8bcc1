"""SQL that is put into words once a test process, where the console has one file of a kind.

Tests make some thousands of catalogues, journals and files of accounts. Three quarters of what a
new one costs is putting the same migrations into words: the first of each kind is made as ever, the
others by its statements. And every file has an engine of its own, which would compile every query
anew. What processes do that tests start is as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy
from sqlalchemy import Connection, Dialect, Engine, Table, event
from sqlalchemy.util import LRUCache

from vcanalytics import migrations
from vcanalytics.migrations import Migration

_Key = tuple[Table, tuple[Migration, ...]]
_Said = list[tuple[str, Any]]
MIGRATE: Final = migrations.migrate
#: The console asks fewer different questions of SQLite.
_COMPILED_MAX: Final = 2_000


def install() -> None:
    """Before the console's modules are imported, which take ``create_engine`` from SQLAlchemy."""
    migrations.migrate = replaying(MIGRATE)
    sqlalchemy.create_engine = _compiling_once(sqlalchemy.create_engine)


def _compiling_once(create_engine: Callable[..., Engine]) -> Callable[..., Engine]:
    """Engines of SQLite's that share what they compiled; with it goes the dialect, its key."""
    dialect: Dialect | None = None
    compiled = LRUCache[Any, Any](_COMPILED_MAX)

    def create(*arguments: Any, **options: Any) -> Engine:
        nonlocal dialect
        engine = create_engine(*arguments, **options)
        if engine.dialect.name == "sqlite":
            dialect = dialect or engine.dialect
            engine.dialect = dialect
            engine._compiled_cache = compiled
        return engine

    return create


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
