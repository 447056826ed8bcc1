"""Settling: entries of the ledger that nobody can send again go, and their sums stay.

A batch's entry refuses the same batch a second time. Collectors of what only grows keep their place
in the source in the very transaction that appends, so that an entry is of use for as long as an
append may be in doubt: minutes. It is kept for days, and then only counted: how many entries went,
and how many rows of theirs are kept, so that `check` still misses a single one. One entry a second
came to 3.7 MB a day; now the table stays as large as a few days make it.

Versions' entries stay, and those of sources not named: whoever sends by a key of their own may come
back with it at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from vcanalytics.model.streams import STREAMS
from vcanalytics.store import schema
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.state import from_micros, to_micros

#: Entries stay at least so long, and at most about twice as long.
KEPT: Final = timedelta(days=2)
#: Rows kept aside that can be read by now are looked back at for so long.
RESOLVED_KEPT: Final = timedelta(days=90)
#: Rows of one transaction: some 20 ms, in which no collector can append.
_SLICE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Settled:
    """Of a stream: up to which batch entries may be gone, how many are, and the rows of those."""

    seq: int = 0
    batches: int = 0
    rows: int = 0


def settled(connection: Connection, stream: str) -> Settled:
    """What is settled of a stream."""
    table = schema.settled
    row = connection.execute(
        select(table.c.seq, table.c.batches, table.c.rows).filter_by(stream=stream)
    ).first()
    return Settled(*row) if row else Settled()


def settle(catalogue: Catalogue, sources: frozenset[str], now: datetime) -> bool:
    """Settle a slice of what is due; whether there may be more.

    ``sources`` are those whose place moves in the transaction of their rows. One short transaction.
    """
    for stream in STREAMS.values():
        if not stream.versioned and _settle(catalogue, stream.name, sources, now):
            return True
    return _drop_resolved(catalogue, now)


def _settle(catalogue: Catalogue, stream: str, sources: frozenset[str], now: datetime) -> bool:
    table, entry = schema.settled, schema.ledger
    with catalogue.read() as connection:
        mark = connection.execute(select(table).filter_by(stream=stream)).first()
        top = connection.execute(
            select(schema.stream.c.seq).where(schema.stream.c.name == stream)
        ).scalar()
        if not top:
            return False
        mine = (
            select(entry.c.source, entry.c.key, entry.c.rows, entry.c.seq)
            .where(entry.c.stream == stream, entry.c.source.in_(sources))
            .where(entry.c.seq > (mark.seq if mark else 0))
            .where(entry.c.seq <= (mark.next_seq if mark else 0))
            .order_by(entry.c.seq)
            .limit(_SLICE)
        )
        since = from_micros(mark.next_at) if mark else None
        if since is not None and timedelta(0) <= now - since < KEPT:
            return False
        gone = connection.execute(mine).all() if mark else ()
    with catalogue.transaction() as connection:
        if since is None or since > now:
            # The first sight of it; or a clock that was set back: the days are counted anew.
            _mark(connection, stream, top, now)
            return False
        assert mark is not None  # noqa: S101 it has a time
        for row in gone:
            connection.execute(delete(entry).filter_by(source=row.source, key=row.key))
        whole = len(gone) < _SLICE
        connection.execute(
            update(table)
            .where(table.c.stream == stream)
            .values(
                seq=mark.next_seq if whole else gone[-1].seq,
                batches=table.c.batches + len(gone),
                rows=table.c.rows + sum(row.rows for row in gone),
            )
        )
        if whole:
            _mark(connection, stream, top, now)
    return not whole


def _mark(connection: Connection, stream: str, top: int, now: datetime) -> None:
    """Begin to count the days of the entries there are now."""
    mark = {"next_seq": top, "next_at": to_micros(now)}
    statement = insert(schema.settled).values(stream=stream, seq=0, batches=0, rows=0, **mark)
    connection.execute(statement.on_conflict_do_update(index_elements=["stream"], set_=mark))


def _drop_resolved(catalogue: Catalogue, now: datetime) -> bool:
    """A slice of the rows kept aside that could be read long since; whether there may be more."""
    table = schema.rejected
    with catalogue.read() as connection:
        old = connection.execute(
            select(table.c.stream, table.c.row_key)
            .where(table.c.resolved_at < to_micros(now - RESOLVED_KEPT))
            .limit(_SLICE)
        ).all()
    if not old:
        return False
    with catalogue.transaction() as connection:
        for stream, key in old:
            connection.execute(
                delete(table)
                .where(table.c.stream == stream, table.c.row_key == key)
                .where(table.c.resolved_at < to_micros(now - RESOLVED_KEPT))
            )
    return len(old) == _SLICE


def let_go_rows(connection: Connection, stream: str, counts: dict[int, int]) -> None:
    """Take rows that are let go of (how many of each batch) out of ledger and counter.

    In the caller's transaction, with the files they leave.
    """
    entry, counter, table = schema.ledger, schema.stream, schema.settled
    entered = connection.execute(
        select(entry.c.seq)
        .where(entry.c.stream == stream)
        .where(entry.c.seq.between(min(counts), max(counts)))
    ).scalars()
    lowered = [{"mine": seq, "gone": counts[seq]} for seq in entered if seq in counts]
    if lowered:
        connection.execute(
            update(entry)
            .where(entry.c.stream == stream, entry.c.seq == bindparam("mine"))
            .values(rows=entry.c.rows - bindparam("gone")),
            lowered,
        )
    told = sum(one["gone"] for one in lowered)
    gone = sum(counts.values())
    connection.execute(
        update(table).where(table.c.stream == stream).values(rows=table.c.rows - (gone - told))
    )
    batch, segment = schema.batch, schema.segment
    oldest = [
        connection.execute(query).scalar()
        for query in (
            select(func.min(batch.c.first_at)).where(batch.c.stream == stream),
            select(func.min(segment.c.first_at)).where(
                segment.c.stream == stream, segment.c.retired_at.is_(None)
            ),
        )
    ]
    known = [moment for moment in oldest if moment is not None]
    values = {"rows": counter.c.rows - gone, "first_at": min(known, default=None)}
    if not known:
        values["last_at"] = None
    connection.execute(update(counter).where(counter.c.name == stream).values(values))
