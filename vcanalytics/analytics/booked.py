"""Revenue and counts as the books have them: whole quarter hours at once, the rest from rows.

A range ends where it likes, the books stand by quarter hours. A piece of a quarter is counted from
the payments' rows, and that only where the quarter's own bounds do not say already that all of it
lies inside, or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import polars as pl

from vcanalytics.analytics.books import sample_pattern
from vcanalytics.model.payments import FAILED
from vcanalytics.store import Snapshot
from vcanalytics.store.books.entries import BOUNDS, QUARTER_US, SPLIT, SUMS
from vcanalytics.store.books.held import Books, Numbers
from vcanalytics.store.state import from_micros, to_micros

#: Windows of a zone with odd offsets would be all pieces: those are recounted from the rows.
PIECES_MAX: Final = 40
_WIDTH: Final = len(SUMS)
_LAST_US: Final = to_micros(datetime.max.replace(tzinfo=UTC))
_FIRST_AT, _LAST_AT, _FIRST_CREATED, _LAST_CREATED = range(_WIDTH, _WIDTH + len(BOUNDS))
_PLACE: Final = {name: place for place, name in enumerate(SUMS)}
_SHOWN: Final = SUMS[1:]
_ROWS: Final = (
    "transaction_id",
    "deleted",
    "status",
    "created_at",
    "captured",
    "captured_at",
    "captured_amount",
    "currency",
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of one quarter that belongs to the window of that number."""

    window: int
    start: int
    end: int

    @property
    def quarter(self) -> int:
        return self.start // QUARTER_US


def whole_books(snapshot: Snapshot, prefixes: Sequence[str]) -> Books | None:
    """The snapshot's books; None where they are not whole or were made for other samples."""
    books = snapshot.books
    if books is None or set(books.prefixes) != {prefix for prefix in prefixes if prefix}:
        return None
    return books


