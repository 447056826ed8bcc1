"""The catalogue: one SQLite file (WAL, synchronous=FULL) that holds what is acknowledged.

Every write is one transaction: the ledger entry that refuses a resent batch, the stream's counter,
the batch itself, and the current rows it leads to. Acknowledged means fsynced.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import pyarrow as pa
from sqlalchemy import Connection, Engine, create_engine, event, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError, OperationalError

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import schema
from vcanalytics.store.batches import encode, extent
from vcanalytics.store.state import StreamState, from_micros, to_micros

FILE_NAME: Final = "catalogue.db"
BUSY_TIMEOUT_MS: Final = 10_000
#: SQLite binds at most 32,766 values a statement; this stays well below.
_KEYS_PER_QUERY: Final = 1_000


@dataclass(frozen=True, slots=True)
class CurrentRow:
    """Where a source row stands now: its fingerprint, and the state its next version needs."""

    row_key: str
    source_id: int
    fingerprint: int
    state: str = ""
    deleted: bool = False


def _connect(path: Path, *, synchronous: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False},
        pool_size=8,
        max_overflow=24,
    )

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        # The driver must not begin transactions on its own: BEGIN IMMEDIATE is ours to say.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        # A deferred transaction that later writes can fail at once with SQLITE_BUSY_SNAPSHOT.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


class Writer:
    """The operations of one write transaction; all of them or none."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = to_micros(now)

    def append(
        self,
        stream: str,
        source: str,
        key: str,
        batch: pa.Table,
        current: Sequence[CurrentRow] = (),
    ) -> int:
        """Keep ``batch`` and move its ``current`` rows; returns the batch's sequence number.

        The same (source, key) again writes nothing and returns the number it had.
        """
        known = self._connection.execute(
            select(schema.ledger.c.seq).filter_by(source=source, key=key)
        ).scalar()
        if known is not None:
            return int(known)
        first_at, last_at = (
            None if bound is None else to_micros(bound) for bound in extent(STREAMS[stream], batch)
        )
        seq = self._raise_counter(stream, batch.num_rows, first_at, last_at)
        self._connection.execute(
            insert(schema.ledger).values(
                source=source, key=key, stream=stream, seq=seq, rows=batch.num_rows
            )
        )
        self._connection.execute(
            insert(schema.batch).values(
                stream=stream,
                seq=seq,
                rows=batch.num_rows,
                first_at=first_at,
                last_at=last_at,
                appended_at=self._now,
                payload=encode(batch),
            )
        )
        self._move(stream, seq, current)
        return seq

    def _raise_counter(
        self, stream: str, rows: int, first_at: int | None, last_at: int | None
    ) -> int:
        counter = schema.stream
        self._connection.execute(
            insert(counter).values(name=stream, seq=0, rows=0).on_conflict_do_nothing()
        )
        earliest = func.min(func.coalesce(counter.c.first_at, first_at), first_at)
        latest = func.max(func.coalesce(counter.c.last_at, last_at), last_at)
        raised = (
            update(counter)
            .where(counter.c.name == stream)
            .values(
                seq=counter.c.seq + 1,
                rows=counter.c.rows + rows,
                first_at=earliest if first_at is not None else counter.c.first_at,
                last_at=latest if last_at is not None else counter.c.last_at,
            )
            .returning(counter.c.seq)
        )
        return int(self._connection.execute(raised).scalar_one())

    def _move(self, stream: str, seq: int, current: Sequence[CurrentRow]) -> None:
        if not current:
            return
        statement = insert(schema.current_row)
        statement = statement.on_conflict_do_update(
            index_elements=["stream", "row_key"],
            set_={
                name: statement.excluded[name]
                for name in ("source_id", "fingerprint", "seq", "deleted", "state")
            },
        )
        # Sorted keys, so that several writers on one server database cannot deadlock.
        rows = sorted(current, key=lambda row: row.row_key)
        self._connection.execute(
            statement,
            [
                {
                    "stream": stream,
                    "row_key": row.row_key,
                    "source_id": row.source_id,
                    "fingerprint": row.fingerprint,
                    "seq": seq,
                    "deleted": row.deleted,
                    "state": row.state,
                }
                for row in rows
            ],
        )

    def reject(self, stream: str, row_key: str, reason: str, row: str) -> None:
        """Keep a row that cannot be read aside, whole, as JSON text, with the reason."""
        statement = insert(schema.rejected).values(
            stream=stream,
            row_key=row_key,
            reason=reason,
            row=row,
            first_seen_at=self._now,
            last_seen_at=self._now,
            resolved_at=None,
        )
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=["stream", "row_key"],
                set_={
                    "reason": statement.excluded.reason,
                    "row": statement.excluded.row,
                    "last_seen_at": statement.excluded.last_seen_at,
                    "resolved_at": None,
                },
            )
        )

    def resolve(self, stream: str, row_keys: Iterable[str]) -> None:
        """Rows kept aside that can be read now, or are gone."""
        table = schema.rejected
        for keys in _slices(list(row_keys)):
            self._connection.execute(
                update(table)
                .where(table.c.stream == stream, table.c.row_key.in_(keys))
                .where(table.c.resolved_at.is_(None))
                .values(resolved_at=self._now)
            )

    def note_read(
        self, stream: str, read_at: datetime, *, done: int | None = None, total: int | None = None
    ) -> None:
        """The source was read with success at ``read_at``; history is read ``done`` of ``total``."""
        values: dict[str, int] = {"read_at": to_micros(read_at)}
        if done is not None and total is not None:
            values |= {"done": done, "total": total}
        statement = insert(schema.progress).values(stream=stream, **({"done": 0, "total": 0} | values))
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["stream"], set_=values)
        )

    def set_fact(self, name: str, value: object) -> None:
        """Keep a small JSON value by name; None forgets it."""
        if value is None:
            self._connection.execute(schema.fact.delete().where(schema.fact.c.name == name))
            return
        text = json.dumps(value)
        statement = insert(schema.fact).values(name=name, value=text)
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"value": text})
        )


