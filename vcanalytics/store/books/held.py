"""The books as a reader holds them: any range is a difference of two sums, however long it is.

Nothing is changed in place: a snapshot keeps its books while a newer one has taken over the days
that changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Select, and_, or_, select

from vcanalytics.store import schema
from vcanalytics.store.books.entries import QUARTER_US, QUARTERS_PER_DAY, SUMS

Numbers: TypeAlias = npt.NDArray[np.int64]
#: A currency; or a status, whether deleted, whether a sample.
Key: TypeAlias = str | tuple[str, bool, bool]

_Row: TypeAlias = tuple[Any, ...]

#: So many changed cells lie beside the others before they are put among them.
_LATE_MAX: Final = 1_000
#: Where more days changed than this, all is read anew.
_DAYS_MAX: Final = 100
_DAY_US: Final = QUARTERS_PER_DAY * QUARTER_US


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund, exactly: when (microseconds since 1970 UTC), and of how many ten-thousandths."""

    at: int
    currency: str
    units: int
    transaction_id: str


@dataclass(frozen=True, slots=True)
class Track:
    """The cells of one key by quarter: what they hold, and the sums of all before each."""

    quarters: Numbers
    cells: Numbers
    before: Numbers

    @classmethod
    def of(cls, quarters: Numbers, cells: Numbers, width: int) -> Track:
        """``cells`` by ascending quarter; the first ``width`` of their columns are summed."""
        before = np.zeros((len(quarters) + 1, width), np.int64)
        np.cumsum(cells[:, :width], axis=0, out=before[1:])
        return cls(quarters, cells, before)

    def at(self, quarter: int) -> Numbers | None:
        """The cell of a quarter, None where there is none."""
        place = int(np.searchsorted(self.quarters, quarter))
        found = place < len(self.quarters) and self.quarters[place] == quarter
        return self.cells[place] if found else None

    def sums(self, edges: Numbers) -> Numbers:
        """For each edge (a quarter) the sums of all cells before it."""
        found: Numbers = self.before[np.searchsorted(self.quarters, edges)]
        return found


@dataclass(frozen=True, slots=True)
class Series:
    """The cells of one key: most in ``track``; those that changed since, whole, in ``fresh``."""

    track: Track
    fresh: Mapping[int, Numbers]
    #: What the fresh cells add to the track's.
    late: Track
    width: int

    def sums(self, edges: Numbers) -> Numbers:
        """For each edge (a quarter) the sums of all cells before it."""
        return self.track.sums(edges) + self.late.sums(edges)

    def at(self, quarter: int) -> Numbers | None:
        """The cell of a quarter, None where nothing was ever booked."""
        found = self.fresh.get(quarter)
        return self.track.at(quarter) if found is None else found

    def ends(self) -> tuple[int, int] | None:
        """The first quarter that has a cell and the one after the last."""
        both = [t.quarters for t in (self.track, self.late) if len(t.quarters)]
        if not both:
            return None
        return int(min(q[0] for q in both)), int(max(q[-1] for q in both)) + 1

    def with_cells(self, rows: Sequence[tuple[int, Sequence[int]]]) -> Series:
        """A new series, with (quarter, cell) in place of what stood there."""
        fresh = {**self.fresh, **{q: np.array(cell, np.int64) for q, cell in rows}}
        if len(fresh) > _LATE_MAX:
            kept = ~np.isin(self.track.quarters, list(fresh))
            quarters = np.concatenate([self.track.quarters[kept], list(fresh)])
            cells = np.concatenate([self.track.cells[kept], list(fresh.values())])
            order = np.argsort(quarters)
            return made(quarters[order], cells[order], self.width)
        places = sorted(fresh)
        more = np.array([fresh[q] for q in places], np.int64)
        for i, quarter in enumerate(places):
            old = self.track.at(quarter)
            if old is not None:
                more[i] -= old
        late = Track.of(np.array(places, np.int64), more, self.width)
        return Series(self.track, fresh, late, self.width)


def made(quarters: Numbers, cells: Numbers, width: int) -> Series:
    """A series of cells by ascending quarter."""
    none = np.zeros((0, cells.shape[1]), np.int64)
    late = Track.of(np.zeros(0, np.int64), none, width)
    return Series(Track.of(quarters, cells, width), {}, late, width)


