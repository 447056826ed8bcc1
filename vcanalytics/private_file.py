"""A SQLite file of the console's own (WAL, synchronous=FULL), for its owner's eyes alone.

What the accounts and the watchman's journal have in common: how it is made, opened, brought up to
date, read, written, and looked at for commits of other processes.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar, Final, Protocol, Self
from urllib.parse import quote

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Text,
    create_engine,
    event,
    literal,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import DatabaseError, OperationalError

from vcanalytics.commits import Commits, Token
from vcanalytics.errors import StoreError
from vcanalytics.folders import make_private
from vcanalytics.migrations import Migration
from vcanalytics.write_ahead import empty_log, keep_log

_BUSY_TIMEOUT_S: Final = 10.0
#: What may be left undone (when a session was last seen) waits for no one.
_HASTY_TIMEOUT_S: Final = 0.02
_MODE: Final = 0o600


class Schema(Protocol):
    """The module of a file's tables: its numbered steps, and how far a file has come in them."""

    @property
    def MIGRATIONS(self) -> Sequence[Migration]:  # noqa: N802 a module's constant
        """The steps, the oldest first."""

    def applied(self, connection: Connection, /) -> int:
        """The number of the newest step the file has, 0 for an empty one."""

    def migrate(self, connection: Connection, where: str, /) -> None:
        """Bring the file up to date. Raises StoreError where a newer version wrote it."""


def _connect(path: Path, *, synchronous: str, timeout_s: float) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": timeout_s, "check_same_thread": False},
        pool_size=8,
        max_overflow=56,
        # An error's text would hold digests, names and addresses.
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        # The driver must not begin transactions on its own: BEGIN IMMEDIATE is ours to say.
        connection.isolation_level = None
        cursor = connection.cursor()
        keep_log(connection, within_s=timeout_s)
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        # A deferred transaction that later writes can fail at once with SQLITE_BUSY_SNAPSHOT.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _private(path: Path) -> None:
    """Make the file readable by its owner alone; what SQLite lays beside it takes its mode."""
    make_private(path.parent)
    try:
        # A file that exists is not opened here: closing it would drop SQLite's locks on it.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _MODE))
        owner = path.parent.stat()
        if os.geteuid() == 0 and owner.st_uid != 0:
            # A command of root's must not lock out the console that runs as another user.
            os.chown(path, owner.st_uid, owner.st_gid)
    except FileExistsError:
        if stat.S_IMODE(path.stat().st_mode) & ~_MODE:
            for beside in (
                path,
                *(path.with_name(f"{path.name}-{name}") for name in ("wal", "shm")),
            ):
                if beside.exists():
                    beside.chmod(_MODE)