def _slices(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        yield keys[start : start + _KEYS_PER_QUERY]


class Catalogue:
    """One open catalogue. Safe to share between threads; processes open their own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._durable = _connect(path, synchronous="FULL")
        # Heartbeats may be lost in a power cut; they must not cost an fsync a second.
        self._relaxed = _connect(path, synchronous="NORMAL")

    @classmethod
    def open(cls, data_dir: Path, *, create: bool = True) -> Self:
        """Open the catalogue in ``data_dir`` and bring it up to date.

        Raises StoreError where it cannot be made, is damaged, or is of a newer version.
        """
        path = data_dir / FILE_NAME
        if not create and not path.exists():
            raise StoreError(
                "there is no catalogue yet",
                where=str(path),
                hint="Run `python -m collectors --once`, or start the console",
            )
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            catalogue = cls(path)
            with catalogue.read() as connection:
                current = schema.applied(connection) == schema.MIGRATIONS[-1].number
            if not current:
                with catalogue._begin(catalogue._durable) as connection:
                    schema.migrate(connection, str(path))
        except (OSError, DatabaseError) as error:
            reason = getattr(error, "orig", None) or error
            raise StoreError(
                f"the catalogue cannot be opened: {reason}",
                where=str(path),
                hint="Check that VC_DATA_DIR is writable and the file is the console's",
            ) from error
        return catalogue

    def close(self) -> None:
        self._durable.dispose()
        self._relaxed.dispose()

    @contextmanager
    def _begin(self, engine: Engine) -> Iterator[Connection]:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, now: datetime | None = None, *, durable: bool = True) -> Iterator[Writer]:
        """One write transaction. ``durable=False`` is for heartbeats alone.

        Raises StoreError where the disk is full or another writer holds the file too long.
        """
        try:
            with self._begin(self._durable if durable else self._relaxed) as connection:
                yield Writer(connection, now or datetime.now(UTC))
        except OperationalError as error:
            raise StoreError(
                f"the store cannot be written: {error.orig}",
                where=str(self.path),
                hint="Check free space and rights; it is tried again",
                heals=True,
            ) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read transaction: everything read in it is of one moment."""
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
            rows = connection.execute(select(schema.stream.c.name, schema.stream.c.seq)).all()
        return {name: seq for name, seq in rows}

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
            for row_key, source_id, fingerprint, deleted in result:
                yield row_key, source_id, fingerprint, deleted

    def current_states(self, stream: str, row_keys: Sequence[str]) -> dict[str, CurrentRow]:
        """The current rows of the given keys; unknown keys are left out."""
        table = schema.current_row
        found: dict[str, CurrentRow] = {}
        with self.read() as connection:
            for keys in _slices(row_keys):
                for row in connection.execute(
                    select(table).where(table.c.stream == stream, table.c.row_key.in_(keys))
                ):
                    found[row.row_key] = CurrentRow(
                        row.row_key, row.source_id, row.fingerprint, row.state, row.deleted
                    )
        return found

    def rejected(self, stream: str | None = None, limit: int = 1_000) -> list[Mapping[str, Any]]:
        """Rows kept aside now: stream, row_key, reason, row (JSON text), first_seen_at, last_seen_at."""
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


def states(connection: Connection) -> dict[str, StreamState]:
    """Every stream's state, read in the caller's transaction."""
    counters = {row.name: row for row in connection.execute(select(schema.stream))}
    reads = {row.stream: row for row in connection.execute(select(schema.progress))}
    aside = schema.rejected
    counts = connection.execute(
        select(aside.c.stream, func.count())
        .where(aside.c.resolved_at.is_(None))
        .group_by(aside.c.stream)
    ).all()
    rejected: dict[str, int] = {name: count for name, count in counts}
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
