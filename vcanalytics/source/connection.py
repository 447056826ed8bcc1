"""One read-only connection to VectorCraft's database, used for short reads only.

A read transaction held for seconds makes the app's own writes fail ("database is locked"), so every
read here is one statement of at most READ_ROWS_MAX rows, fetched whole and closed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import quote

from sqlalchemy import Connection, Engine, bindparam, create_engine, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.pool import QueuePool

from vcanalytics.commits import Commits
from vcanalytics.errors import SourceError
from vcanalytics.source.tables import SourceTable

READ_ROWS_MAX: Final = 1_000
#: Text longer than this is read row by row, so that a page of rows stays small.
LONG_TEXT_MAX: Final = 65_536
#: How long one read waits for the app's own lock before it is given up and tried again later. A
#: read that waits holds no lock itself; daemons must be gone within five seconds of being told.
LOCK_WAIT_S: Final = 2.0

_HINTS: Final = (
    # (part of the driver's message, what it means, what to do, heals by itself)
    (
        "attempt to write a readonly database",
        "a crash of VectorCraft left a journal to roll back",
        "It is mended when VectorCraft opens its database again; the console waits",
        True,
    ),
    (
        "unable to open database file",
        "the database file cannot be opened",
        "Check VC_SOURCE_URL and the rights on the file and its folder",
        True,
    ),
    (
        "file is not a database",
        "the file is not a SQLite database",
        "Check VC_SOURCE_URL",
        True,
    ),
    (
        "malformed",
        "the database file is damaged or cut short",
        "Restore VectorCraft's database; the console keeps what it has read",
        True,
    ),
    (
        "locked",
        "the database is locked by VectorCraft",
        "The console tries again; nothing is lost",
        True,
    ),
    (
        "no such column",
        "a column is missing",
        "Run `python -m vcanalytics source` to see which",
        True,
    ),
    (
        "no such table",
        "a table is missing",
        "Run `python -m vcanalytics source` to see which",
        True,
    ),
)


def _decode(raw: bytes) -> str:
    # Bytes that are not UTF-8 must not cost the row: they are kept as surrogates and noted later.
    return raw.decode("utf-8", "surrogateescape")


class Source:
    """VectorCraft's database. Not safe to share between threads."""

    def __init__(self, url: str, lock_wait_s: float = LOCK_WAIT_S) -> None:
        self._lock_wait_s = lock_wait_s
        self.url = _parse(url)
        self.path = _file_of(self.url)
        self.where = str(self.path) if self.path else self.url.render_as_string()
        self._engine = self._make_engine()
        self._commits = Commits(self.path) if self.path else None
        self._columns: dict[str, frozenset[str]] = {}
        self._opened: tuple[int, int] | None = None

    def _make_engine(self) -> Engine:
        if self.path is None:
            return create_engine(self.url, pool_size=1, pool_pre_ping=True)
        uri = f"file:{quote(str(self.path))}?mode=ro"

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(
                uri,
                uri=True,
                timeout=self._lock_wait_s,
                check_same_thread=False,
                isolation_level=None,
            )
            connection.execute("PRAGMA query_only = ON")
            return connection

        return create_engine(
            "sqlite://", creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=2
        )

    def close(self) -> None:
        self._engine.dispose()
        if self._commits:
            self._commits.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            self._look_at_file()
            with self._engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            self._engine.dispose()
            raise self._explain(str(error.orig)) from error
        except SQLAlchemyError as error:
            raise self._explain(str(error)) from error
        except OSError as error:
            raise self._explain(str(error)) from error

    def _look_at_file(self) -> None:
        if self.path is None:
            return
        if not self.path.is_file():
            raise SourceError(
                "the database file is not there",
                where=self.where,
                hint="Check VC_SOURCE_URL; the console reads on when the file appears",
                heals=True,
            )
        identity = self.identity()
        if identity != self._opened:
            # An open connection would go on reading the file that was replaced. Its columns stay
            # as they were looked at: one that is gone fails the read, and is never read as empty.
            self._engine.dispose()
            self._opened = identity

    def _explain(self, message: str) -> SourceError:
        line = message.splitlines()[0] if message else "no reason given"
        for part, what, hint, heals in _HINTS:
            if part in line:
                return SourceError(f"{what} ({line})", where=self.where, hint=hint, heals=heals)
        return SourceError(line, where=self.where, hint="It is tried again", heals=True)

    def token(self) -> tuple[object, ...]:
        """Changes whenever a commit can be seen; empty for what is no file, or is not there."""
        return (self._commits and self._commits.token()) or ()

    def identity(self) -> tuple[int, int] | None:
        """Which file this is (device, inode); None where it is no file, or is not there."""
        if self.path is None:
            return None
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino

    def columns(self, table: str, *, fresh: bool = False) -> frozenset[str] | None:
        """Names of the table's columns, None where there is no such table."""
        if fresh or table not in self._columns:
            with self._connection() as connection:
                inspector = inspect(connection)
                if not inspector.has_table(table):
                    self._columns.pop(table, None)
                    return None
                names = frozenset(c["name"] for c in inspector.get_columns(table))
            self._columns[table] = names
        return self._columns[table]

    def forget_columns(self) -> None:
        """Look at the columns of every table anew before it is read again."""
        self._columns.clear()

    def tables(self) -> list[str]:
        with self._connection() as connection:
            return sorted(inspect(connection).get_table_names())

    def missing(self, table: SourceTable) -> tuple[str, ...] | None:
        """Required columns the table lacks; None where the table itself is missing."""
        have = self.columns(table.name, fresh=True)
        if have is None:
            return None
        return tuple(name for name in ("id", *table.required) if name not in have)

    def _fields(self, table: SourceTable) -> str:
        have = self.columns(table.name) or frozenset()
        fields = []
        for name in table.columns:
            if name not in have:
                fields.append(f"NULL AS {name}")
            elif name == table.long:
                fields.append(
                    f"CASE WHEN length({name}) <= {LONG_TEXT_MAX} THEN {name} END AS {name}"
                )
            else:
                fields.append(name)
        if table.long is not None:
            size = f"length({table.long})" if table.long in have else "NULL"
            fields.append(f"{size} AS long_size")
        return ", ".join(fields)

    def after(
        self, table: SourceTable, after: int, limit: int = READ_ROWS_MAX
    ) -> list[tuple[Any, ...]]:
        """The next rows by id: the table's columns in order, then the size of its long text."""
        statement = text(
            f"SELECT {self._fields(table)} FROM {table.name}"  # noqa: S608 names are constants
            " WHERE id > :after ORDER BY id LIMIT :limit"
        )
        return self._rows(statement, {"after": after, "limit": min(limit, READ_ROWS_MAX)})

    def by_ids(self, table: SourceTable, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        """The rows of the given ids (at most READ_ROWS_MAX), as ``after`` gives them."""
        return self.matching(table, "id", ids)

    def matching(
        self, table: SourceTable, column: str, values: Sequence[object]
    ) -> list[tuple[Any, ...]]:
        """The rows that hold one of ``values`` (at most READ_ROWS_MAX) in a column, by id."""
        statement = text(
            f"SELECT {self._fields(table)} FROM {table.name}"  # noqa: S608 names are constants
            f" WHERE {column} IN :values ORDER BY id"
        ).bindparams(bindparam("values", expanding=True))
        return self._rows(statement, {"values": list(values[:READ_ROWS_MAX])})

    def long_text(self, table: SourceTable, row_id: int) -> Any:
        """The long text of one row, whole."""
        rows = self._rows(
            text(f"SELECT {table.long} FROM {table.name} WHERE id = :id"),  # noqa: S608
            {"id": row_id},
        )
        return rows[0][0] if rows else None

    def top_id(self, table: SourceTable) -> int:
        """The highest id in the table now, 0 for an empty one."""
        return int(self.scalar(f"SELECT max(id) FROM {table.name}") or 0)  # noqa: S608

    def count(self, table: SourceTable) -> int:
        """Rows in the table now."""
        return int(self.scalar(f"SELECT count(*) FROM {table.name}") or 0)  # noqa: S608

    def id_counter(self, table: SourceTable) -> int | None:
        """The highest id the table ever gave (SQLite's AUTOINCREMENT counter), where it has one.

        It never goes back while the database is the same; the highest id left may.
        """
        if self.path is None or self.columns("sqlite_sequence") is None:
            return None
        rows = self._rows(
            text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name}
        )
        return rows[0][0] if rows and isinstance(rows[0][0], int) else None

    def scalar(self, statement: str) -> Any:
        """One value of one short statement."""
        rows = self._rows(text(statement), {})
        return rows[0][0] if rows else None

    def _rows(self, statement: Any, parameters: Mapping[str, object]) -> list[tuple[Any, ...]]:
        with self._connection() as connection:
            try:
                return [tuple(row) for row in connection.execute(statement, parameters).fetchall()]
            except OperationalError as error:
                if "decode to UTF-8" not in str(error.orig):
                    raise
            # The driver's own decoding is twice as fast; only a read that meets bad bytes pays.
            raw: Any = connection.connection.dbapi_connection
            raw.text_factory = _decode
            try:
                return [tuple(row) for row in connection.execute(statement, parameters).fetchall()]
            finally:
                raw.text_factory = str


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError) as error:
        raise SourceError(
            "VC_SOURCE_URL is no database address",
            hint="Write it like sqlite:////var/lib/vectorcraft/vectorcraft.db",
        ) from error
    return parsed


def _file_of(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite":
        return None
    name = url.database
    if not name or name == ":memory:":
        raise SourceError(
            "VC_SOURCE_URL names no file",
            hint="Write it like sqlite:////var/lib/vectorcraft/vectorcraft.db",
        )
    return Path(name.removeprefix("file:").split("?")[0]).absolute()
