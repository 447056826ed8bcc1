"""The operations of one write transaction."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from vcanalytics.model.streams import STREAMS, Stream
from vcanalytics.store import schema
from vcanalytics.store.batches import encode, extent
from vcanalytics.store.books import keeping
from vcanalytics.store.newest import places
from vcanalytics.store.newest.places import slices
from vcanalytics.store.pseudonyms import load
from vcanalytics.store.state import to_micros


@dataclass(frozen=True, slots=True)
class CurrentRow:
    """Where a source row stands now: its fingerprint, and the state its next version needs.

    ``seq`` is the batch of its newest version; a writer leaves it out.
    """

    row_key: str
    source_id: int
    fingerprint: int
    state: str = ""
    deleted: bool = False
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch in the ledger: its stream, number, and the digest it came with, if any."""

    stream: str
    seq: int
    digest: str | None


class Writer:
    """The operations of one write transaction; all of them or none.

    Customers who were forgotten are pseudonyms in whatever is written.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = to_micros(now)
        # Read in this very transaction: nobody can be forgotten between it and the write.
        self._pseudonyms = load(connection)

    def entry(self, source: str, key: str) -> Entry | None:
        """What was appended under this key, None where nothing was."""
        table = schema.ledger
        row = self._connection.execute(
            select(table.c.stream, table.c.seq, table.c.digest).filter_by(source=source, key=key)
        ).first()
        return None if row is None else Entry(*row)

    def append(
        self,
        stream: str,
        source: str,
        key: str,
        batch: pa.Table,
        current: Sequence[CurrentRow] = (),
        *,
        digest: str | None = None,
    ) -> int:
        """Keep ``batch`` and move its ``current`` rows; returns the batch's sequence number.

        The same (source, key) again writes nothing and returns the number it had. ``digest`` is
        kept for those whose keys are other people's: it tells the same batch from another one.
        """
        known = self.entry(source, key)
        if known is not None:
            return known.seq
        batch, _ = self._pseudonyms.rows(STREAMS[stream], batch)
        first_at, last_at = (
            None if bound is None else to_micros(bound) for bound in extent(STREAMS[stream], batch)
        )
        seq = self._raise_counter(stream, batch.num_rows, first_at, last_at)
        self._connection.execute(
            insert(schema.ledger).values(
                source=source,
                key=key,
                stream=stream,
                seq=seq,
                rows=batch.num_rows,
                digest=digest,
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
        self._move(STREAMS[stream], seq, batch, current)
        if stream in schema.BOOKED:
            keeping.keep(self._connection, stream, batch)
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

    def _move(
        self, stream: Stream, seq: int, batch: pa.Table, current: Sequence[CurrentRow]
    ) -> None:
        if not current:
            return
        begun = places.begun(stream, batch)
        places.note_moves(self._connection, stream.name, begun)
        statement = insert(schema.current_row)
        statement = statement.on_conflict_do_update(
            index_elements=["stream", "row_key"],
            set_={
                name: statement.excluded[name]
                for name in ("source_id", "fingerprint", "seq", "deleted", "state", "created_at")
            },
        )
        # Sorted keys, so that several writers on one server database cannot deadlock.
        rows = sorted(current, key=lambda row: row.row_key)
        self._connection.execute(
            statement,
            [
                {
                    "stream": stream.name,
                    "row_key": row.row_key,
                    "source_id": row.source_id,
                    "fingerprint": row.fingerprint,
                    "seq": seq,
                    "deleted": row.deleted,
                    "state": self._pseudonyms.text(row.state),
                    "created_at": begun.get(row.row_key),
                    "first_seq": seq,
                }
                for row in rows
            ],
        )

    def reject(self, stream: str, row_key: str, reason: str, row: str) -> None:
        """Keep a row that cannot be read aside, whole, as JSON text, with the reason."""
        statement = insert(schema.rejected).values(
            stream=stream,
            row_key=row_key,
            reason=self._pseudonyms.text(reason),
            row=self._pseudonyms.text(row),
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
        for keys in slices(list(row_keys)):
            self._connection.execute(
                update(table)
                .where(table.c.stream == stream, table.c.row_key.in_(keys))
                .where(table.c.resolved_at.is_(None))
                .values(resolved_at=self._now)
            )

    def note_read(
        self, stream: str, read_at: datetime, *, done: int | None = None, total: int | None = None
    ) -> None:
        """The source was read with success at ``read_at``; ``done`` of ``total`` rows of it."""
        values: dict[str, int] = {"read_at": to_micros(read_at)}
        if done is not None and total is not None:
            values |= {"done": done, "total": total}
        statement = insert(schema.progress).values(
            stream=stream, **({"done": 0, "total": 0} | values)
        )
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
