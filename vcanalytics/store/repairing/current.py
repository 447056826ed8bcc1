"""Current rows put where their newest versions say, and read anew where those are lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

import polars as pl
from sqlalchemy import delete, update
from sqlalchemy.dialects.sqlite import insert

from vcanalytics.model.payments import History
from vcanalytics.model.streams import TRANSACTIONS, Stream
from vcanalytics.store import schema
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.checking.current import Mismatch, mismatches
from vcanalytics.store.checking.rows import Kept
from vcanalytics.store.reader import Reader
from vcanalytics.store.segments import Segments

#: A fingerprint that no row has (but one in 2^64): the next reading takes the row for changed.
_UNKNOWN: Final = 0
_AT_ONCE: Final = 500
_NAMED_MAX: Final = 20


def mend_current(
    catalogue: Catalogue, segments: Segments, stream: Stream, kept: Kept
) -> Iterator[str]:
    """Put current rows right; a sentence for each of the first, and one that counts the others.

    Where a row's newest version is lost, it keeps what it is known by and is taken for changed, so
    that the collectors read it again as it is at the source now.
    """
    with catalogue.read() as connection:
        # Written only after they were read through: 100 bytes each.
        found = list(mismatches(connection, stream, segments, kept))
    lost = [one for one in found if one.lost]
    others = [one for one in found if not one.lost]
    for one in others[:_NAMED_MAX]:
        yield f"row {one.key} is put at {one.newest}, instead of {one.stands}"
    if len(others) > _NAMED_MAX:
        yield f"and {len(others) - _NAMED_MAX:,} rows more"
    pieces = iter(others)
    while some := list(islice(pieces, _AT_ONCE)):
        _put(catalogue, stream, some)
    if _forget_fingerprints(catalogue, stream, lost):
        yield f"{len(lost):,} rows whose newest version is lost are read again from the source"


def _put(catalogue: Catalogue, stream: Stream, some: list[Mismatch]) -> None:
    table = schema.current_row
    newest = _versions(catalogue, stream, some)
    with catalogue.transaction() as connection:
        for one in some:
            mine = (table.c.stream == stream.name, table.c.row_key == one.key)
            row = newest.get(one.key)
            if row is None:
                # No version ever came of it: if it is at the source, it is read as a new one.
                connection.execute(delete(table).where(*mine))
            elif one.stands is not None:
                connection.execute(
                    update(table)
                    .where(*mine)
                    .values(seq=row["seq"], deleted=row["deleted"], fingerprint=_UNKNOWN)
                )
            else:
                history = History.of_version(row).dump() if stream is TRANSACTIONS else ""
                connection.execute(
                    insert(table).values(
                        stream=stream.name,
                        row_key=one.key,
                        source_id=row["source_id"],
                        fingerprint=_UNKNOWN,
                        seq=row["seq"],
                        deleted=row["deleted"],
                        state=history,
                    )
                )


def _versions(
    catalogue: Catalogue, stream: Stream, some: list[Mismatch]
) -> Mapping[str, dict[str, Any]]:
    seqs = {one.newest[0] for one in some if one.newest is not None}
    if not seqs:
        return {}
    wanted = pl.DataFrame(
        [(one.key, one.newest[0]) for one in some if one.newest is not None],
        schema={"row_key": pl.String, "seq": pl.Int64},
        orient="row",
    )
    rows = Reader(catalogue).whole(stream.name, seqs)
    rows = rows.with_columns(pl.col(stream.key or "").cast(pl.String).alias("row_key"))
    found = rows.join(wanted, on=["row_key", "seq"])
    return {row["row_key"]: row for row in found.iter_rows(named=True)}


def _forget_fingerprints(catalogue: Catalogue, stream: Stream, lost: list[Mismatch]) -> int:
    """Take rows for changed that are not known to be; how many were not yet."""
    table, changed = schema.current_row, 0
    pieces = iter(lost)
    while some := list(islice(pieces, _AT_ONCE)):
        with catalogue.transaction() as connection:
            changed += connection.execute(
                update(table)
                .where(
                    table.c.stream == stream.name,
                    table.c.row_key.in_([one.key for one in some]),
                    table.c.deleted.is_(False),
                    table.c.fingerprint != _UNKNOWN,
                )
                .values(fingerprint=_UNKNOWN)
            ).rowcount
    return changed
