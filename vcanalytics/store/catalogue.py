"""The catalogue: one SQLite file (WAL, synchronous=FULL) that holds what is acknowledged.

Every write is one transaction: the ledger entry that refuses a resent batch, the stream's counter,
the batch itself, and the current rows it leads to. Acknowledged means fsynced.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.exc import DatabaseError, OperationalError

from vcanalytics.errors import NoRoom, StoreError
from vcanalytics.folders import make_private
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import schema
from vcanalytics.store.facts import FREE_BYTES_LEAST
from vcanalytics.store.newest.places import slices
from vcanalytics.store.state import StreamState, from_micros
from vcanalytics.store.writer import CurrentRow, Writer
from vcanalytics.write_ahead import keep_log

FILE_NAME: Final = "catalogue.db"
#: Lies beside the catalogue while a backup is put back: what stands there is not whole yet.
RESTORING: Final = "restoring.txt"
BUSY_TIMEOUT_MS: Final = 10_000
_LOG_BYTES_MAX: Final = 16_000_000


def _connect(path: Path, *, synchronous: str, alone: bool = False) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
        pool_size=1 if alone else 8,
        max_overflow=0 if alone else 24,
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        # The driver must not begin transactions on its own: BEGIN IMMEDIATE is ours to say.
        connection.isolation_level = None
        cursor = connection.cursor()
        if alone:
            cursor.execute("PRAGMA locking_mode = EXCLUSIVE")
        keep_log(connection, within_s=BUSY_TIMEOUT_MS / 1000)
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        # A log that grew while a reader was long at it is cut once it is written back.
        cursor.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES_MAX}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        # A deferred transaction that later writes can fail at once with SQLITE_BUSY_SNAPSHOT.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class Catalogue:
    """One open catalogue. Safe to share between threads; processes open their own.

    ``alone``: with one connection and nobody beside it, which needs no room on the disk.
    """

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        self.path = path
        self._durable = _connect(path, synchronous="FULL", alone=alone)
        # Heartbeats may be lost in a power cut; they must not cost an fsync a second.
        self._relaxed = self._durable if alone else _connect(path, synchronous="NORMAL")

    @classmethod
    def open(cls, data_dir: Path, *, create: bool = True) -> Self:
        """Open the catalogue in ``data_dir`` and bring it up to date.

        Not ``create``: only to read what stands there, which a full disk does not prevent. Raises
        StoreError where it cannot be made, is damaged, half restored, or of a newer version.
        """
        path = data_dir / FILE_NAME
        try:
            _refuse_what_is_none(data_dir, create=create)
            make_private(data_dir)
            try:
                return cls._opened(path)
            except OperationalError:
                if create or not _is_full(data_dir):
                    raise
            # Readers share an index of the log, a file of 32 KB beside the catalogue. Where there
            # is no room for it, one reader can hold it in memory.
            return cls._opened(path, alone=True)
        except (OSError, DatabaseError) as error:
            reason, hint = _explain(
                error, data_dir, "Check that VC_DATA_DIR is writable and the file is the console's"
            )
            raise StoreError(
                f"the catalogue cannot be opened: {reason}", where=str(path), hint=hint
            ) from error

    @classmethod
    def _opened(cls, path: Path, *, alone: bool = False) -> Self:
        catalogue = cls(path, alone=alone)
        try:
            with catalogue._reading() as connection:
                current = schema.applied(connection) == schema.MIGRATIONS[-1].number
            if not current:
                with catalogue._begin(catalogue._durable) as connection:
                    schema.migrate(connection, str(path))
        except BaseException:
            catalogue.close()
            raise
        return catalogue

    def close(self) -> None:
        self._durable.dispose()
        self._relaxed.dispose()

    @contextmanager
    def _begin(self, engine: Engine) -> Iterator[Connection]:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One durable write transaction, for what moves within the store.

        Raises StoreError where the disk is full or another writer holds the file too long.
        """
        with self._explained(), self._begin(self._durable) as connection:
            yield connection

    @contextmanager
    def write(self, now: datetime | None = None, *, durable: bool = True) -> Iterator[Writer]:
        """One write transaction. ``durable=False`` is for heartbeats alone.

        Raises StoreError where the disk is full or another writer holds the file too long.
        """
        engine = self._durable if durable else self._relaxed
        with self._explained(), self._begin(engine) as connection:
            yield Writer(connection, now or datetime.now(UTC))

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            folder = self.path.parent
            reason, hint = _explain(error, folder, "Check free space and rights; it is tried again")
            kind = NoRoom if _for_want_of_room(error, folder) else StoreError
            raise kind(
                f"the store cannot be written: {reason}",
                where=str(self.path),
                hint=hint,
                heals=True,
            ) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read transaction: everything read in it is of one moment.

        Raises StoreError where the file is damaged or cannot be had.
        """
        try:
            with self._reading() as connection:
                yield connection
        except DatabaseError as error:
            raise StoreError(
                f"the store cannot be read: {error.orig}",
                where=str(self.path),
                hint="Run `python -m vcanalytics check`",
                heals=isinstance(error, OperationalError),
            ) from error

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._durable.connect() as connection, connection.begin():
            yield connection

    def append(
        self,
        stream: str,
        source: str,
        key: str,
        batch: pa.Table,
        current: Sequence[CurrentRow] = (),
        now: datetime | None = None,
    ) -> int:
        """``Writer.append`` in a transaction of its own."""
        with self.write(now) as writer:
            return writer.append(stream, source, key, batch, current)

    def seqs(self) -> dict[str, int]:
        """Newest sequence number of each stream that has any row."""
        with self.read() as connection:
            rows = connection.execute(select(schema.stream.c.name, schema.stream.c.seq))
            return dict(rows.all())

    def states(self) -> dict[str, StreamState]:
        """What is known of every stream of the vocabulary, also of those without rows."""
        with self.read() as connection:
            return states(connection)

    def fact(self, name: str) -> Any:
        """The JSON value kept under ``name``, or None."""
        with self.read() as connection:
            text = connection.execute(select(schema.fact.c.value).filter_by(name=name)).scalar()
        return None if text is None else json.loads(text)

    def current_rows(self, stream: str) -> Iterator[tuple[str, int, int, bool]]:
        """(row_key, source_id, fingerprint, deleted) of every source row ever seen, by id."""
        table = schema.current_row
        columns = (table.c.row_key, table.c.source_id, table.c.fingerprint, table.c.deleted)
        with self.read() as connection:
            result = connection.execution_options(yield_per=10_000).execute(
                select(*columns).where(table.c.stream == stream).order_by(table.c.source_id)
            )
            yield from result

    def current_by_key(self, stream: str, row_keys: Sequence[str]) -> dict[str, CurrentRow]:
        """The current rows of the given keys, deleted ones too; unknown keys are left out."""
        found = self._current(stream, schema.current_row.c.row_key, row_keys)
        return {row.row_key: row for row in found}

    def current_by_source(self, stream: str, source_ids: Sequence[int]) -> dict[int, CurrentRow]:
        """The current rows that stand at the given source ids; deleted ones are left out."""
        found = self._current(stream, schema.current_row.c.source_id, source_ids)
        return {row.source_id: row for row in found if not row.deleted}

    def _current(
        self, stream: str, column: Any, values: Sequence[str] | Sequence[int]
    ) -> Iterator[CurrentRow]:
        table = schema.current_row
        with self.read() as connection:
            for some in slices(values):
                query = select(table).where(table.c.stream == stream, column.in_(some))
                for row in connection.execute(query):
                    yield CurrentRow(
                        row.row_key, row.source_id, row.fingerprint, row.state, row.deleted, row.seq
                    )

    def rejected(
        self, stream: str | None = None, limit: int | None = 1_000
    ) -> list[Mapping[str, Any]]:
        """Rows kept aside now, oldest first.

        Keys: stream, row_key, reason, row (JSON text), first_seen_at, last_seen_at.
        """
        table = schema.rejected
        query = select(table).where(table.c.resolved_at.is_(None))
        if stream is not None:
            query = query.where(table.c.stream == stream)
        with self.read() as connection:
            rows = connection.execute(query.order_by(table.c.first_seen_at).limit(limit)).mappings()
            return [
                dict(row)
                | {
                    "first_seen_at": from_micros(row["first_seen_at"]),
                    "last_seen_at": from_micros(row["last_seen_at"]),
                }
                for row in rows
            ]


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < FREE_BYTES_LEAST
    except OSError:
        return False


def _for_want_of_room(error: OSError | DatabaseError, folder: Path) -> bool:
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    reason = str(error.orig or error)
    return "disk is full" in reason or ("disk I/O error" in reason and _is_full(folder))


def _refuse_what_is_none(data_dir: Path, *, create: bool) -> None:
    """Raise StoreError where a backup is being restored, and where nothing is and nothing may be.

    Raises OSError where the folder cannot be looked into.
    """
    if (data_dir / RESTORING).exists():
        raise StoreError(
            "a backup is being restored here, or was interrupted at it",
            where=str(data_dir),
            hint="Run `python -m vcanalytics restore DIR` again, and wait for it to end",
        )
    if not create and not (data_dir / FILE_NAME).exists():
        raise StoreError(
            "there is no catalogue yet",
            where=str(data_dir / FILE_NAME),
            hint="Run `python -m collectors --once`, or start the console",
        )


def _explain(error: OSError | DatabaseError, folder: Path, hint: str) -> tuple[str, str]:
    """What went wrong and what to do, ``hint`` unless it is that the disk is full."""
    reason = str(getattr(error, "orig", None) or error)
    if not _for_want_of_room(error, folder):
        return reason, hint
    # SQLite's own words name room only where a write runs into its end, not where a file begins.
    return f"the disk is full ({reason})", "Make room; nothing that was kept is lost"


def states(connection: Connection) -> dict[str, StreamState]:
    """Every stream's state, read in the caller's transaction."""
    counters = {row.name: row for row in connection.execute(select(schema.stream))}
    reads = {row.stream: row for row in connection.execute(select(schema.progress))}
    aside = schema.rejected
    counts: Sequence[tuple[str, int]] = connection.execute(
        select(aside.c.stream, func.count())
        .where(aside.c.resolved_at.is_(None))
        .group_by(aside.c.stream)
    ).all()
    rejected = dict(counts)
    result = {}
    for name in STREAMS:
        counter, read = counters.get(name), reads.get(name)
        result[name] = StreamState(
            stream=name,
            seq=counter.seq if counter else 0,
            rows=counter.rows if counter else 0,
            rejected=rejected.get(name, 0),
            first_at=from_micros(counter.first_at) if counter else None,
            last_at=from_micros(counter.last_at) if counter else None,
            read_at=from_micros(read.read_at) if read else None,
            done=read.done if read else 0,
            total=read.total if read else 0,
        )
    return result
