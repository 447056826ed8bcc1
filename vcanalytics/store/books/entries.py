"""What one payment comes to in the books, and the cells that such entries add up to.

Definitions: the contract's, as ``analytics/payments.sql`` has them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from vcanalytics.model.payments import FAILED, REFUNDED
from vcanalytics.model.streams import MONEY

#: A quarter of an hour in microseconds; every zone's offset is a multiple of it today.
QUARTER_US: Final = 900_000_000
QUARTERS_PER_DAY: Final = 96
#: Money is split here: what lies above is summed apart, so that no sum leaves 64 bits.
SPLIT: Final = 10**9

_TEN_THOUSAND: Final = Decimal(10_000)

#: The figures of a cell, in this order, and how far its moments reach.
SUMS: Final = (
    "rows",
    "attempts",
    "attempts_captured",
    "failed",
    "captured",
    "gross_high",
    "gross",
    "refunded",
    "refunds_high",
    "refunds",
)
BOUNDS: Final = ("first_at", "last_at", "first_created", "last_created")
_ROWS, _ATTEMPTS, _OF_THEM, _FAILED, _CAPTURED, _GROSS, _REFUNDED, _REFUNDS = 0, 1, 2, 3, 4, 5, 7, 8
#: The bounds of nothing: any moment is earlier than the one and later than the other.
_NEVER: Final = (2**62, -(2**62), 2**62, -(2**62))
_EMPTY: Final = (*(0 for _ in SUMS), *_NEVER)

DELETED: Final = 1
SAMPLE: Final = 2
CAPTURED: Final = 4
FAILURE: Final = 8


class Entry(NamedTuple):
    """One payment in the books: a row of the table ``book_row`` without its key.

    Moments are microseconds since 1970 UTC, ``units`` ten-thousandths of the currency. The refund's
    moments are empty unless it counts as refunded.
    """

    created_at: int
    captured_after: int | None
    refunded_at: int | None
    refund_base: int | None
    refund_case_id: str | None
    currency: str
    units: int
    status: str
    flags: int


class Cases(NamedTuple):
    """Resolved cases: when by id, and the first by payment."""

    by_id: Mapping[str, int]
    by_payment: Mapping[str, int]

    def refunded_at(self, payment: str, case_id: str | None, base: int) -> int:
        """When it was refunded: as the case it names says, else its first, else ``base``."""
        if case_id is not None and case_id in self.by_id:
            return self.by_id[case_id]
        return self.by_payment.get(payment, base)


NO_CASES: Final = Cases({}, {})
#: The columns of a version that an entry is made of.
COLUMNS: Final = (
    "transaction_id",
    "deleted",
    "status",
    "created_at",
    "completed_at",
    "captured",
    "captured_at",
    "captured_amount",
    "currency",
    "refund_case_id",
    "refund_seen_at",
)


def entries(rows: pa.Table, prefixes: Sequence[str]) -> dict[str, Entry]:
    """Versions as entries, by payment; refunds stand at their base, before cases are asked."""
    starts = tuple(prefixes)
    made = {}
    for (
        key,
        deleted,
        status,
        created_at,
        completed_at,
        captured,
        captured_at,
        units,
        currency,
        case_id,
        seen_at,
    ) in zip(*(_plain(rows.column(name)) for name in COLUMNS), strict=True):
        flags = (DELETED if deleted else 0) | (SAMPLE if key.startswith(starts) else 0)
        flags |= CAPTURED if captured else FAILURE if status in FAILED else 0
        base = case = None
        if status == REFUNDED and not flags & (DELETED | SAMPLE):
            base = next(at for at in (seen_at, completed_at, created_at) if at is not None)
            case = case_id
        after = captured_at - created_at if captured and captured_at is not None else None
        made[key] = Entry(created_at, after, base, base, case, currency, units or 0, status, flags)
    return made


def _plain(column: pa.ChunkedArray) -> list[object]:
    """Cells as text, flags and whole numbers: microseconds, ten-thousandths."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    elif pa.types.is_decimal(column.type):
        column = pc.multiply(
            column.cast(MONEY), pa.scalar(_TEN_THOUSAND, pa.decimal128(5, 0))
        ).cast(pa.int64())
    return column.to_pylist()  # type: ignore[no-any-return]


class Sums:
    """Signed sums of entries by cell: what changes, or what there is in all."""

    def __init__(self) -> None:
        self.cells: defaultdict[tuple[int, str], list[int]] = defaultdict(lambda: list(_EMPTY))
        self.statuses: defaultdict[tuple[int, str, bool, bool], int] = defaultdict(int)

    def add(self, entry: Entry, sign: int = 1) -> None:
        """Put an entry in, or take it out with -1."""
        flags, quarter = entry.flags, entry.created_at // QUARTER_US
        deleted, sample = bool(flags & DELETED), bool(flags & SAMPLE)
        self.statuses[quarter, entry.status, deleted, sample] += sign
        if sample:
            return
        cell = self.cells[quarter, entry.currency]
        cell[_ROWS] += sign
        if deleted:
            return
        cell[_ATTEMPTS] += sign
        cell[_OF_THEM] += sign if flags & CAPTURED else 0
        cell[_FAILED] += sign if flags & FAILURE else 0
        if sign > 0:
            _reach(cell, -4, entry.created_at)
        if entry.captured_after is not None:
            at = entry.created_at + entry.captured_after
            cell = self._money(_CAPTURED, at, entry, sign)
            if sign > 0:
                _reach(cell, -2, entry.created_at)
        if entry.refunded_at is not None:
            self._money(_REFUNDED, entry.refunded_at, entry, sign)

    def _money(self, count: int, at: int, entry: Entry, sign: int) -> list[int]:
        quarter = at // QUARTER_US
        cell = self.cells[quarter, entry.currency]
        high, low = divmod(entry.units, SPLIT)
        cell[count] += sign
        cell[count + 1] += sign * high
        cell[count + 2] += sign * low
        if sign > 0:
            _reach(cell, -4, at)
        return cell

    def days(self) -> set[int]:
        """The UTC days, counted since 1970, in which anything may have changed."""
        quarters = {key[0] for key in self.cells} | {key[0] for key in self.statuses}
        return {quarter // QUARTERS_PER_DAY for quarter in quarters}


def _reach(cell: list[int], place: int, at: int) -> None:
    """Widen the bounds that begin at ``place``."""
    # min() and max() take three times as long, thousands of times in a batch.
    if at < cell[place]:  # noqa: PLR1730
        cell[place] = at
    if at > cell[place + 1]:  # noqa: PLR1730
        cell[place + 1] = at


def first_cases(cases: Iterable[tuple[str, str | None, int]]) -> Cases:
    """Resolved cases (id, payment, when) as entries ask for them."""
    by_id: dict[str, int] = {}
    by_payment: dict[str, int] = {}
    for case_id, payment, resolved_at in cases:
        by_id[case_id] = resolved_at
        if payment is not None:
            by_payment[payment] = min(by_payment.get(payment, resolved_at), resolved_at)
    return Cases(by_id, by_payment)
