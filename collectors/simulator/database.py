"""The demo shop's own database file: marked as such, and no other is ever written."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from collectors.simulator.people import REMEMBERED_MAX, Account, People
from collectors.simulator.schema import TABLES, create_indexes, create_tables
from collectors.simulator.steps import NATURAL_KEYS, Cell
from vcanalytics.errors import SourceError
from vcanalytics.folders import make_private
from vcanalytics.model.times import read_instant

#: In the file's header: this database was made by the demo shop.
APPLICATION_ID: Final = int.from_bytes(b"VCdm")
_HEADER: Final = b"SQLite format 3\0"
_BUSY_S: Final = 15.0
#: Where the newest row of the shop's life is looked for: UTC columns that only grow.
_NEWEST: Final = (
    ("system_health", "checked_at"),
    ("transactions", "created_at"),
    ("system_logs", "created_at"),
    ("user_activities", "timestamp"),
)


def is_demo(path: Path) -> bool:
    """Whether the file is a database that the demo shop made."""
    with path.open("rb") as file:
        header = file.read(72)
    return header.startswith(_HEADER) and header[68:72] == APPLICATION_ID.to_bytes(4)


def holds_demo(path: Path) -> bool:
    """Whether a demo shop stands at ``path``; false where nothing does.

    Raises SourceError where something else stands there: it is left as it is.
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return False
    if path.is_file() and is_demo(path):
        return True
    raise SourceError(
        "this is no database of the demo shop, so it is not written to",
        where=str(path),
        hint="Move it elsewhere, or name it in VC_SOURCE_URL to look at it",
    )


def create(path: Path) -> sqlite3.Connection:
    """A new shop without rows, unsafe against a crash until ``finish``: it is made aside."""
    make_private(path.parent)
    if holds_demo(path) or path.exists():
        path.unlink()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = OFF")
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    create_tables(connection)
    return connection


def finish(connection: sqlite3.Connection, made: Path, path: Path) -> None:
    """Put a shop that was made aside into its place, whole and on the disk.

    Raises SourceError where another database has come to stand there meanwhile.
    """
    create_indexes(connection)
    connection.close()
    holds_demo(path)
    with made.open("rb") as file:
        os.fsync(file.fileno())
    made.replace(path)


def connect(path: Path) -> sqlite3.Connection:
    """The shop at ``path``, to be written as VectorCraft does: journal mode ``delete``."""
    uri = f"{path.absolute().as_uri()}?mode=rw"  # rw: never makes an empty file
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_S)
    # A demo may lose its last second to a power cut; a laptop's disk is spared half the syncs.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def add_row(connection: sqlite3.Connection, table: str, values: Mapping[str, Cell]) -> int:
    """Insert a row and return its id. An account whose address or name is taken is left out."""
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    verb = "INSERT OR IGNORE" if table == "users" else "INSERT"
    sql = f"{verb} INTO {table} ({names}) VALUES ({marks})"
    return connection.execute(sql, tuple(values.values())).lastrowid or 0


def change_row(
    connection: sqlite3.Connection, table: str, key: str | int, values: Mapping[str, Cell]
) -> None:
    """Update in place the row with that natural key (or id, where the table has none)."""
    sets = ", ".join(f"{name} = ?" for name in values)
    column = NATURAL_KEYS.get(table, "id")
    sql = f"UPDATE {table} SET {sets} WHERE {column} = ?"  # noqa: S608 - names of our own
    connection.execute(sql, (*values.values(), key))


def last_ids(connection: sqlite3.Connection) -> dict[str, int]:
    """The highest id each table ever gave."""
    rows = connection.execute("SELECT name, seq FROM sqlite_sequence").fetchall()
    return dict.fromkeys(TABLES, 0) | {str(name): int(seq) for name, seq in rows}


def newest_at(connection: sqlite3.Connection, until: datetime) -> datetime | None:
    """When the shop last lived, as far as its rows up to ``until`` tell."""
    found = []
    for table, column in _NEWEST:
        sql = f"SELECT max({column}) FROM {table} WHERE {column} <= ?"  # noqa: S608 - as above
        limit = until.strftime("%Y-%m-%d %H:%M:%S")
        found.append(read_instant(connection.execute(sql, (limit,)).fetchone()[0]))
    return max((moment for moment in found if moment), default=None)


def opened_at(connection: sqlite3.Connection) -> datetime | None:
    """When the shop opened: the day its administrator's account was made."""
    row = connection.execute("SELECT created_at FROM users ORDER BY id LIMIT 1").fetchone()
    return read_instant(row[0]) if row else None


def remembered_people(connection: sqlite3.Connection) -> People:
    """The customers whose accounts the shop still remembers."""
    people = People(last_ids(connection)["users"] + 1)
    rows = connection.execute(
        "SELECT id, username, email FROM users WHERE id > 1 ORDER BY id DESC LIMIT ?",
        (REMEMBERED_MAX,),
    ).fetchall()
    for user_id, username, email in reversed(rows):
        people.remember(Account(user_id, username, email))
    return people
