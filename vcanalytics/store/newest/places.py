"""Places: when a row of a versioned stream was begun, by every version kept of it.

Files of versions can be told apart by when their rows were begun, so whoever knows that of a row
finds its versions without looking through all of them. The source may change a row's own time: the
earlier ones are kept as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from vcanalytics.model.streams import COUNT, Stream
from vcanalytics.store import schema
from vcanalytics.store.state import from_micros

#: SQLite binds at most 32,766 values a statement; this stays well below.
_KEYS_PER_QUERY: Final = 1_000
#: Stands for a time that was not kept: the row's older versions may lie anywhere.
_UNKNOWN: Final = -(1 << 62)


@dataclass(frozen=True, slots=True)
class Place:
    """When one row was begun by its versions, the batch of the first one.

    Not ``certain``: versions from before this was kept may say another time; ``first_seq`` is empty
    then.
    """

    moments: frozenset[datetime]
    certain: bool
    first_seq: int | None


def slices(keys: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """``keys`` in pieces that one statement can bind."""
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        yield keys[start : start + _KEYS_PER_QUERY]


def begun(stream: Stream, rows: pa.Table) -> dict[str, int]:
    """When each row of a versioned stream was begun (microseconds since 1970 UTC), by key."""
    if stream.key is None:
        return {}
    keys = pc.cast(rows.column(stream.key), pa.string()).to_pylist()
    moments = pc.cast(rows.column(stream.time), COUNT).to_pylist()
    return dict(zip(keys, moments, strict=True))


def note_moves(connection: Connection, stream: str, new: Mapping[str, int]) -> None:
    """Keep the times that rows had and lose now, before their current rows are changed."""
    table = schema.current_row
    moves = []
    for keys in slices(list(new)):
        query = select(table.c.row_key, table.c.created_at).where(
            table.c.stream == stream, table.c.row_key.in_(keys)
        )
        for row_key, old in connection.execute(query):
            if old != new[row_key]:
                gone = _UNKNOWN if old is None else old
                moves.append({"stream": stream, "row_key": row_key, "created_at": gone})
    if moves:
        connection.execute(insert(schema.moved).on_conflict_do_nothing(), moves)


def moves(
    connection: Connection, stream: str, keys: Sequence[str]
) -> tuple[frozenset[datetime], bool]:
    """The other times any of the rows was begun at, and whether that is all of them."""
    table = schema.moved
    mine = table.c.stream == stream
    if connection.execute(select(table.c.row_key).where(mine).limit(1)).first() is None:
        return frozenset(), True
    found: set[int] = set()
    for some in slices(keys):
        query = select(table.c.created_at).where(mine, table.c.row_key.in_(some))
        found.update(connection.execute(query).scalars())
    return _instants(found), _UNKNOWN not in found


def places(connection: Connection, stream: str, keys: Sequence[str]) -> dict[str, Place]:
    """The places of the given rows; unknown keys are left out."""
    current, moved = schema.current_row, schema.moved
    found = {}
    for some in slices(keys):
        earlier: dict[str, set[int]] = {}
        for row_key, moment in connection.execute(
            select(moved.c.row_key, moved.c.created_at).where(
                moved.c.stream == stream, moved.c.row_key.in_(some)
            )
        ):
            earlier.setdefault(row_key, set()).add(moment)
        for row_key, moment, first_seq in connection.execute(
            select(current.c.row_key, current.c.created_at, current.c.first_seq).where(
                current.c.stream == stream, current.c.row_key.in_(some)
            )
        ):
            moments = earlier.get(row_key, set()) | {_UNKNOWN if moment is None else moment}
            found[row_key] = Place(_instants(moments), _UNKNOWN not in moments, first_seq)
    return found


def _instants(moments: set[int]) -> frozenset[datetime]:
    instants = (from_micros(moment) for moment in moments if moment != _UNKNOWN)
    return frozenset(instant for instant in instants if instant is not None)
