"""Ledger and counter put right by the rows that are kept; what is gone is entered as lost.

Rows are the truth where there are any. Where there are none, ledger and counter tell apart an entry
that was changed from rows that went: if the counter's total is what the rows come to, the ledger
was wrong; else the rows are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.sqlite import insert

from vcanalytics.model.streams import Stream
from vcanalytics.store import schema
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.checking.rows import Broken, Kept, Sums, highest, windows
from vcanalytics.store.quarantine import FOLDER
from vcanalytics.store.repairing.quarantining import enter
from vcanalytics.store.segments import Segments
from vcanalytics.store.upkeep.settling import Settled, settled

#: The source and key of entries whose own are lost.
_SOURCE: Final = "repair"


@dataclass(slots=True)
class _Counted:
    """One look at all batches of a stream, the counter and what the ledger adds up to."""

    top: int
    counter: int
    ledger: int
    unentered: list[tuple[int, int]] = field(default_factory=list)
    differing: list[tuple[int, int, int]] = field(default_factory=list)
    unexplained: int = 0
    sums: Sums = field(default_factory=lambda: Sums(Settled()))


def mend_counts(
    catalogue: Catalogue, segments: Segments, stream: Stream, kept: Kept, now: datetime
) -> Iterator[str]:
    """Put ledger and counter right by what is ``kept``; a sentence for each thing that was done."""
    name = stream.name
    with catalogue.read() as connection:
        found = _count(connection, stream, segments, kept)
    folder = catalogue.path.parent / FOLDER
    with catalogue.transaction() as connection:
        yield from _enter_anew(connection, name, found)
        yield from _mend_settled(connection, name, found)
        altered = sum(said - rows for _, rows, said in found.differing)
        ledger_is_wrong = found.ledger - found.counter == altered
        for seq, rows, said in found.differing:
            if ledger_is_wrong:
                entry = schema.ledger
                connection.execute(
                    update(entry)
                    .where(entry.c.stream == name, entry.c.seq == seq)
                    .values(rows=rows)
                )
                yield f"batch {seq}: the ledger says {rows} rows now, not {said}"
            elif rows < said:
                reason = "its rows are missing" if not rows else "some of its rows are missing"
                lost = Broken(f"batch {seq}", "", reason, said - rows, seq, seq, None, None)
                enter(connection, name, lost, "", folder, now)
                yield f"batch {seq}: {said - rows:,} rows are entered as lost"
        if found.unexplained > 0:
            reason = "rows are missing beside those of files that are damaged"
            lost = Broken("beside", "", reason, found.unexplained, 1, found.top, None, None)
            enter(connection, name, lost, "", folder, now)
            yield f"{found.unexplained:,} rows more than the damaged files held are entered as lost"
        yield from _mend_counter(connection, name, found)


def _count(connection: Connection, stream: Stream, segments: Segments, kept: Kept) -> _Counted:
    counter = connection.execute(select(schema.stream).filter_by(name=stream.name)).first()
    entry = schema.ledger
    said = connection.execute(
        select(func.sum(entry.c.rows)).where(entry.c.stream == stream.name)
    ).scalar()
    top = max(highest(connection, stream.name, kept), counter.seq if counter else 0)
    sums = Sums(settled(connection, stream.name))
    total = (said or 0) + sums.said.rows
    found = _Counted(top, counter.rows if counter else 0, total, sums=sums)
    missing = 0
    for window in windows(connection, stream.name, segments, kept, top):
        found.unentered += window.unentered()
        found.differing += window.differing()
        missing += window.missing
        sums.add(window)
    missing += max(0, sums.missing)
    found.unexplained = missing - sum(one.rows for one in kept.gone)
    return found


def _mend_settled(connection: Connection, name: str, found: _Counted) -> Iterator[str]:
    """The sums of batches without an entry, by those that have none and the rows that are there.

    Rows that are missing stay in the sums: they are entered as lost, as others are.
    """
    sums = found.sums
    if not any(sums.wrong()):
        return
    rows = max(sums.rows, sums.said.rows)
    table = schema.settled
    connection.execute(
        update(table).where(table.c.stream == name).values(batches=sums.batches, rows=rows)
    )
    found.ledger += rows - sums.said.rows
    yield (
        f"the ledger counts {sums.batches:,} batches without an entry now, with {rows:,} rows, not"
        f" {sums.said.batches:,} with {sums.said.rows:,}"
    )


def _enter_anew(connection: Connection, name: str, found: _Counted) -> Iterator[str]:
    """Entries that are gone: for the rows that are there, under a key that nobody sends."""
    for seq, rows in found.unentered:
        connection.execute(
            insert(schema.ledger).values(
                source=_SOURCE, key=f"{name}:{seq}", stream=name, seq=seq, rows=rows
            )
        )
        found.ledger += rows
        yield (
            f"batch {seq} is entered in the ledger anew, {rows} rows; the key it came with is"
            " lost: sent once more by its source, it would be kept twice"
        )


def _mend_counter(connection: Connection, name: str, found: _Counted) -> Iterator[str]:
    entry, counter = schema.ledger, schema.stream
    said = connection.execute(select(func.sum(entry.c.rows)).where(entry.c.stream == name)).scalar()
    total = (said or 0) + settled(connection, name).rows
    stands = connection.execute(select(counter).filter_by(name=name)).first()
    if stands is None and not found.top:
        return
    values = {"seq": found.top, "rows": total}
    if stands is not None and (stands.seq, stands.rows) == (found.top, total):
        return
    statement = insert(counter).values(name=name, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=values))
    was = f"{stands.rows:,} rows in {stands.seq:,} batches" if stands is not None else "nothing"
    yield f"the counter says {total:,} rows in {found.top:,} batches now, not {was}"
