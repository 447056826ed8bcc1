"""The shape of a VectorCraft database, for those who write one: the demo shop and the tests."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection
from pathlib import Path
from typing import Final

_TABLE_OF: Final = re.compile(r"CREATE (?:TABLE|INDEX \w+ ON) (\w+)")


def _read_statements() -> tuple[tuple[str, str], ...]:
    text = Path(__file__).with_name("schema.sql").read_text(encoding="utf-8")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    statements = [part.strip() for part in body.split(";\n") if part.strip()]
    return tuple((_TABLE_OF.match(sql)[1], sql.rstrip(";")) for sql in statements)  # type: ignore[index]


#: Each statement of schema.sql with the table it belongs to, tables before their indexes.
STATEMENTS: Final = _read_statements()
TABLES: Final = tuple(dict.fromkeys(table for table, _ in STATEMENTS))


def create_tables(connection: sqlite3.Connection, without: Collection[str] = ()) -> None:
    """Create VectorCraft's tables, but those named in ``without``."""
    for table, sql in STATEMENTS:
        if table not in without and sql.startswith("CREATE TABLE"):
            connection.execute(sql)


def create_indexes(connection: sqlite3.Connection, without: Collection[str] = ()) -> None:
    """Create the indexes of VectorCraft's tables: last where many rows are written first."""
    for table, sql in STATEMENTS:
        if table not in without and sql.startswith("CREATE INDEX"):
            connection.execute(sql)