class PrivateFile:
    """The open file. Safe to share between threads; processes open their own.

    A subclass says the file's name, its tables, what messages call its content (in the plural), and
    what makes it where it is missing.
    """

    file_name: ClassVar[str]
    schema: ClassVar[Schema]
    called: ClassVar[str]
    made_by: ClassVar[str]

    def __init__(self, path: Path) -> None:
        self.path = path
        self._durable = _connect(path, synchronous="FULL", timeout_s=_BUSY_TIMEOUT_S)
        self._hasty = _connect(path, synchronous="NORMAL", timeout_s=_HASTY_TIMEOUT_S)
        self._commits = Commits(path)
        self._looking = Lock()

    @classmethod
    def open(cls, data_dir: Path, *, create: bool = True) -> Self:
        """Open the file in ``data_dir`` and bring it up to date.

        Raises StoreError where it is missing and not to be made, cannot be made, is damaged, or is
        of a newer version.
        """
        path = data_dir / cls.file_name
        if not create and not path.exists():
            raise StoreError(f"there are no {cls.called} yet", where=str(path), hint=cls.made_by)
        try:
            _private(path)
            database = cls(path)
            with database._durable.connect() as connection, connection.begin():
                current = cls._up_to_date(connection)
            if not current:
                with database.write() as connection:
                    cls.schema.migrate(connection, str(path))
        except (OSError, DatabaseError) as error:
            reason = getattr(error, "orig", None) or error
            raise StoreError(
                f"the {cls.called} cannot be opened: {reason}",
                where=str(path),
                hint="Check that VC_DATA_DIR is writable and the file is the console's",
            ) from error
        return database

    @classmethod
    def _up_to_date(cls, connection: Connection) -> bool:
        return cls.schema.applied(connection) == cls.schema.MIGRATIONS[-1].number

    @classmethod
    def refuse_newer(cls, path: Path) -> None:
        """Raise StoreError where a copy in a backup is of a newer version, or cannot be read.

        The copy is not changed, and nothing is made beside it.
        """
        engine = create_engine(f"sqlite:///file:{quote(str(path.absolute()))}?immutable=1&uri=true")
        try:
            with engine.connect() as connection:
                have = cls.schema.applied(connection)
        except DatabaseError as error:
            raise StoreError(
                f"the {cls.called} in the backup cannot be read: {error.orig}",
                where=str(path),
                hint="Take another backup, where the console still stands",
            ) from None
        finally:
            engine.dispose()
        newest = cls.schema.MIGRATIONS[-1].number
        if have > newest:
            raise StoreError(
                f"the {cls.called} in the backup are of version {have},"
                f" this console knows {newest}",
                where=str(path),
                hint="Restore it with the newer console that took it",
            )

    def close(self) -> None:
        with self._looking:
            self._commits.close()
        self._durable.dispose()
        self._hasty.dispose()

    def token(self) -> Token | None:
        """Changes whenever any process committed; some 20 microseconds."""
        with self._looking:
            return self._commits.token()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read transaction. Raises StoreError where the file cannot be read."""
        try:
            with self._durable.connect() as connection, connection.begin():
                yield connection
        except DatabaseError as error:
            raise StoreError(
                f"the {self.called} cannot be read: {error.orig}",
                where=str(self.path),
                hint="Check the file's rights; restore it from a backup where it is damaged",
                heals=isinstance(error, OperationalError),
            ) from None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One durable write transaction, fsynced when it is left.

        Raises StoreError where the disk is full or another writer holds the file too long.
        """
        with self._writing(self._durable) as connection:
            yield connection

    @contextmanager
    def hasty(self) -> Iterator[Connection]:
        """A write that may be lost in a power cut, and fails at once where another one writes."""
        with self._writing(self._hasty) as connection:
            yield connection

    @contextmanager
    def _writing(self, engine: Engine) -> Iterator[Connection]:
        try:
            options = engine.connect().execution_options(writes=True)
            with options as connection, connection.begin():
                yield connection
        except OperationalError as error:
            raise StoreError(
                f"the {self.called} cannot be written: {error.orig}",
                where=str(self.path),
                hint="Check free space and rights, then try again",
                heals=True,
            ) from None

    def rewrite(self, columns: Iterable[Column[Any]], hide: Callable[[str], str]) -> int:
        """Put ``hide`` of it in the place of each text that may hold an address; how many changed.

        Nothing of the old text stays in the file, nor in its log of writes but for who reads
        meanwhile (``empty_log``). Raises StoreError where that cannot be done.
        """
        changed = 0
        with self.write() as connection:
            for column in columns:
                key = column.table.primary_key
                # As it stands in the file, JSON as well, and also as a link has it. Read to its end
                # before anything is changed.
                said = type_coerce(column, Text)
                query = select(said, *key).where(or_(said.contains("@"), said.contains("%40")))
                for text, *keys in connection.execute(query).all():
                    if (hidden := hide(text)) == text:
                        continue
                    mine = [own == value for own, value in zip(key, keys, strict=True)]
                    values = {column.name: literal(hidden, Text)}
                    connection.execute(update(column.table).where(*mine).values(values))
                    changed += 1
        self._wipe()
        return changed

    def _wipe(self) -> None:
        """Leave nothing of old text in the log of writes; freed pages are zeroed by SQLite."""
        try:
            with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
                empty_log(connection)
        except sqlite3.Error as error:
            raise StoreError(
                f"the log of writes cannot be wiped: {error}",
                where=str(self.path),
                hint="Check free space; run it again",
                heals=True,
            ) from error