def split(edges: Numbers) -> tuple[Numbers, list[Piece]] | None:
    """Of each span the whole quarters (first, next) and the pieces; None for too many of these."""
    first, following = -(-edges[:, 0] // QUARTER_US), edges[:, 1] // QUARTER_US
    odd = np.nonzero((first * QUARTER_US != edges[:, 0]) | (following * QUARTER_US != edges[:, 1]))
    if len(odd[0]) > PIECES_MAX:
        return None
    pieces = [piece for i in odd[0] for piece in _pieces(int(i), *map(int, edges[i]))]
    return np.column_stack([first, np.maximum(first, following)]), pieces


def _pieces(window: int, start: int, end: int) -> Iterator[Piece]:
    first, following = -(-start // QUARTER_US), end // QUARTER_US
    if first > following:
        # Within one quarter.
        yield Piece(window, start, end)
        return
    if start < first * QUARTER_US:
        yield Piece(window, start, first * QUARTER_US)
    if following * QUARTER_US < end:
        yield Piece(window, following * QUARTER_US, end)


def sums(
    snapshot: Snapshot, books: Books, spans: Numbers, currencies: Iterable[str]
) -> dict[str, Numbers] | None:
    """For each currency the sums of each span: columns as ``SUMS``, without ``rows``.

    ``spans`` are pairs of microseconds since 1970 UTC, ``[start, end)``, and do not overlap. None
    where they are too odd for the books. Rows are read for quarters that are cut, and no others.
    """
    found = split(spans)
    if found is None:
        return None
    quarters, pieces = found
    result: dict[str, Numbers] = {}
    for code in currencies:
        series = books.cells.get(code)
        if series is None:
            result[code] = np.zeros((len(spans), _WIDTH), np.int64)
            continue
        both = series.sums(quarters.reshape(-1)).reshape(len(spans), 2, _WIDTH)
        result[code] = both[:, 1] - both[:, 0]
    for piece in pieces:
        _add_piece(snapshot, books, piece, result)
    return {code: figures[:, 1:] for code, figures in result.items()}


def _add_piece(snapshot: Snapshot, books: Books, piece: Piece, result: dict[str, Numbers]) -> None:
    """Count what lies in ``piece``, of each currency in ``result``."""
    unknown: dict[str, Numbers] = {}
    for code, figures in result.items():
        series = books.cells.get(code)
        cell = None if series is None else series.at(piece.quarter)
        if cell is None or cell[_LAST_AT] < piece.start or cell[_FIRST_AT] >= piece.end:
            continue
        if piece.start <= cell[_FIRST_AT] and cell[_LAST_AT] < piece.end:
            figures[piece.window] += cell[:_WIDTH]
        elif np.any(cell[1:_WIDTH]):
            unknown[code] = cell
    if not unknown:
        return
    for refund in books.refunds(piece.start, piece.end):
        if refund.currency in unknown:
            _add_money(result[refund.currency][piece.window], "refunded", refund.units)
    # Captured here may be what was begun before, or by its own stamps after.
    first = min(piece.start, *(int(cell[_FIRST_CREATED]) for cell in unknown.values()))
    last = max(piece.end - 1, *(int(cell[_LAST_CREATED]) for cell in unknown.values()))
    for row in _rows(snapshot, books, first, last).iter_rows(named=True):
        if row["currency"] in unknown:
            _add_row(result[row["currency"]][piece.window], row, piece)


def _add_row(figures: Numbers, row: dict[str, object], piece: Piece) -> None:
    created, captured = row["created_at"], row["captured_at"]
    if isinstance(created, int) and piece.start <= created < piece.end:
        figures[_PLACE["attempts"]] += 1
        if row["captured"]:
            figures[_PLACE["attempts_captured"]] += 1
        elif row["status"] in FAILED:
            figures[_PLACE["failed"]] += 1
    if row["captured"] and isinstance(captured, int) and piece.start <= captured < piece.end:
        units = row["units"]
        _add_money(figures, "captured", units if isinstance(units, int) else 0)


def _add_money(figures: Numbers, count: str, units: int) -> None:
    place = _PLACE[count]
    high, low = divmod(units, SPLIT)
    figures[place] += 1
    figures[place + 1] += high
    figures[place + 2] += low


def _rows(snapshot: Snapshot, books: Books, first: int, last: int) -> pl.DataFrame:
    """Payments begun in ``[first, last]`` that stand and are no samples; moments as integers."""
    # The last moment there is has none after it.
    end = from_micros(last + 1) if last < _LAST_US else None
    rows = begun(snapshot, from_micros(first), end)
    rows = rows.filter(~pl.col("deleted"))
    pattern = sample_pattern(books.prefixes)
    if pattern is not None:
        rows = rows.filter(~pl.col("transaction_id").str.contains(pattern))
    units = [None if money is None else int(money.scaleb(4)) for money in rows["captured_amount"]]
    return rows.with_columns(
        pl.col("created_at", "captured_at").cast(pl.Int64),
        pl.Series("units", units, pl.Int64),
    )


def begun(snapshot: Snapshot, start: datetime | None, end: datetime | None) -> pl.DataFrame:
    """Payments begun in ``[start, end)``, deleted ones too: all that is read of rows here."""
    rows = snapshot.newest("transactions", start, end, by=("created_at",)).select(_ROWS).frame()
    if start is not None:
        rows = rows.filter(pl.col("created_at") >= start)
    return rows if end is None else rows.filter(pl.col("created_at") < end)


def table(starts: pl.Series, found: dict[str, Numbers]) -> pl.DataFrame:
    """What ``sums`` found, a row a window (by its start) and currency: ``revenue_cells.sql``'s."""
    frames = [
        pl.DataFrame(
            {
                "window_start": starts,
                "currency": pl.Series([code], dtype=pl.String).new_from_index(0, len(starts)),
            }
            | {name: figures[:, place] for place, name in enumerate(_SHOWN)}
        )
        for code, figures in found.items()
    ]
    return pl.concat(frames)


def statuses(
    snapshot: Snapshot,
    start: datetime | None,
    end: datetime | None,
    *,
    deleted: bool | None,
    samples: bool,
    prefixes: Sequence[str],
) -> dict[str, int] | None:
    """How many payments begun in ``[start, end)`` have each status; None where rows must say.

    ``deleted`` and ``samples`` as ``transactions.Filters`` has them.
    """
    books = snapshot.books if samples else whole_books(snapshot, prefixes)
    if books is None:
        return None
    low = None if start is None else to_micros(start)
    high = None if end is None else to_micros(end)
    counts: dict[str, int] = {}
    for (status, gone, sample), series in books.statuses.items():
        if (deleted is not None and gone != deleted) or (sample and not samples):
            continue
        ends = series.ends()
        if ends is None:
            continue
        first = ends[0] if low is None else max(-(-low // QUARTER_US), ends[0])
        following = ends[1] if high is None else min(high // QUARTER_US, ends[1])
        if first < following:
            both = series.sums(np.array([first, following], np.int64))[:, 0]
            counts[status] = counts.get(status, 0) + int(both[1] - both[0])
    for piece in _cut(low, high):
        if not any(series.at(piece.quarter) is not None for series in books.statuses.values()):
            continue
        rows = begun(snapshot, from_micros(piece.start), from_micros(piece.end))
        if deleted is not None:
            rows = rows.filter(pl.col("deleted") == deleted)
        pattern = sample_pattern(prefixes)
        if not samples and pattern is not None:
            rows = rows.filter(~pl.col("transaction_id").str.contains(pattern))
        for status, number in rows.group_by("status").len().iter_rows():
            counts[status] = counts.get(status, 0) + number
    return {status: number for status, number in counts.items() if number}


def _cut(low: int | None, high: int | None) -> Iterator[Piece]:
    """The cut quarters at the ends of a range of which either may be open."""
    if low is not None and high is not None:
        if low < high:
            yield from _pieces(0, low, high)
        return
    if low is not None and low % QUARTER_US:
        yield Piece(0, low, -(-low // QUARTER_US) * QUARTER_US)
    if high is not None and high % QUARTER_US:
        yield Piece(0, high // QUARTER_US * QUARTER_US, high)