@dataclass(frozen=True, slots=True)
class Books:
    """The books of one moment. To be read, not to be changed."""

    #: Ids that begin so are samples in these books.
    prefixes: tuple[str, ...]
    cells: Mapping[str, Series] = field(repr=False)
    statuses: Mapping[tuple[str, bool, bool], Series] = field(repr=False)
    _refunds: Mapping[int, tuple[Refund, ...]] = field(repr=False)
    _made: int = 0
    _version: int = 0

    @property
    def currencies(self) -> list[str]:
        """Every currency a payment stands in, also a deleted one; no sample's. Sorted."""
        return sorted(code for code, series in self.cells.items() if _total(series)[0] > 0)

    def refunds(self, start: int, end: int) -> list[Refund]:
        """Refunds in ``[start, end)``, microseconds since 1970 UTC."""
        days = range(start // _DAY_US, (end - 1) // _DAY_US + 1)
        return [r for day in days for r in self._refunds.get(day, ()) if start <= r.at < end]


def _total(series: Series) -> Numbers:
    total: Numbers = series.track.before[-1] + series.late.before[-1]
    return total


@dataclass(frozen=True, slots=True)
class News:
    """What one read transaction found of the books; None in place of ``days``: all of them."""

    prefixes: tuple[str, ...]
    made: int
    version: int
    days: tuple[int, ...] | None
    cells: Sequence[_Row]
    statuses: Sequence[_Row]
    refunds: Sequence[_Row]


def news(
    connection: Connection, stands: Mapping[str, Any] | None, held: Books | None, version: int
) -> News | None:
    """What changed since ``held``, in the caller's transaction; None where the books are not whole.

    ``stands`` is what the fact says, ``version`` the sum of the sequence numbers of payments and
    disputes.
    """
    if not stands or not stands["complete"]:
        return None
    prefixes, number = tuple(stands["prefixes"]), int(stands["made"])
    days: tuple[int, ...] | None = None
    if held is not None and held._made == number:  # noqa: SLF001 its own module
        if held._version == version:  # noqa: SLF001
            return News(prefixes, number, version, (), (), (), ())
        day = schema.book_day
        found = select(day.c.day).where(day.c.version > held._version)  # noqa: SLF001
        days = tuple(sorted(connection.execute(found).scalars()))
        if len(days) > _DAYS_MAX:
            days = None
    cell, status, row = schema.book_cell, schema.book_status, schema.book_row
    tables: list[Sequence[_Row]] = []
    # By quarter, as they lie: SQLite takes longer to sort whole cells by key than to read them.
    for query, column, length in (
        (select(cell).order_by(cell.c.quarter), cell.c.quarter, QUARTERS_PER_DAY),
        (select(status).order_by(status.c.quarter), status.c.quarter, QUARTERS_PER_DAY),
        (
            select(row.c.refunded_at, row.c.currency, row.c.units, row.c.transaction_id)
            .where(row.c.refunded_at.is_not(None))
            .order_by(row.c.refunded_at),
            row.c.refunded_at,
            _DAY_US,
        ),
    ):
        if days is not None:
            within = [and_(column >= d * length, column < (d + 1) * length) for d in days]
            query = query.where(or_(False, *within))  # noqa: PLW2901
        tables.append(_plain(connection, query) if days != () else ())
    return News(prefixes, number, version, days, *tables)


def _plain(connection: Connection, query: Select[Any]) -> list[_Row]:
    """Rows as the driver's own tuples: a quarter of a million are read in half the time."""
    compiled = query.compile(dialect=connection.dialect)
    cursor = connection.connection.cursor()
    try:
        cursor.execute(str(compiled), [compiled.params[n] for n in compiled.positiontup or ()])
        return list(cursor.fetchall())
    finally:
        cursor.close()


def taken_over(held: Books | None, found: News | None) -> Books | None:
    """The books with what ``news`` found; the same ones where nothing changed."""
    if found is None:
        return None
    if held is not None and found.days == ():
        if held._version == found.version:  # noqa: SLF001 its own module
            return held
        return Books(
            held.prefixes,
            held.cells,
            held.statuses,
            held._refunds,  # noqa: SLF001
            found.made,
            found.version,
        )
    whole = found.days is None or held is None
    refunds = {} if whole or held is None else dict(held._refunds)  # noqa: SLF001
    for day in found.days or ():
        refunds.pop(day, None)
    for day, some in groupby(found.refunds, key=lambda row: row[0] // _DAY_US):
        refunds[day] = tuple(Refund(*row) for row in some)
    changed = _by_key((row[1], row) for row in found.cells)
    cells = _series({} if whole or held is None else held.cells, changed, 2, len(SUMS))
    counted = _by_key(((row[1], bool(row[2]), bool(row[3])), row) for row in found.statuses)
    statuses = _series({} if whole or held is None else held.statuses, counted, 4, 1)
    return Books(found.prefixes, cells, statuses, refunds, found.made, found.version)


def _by_key(rows: Iterable[tuple[Any, _Row]]) -> Mapping[Any, list[_Row]]:
    found: dict[Any, list[_Row]] = {}
    for key, row in rows:
        found.setdefault(key, []).append(row)
    return found


def _series(
    held: Mapping[Any, Series], rows: Mapping[Any, Sequence[_Row]], at: int, width: int
) -> dict[Any, Series]:
    """``held`` with the cells of ``rows``: by quarter, which stands first, from place ``at`` on."""
    result = dict(held)
    for key, mine in rows.items():
        if key in result:
            result[key] = result[key].with_cells([(row[0], row[at:]) for row in mine])
            continue
        quarters = np.fromiter((row[0] for row in mine), np.int64, len(mine))
        flat = chain.from_iterable(row[at:] for row in mine)
        cells = np.fromiter(flat, np.int64).reshape(len(mine), -1)
        result[key] = made(quarters, cells, width)
    return result
