"""Payments as rows: found by filters, counted by status."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.booked import statuses
from vcanalytics.analytics.books import sample_pattern
from vcanalytics.analytics.engine import Engine, Table, sql
from vcanalytics.store import Snapshot
from vcanalytics.store.newest.searched import BY_COLUMNS, searchable
from vcanalytics.store.newest.searched import NAME as SEARCHED
from vcanalytics.store.newest.searched import wanted as in_text

LIMIT_MAX: Final = 1_000_000
#: How many of the newest payments a list looks through first: so many for each row it shows.
_SPARE: Final = 4
_ROWS_LEAST: Final = 5_000
_COLUMNS: Final = [
    "transaction_id",
    "created_at",
    "completed_at",
    "status",
    "email",
    "payer_email",
    "username",
    "paypal_order_id",
    "paypal_payment_id",
    "captured",
    "captured_amount",
    "currency",
    "user_created",
    "email_sent",
    "error_message",
    "deleted",
    "source_id",
]
#: Nothing is looked for in it, and the text is not read.
_NO_TEXT: Final = "''"


class Order(StrEnum):
    """How rows are sorted; equal ones the newest first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LARGEST = "largest"
    SMALLEST = "smallest"
    STATUS = "status"
    EMAIL = "email"


_ORDER_BY: Final[dict[Order, str]] = {
    Order.NEWEST: "created_at DESC, source_id DESC",
    Order.OLDEST: "created_at, source_id",
    Order.LARGEST: "amount DESC NULLS LAST, created_at DESC, source_id DESC",
    Order.SMALLEST: "amount NULLS LAST, created_at DESC, source_id DESC",
    Order.STATUS: "status, created_at DESC, source_id DESC",
    Order.EMAIL: "lower(email) NULLS LAST, created_at DESC, source_id DESC",
}

# Grain: one row a payment. Cost: as its filters, and the sort of what they leave.
_ROWS: Final = """
SELECT
    transaction_id, created_at, completed_at, status, email, payer_email,
    captured_amount AS amount, currency, user_created, email_sent, error_message, sample,
    captured, deleted, username, paypal_order_id, paypal_payment_id
FROM found
ORDER BY {order_by}
LIMIT $limit OFFSET $offset
"""
# Grain: one row a status.
_STATUSES: Final = """
SELECT status, count(*) AS count FROM found GROUP BY status ORDER BY count DESC, status
"""
_STATUS_COUNTS: Final = {"status": pl.String, "count": pl.Int64}
_COUNT: Final = "SELECT count(*) AS count FROM found"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which payments; what is None or empty leaves nothing out.

    ``statuses`` exact; ``email`` a fragment, literal, in any case, of e-mail or payer's e-mail;
    ``start``, ``end`` by created_at; ``least``, ``most`` of the captured amount; ``order_id`` a
    PayPal order or payment, exact; ``search`` a fragment of ids, e-mails, user name or error;
    ``deleted`` true: only rows gone from the source, false: only those that stand, None: both.
    """

    statuses: tuple[str, ...] = ()
    email: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    least: Decimal | None = None
    most: Decimal | None = None
    currency: str | None = None
    order_id: str | None = None
    search: str | None = None
    deleted: bool | None = False
    samples: bool = True

    def params(self, sample_prefixes: Sequence[str]) -> dict[str, Any]:
        return {
            "statuses": list(self.statuses) or None,
            "email": self.email or None,
            "from": self.start,
            "to": self.end,
            "least": self.least,
            "most": self.most,
            "currency": self.currency,
            "order_id": self.order_id or None,
            "email_text": in_text(self.email) if self.email else None,
            "search": in_text(self.search) if self.search else None,
            "deleted": self.deleted,
            "with_samples": self.samples,
            "samples": sample_pattern(sample_prefixes),
        }


def _asked(snapshot: Snapshot, filters: Filters) -> tuple[str, dict[str, Table]]:
    """The opening of a question, and its table."""
    rows = snapshot.begun("transactions", filters.start, filters.end)
    columns, text = _COLUMNS, _NO_TEXT
    if filters.search or filters.email:
        ready = searchable(rows)
        rows, text = (rows, BY_COLUMNS) if ready is None else (ready, SEARCHED)
        columns = columns if ready is None else [*columns, SEARCHED]
    return (
        sql("transactions").replace("{searched}", text),
        {"transactions": rows.select(columns)},
    )


def _booked(
    snapshot: Snapshot, filters: Filters, sample_prefixes: Sequence[str]
) -> dict[str, int] | None:
    """Counts by status out of the books; None where they do not know what is asked for."""
    plain = Filters(
        statuses=filters.statuses,
        start=filters.start,
        end=filters.end,
        deleted=filters.deleted,
        samples=filters.samples,
    )
    if filters != plain:
        return None
    found = statuses(
        snapshot,
        filters.start,
        filters.end,
        deleted=filters.deleted,
        samples=filters.samples,
        prefixes=sample_prefixes,
    )
    if found is None or not filters.statuses:
        return found
    return {status: count for status, count in found.items() if status in filters.statuses}


def transactions(
    engine: Engine,
    snapshot: Snapshot,
    filters: Filters | None = None,
    *,
    order: Order = Order.NEWEST,
    limit: int = 100,
    offset: int = 0,
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """The payments that pass ``filters``, ``limit`` of them from ``offset`` on.

    Columns: ``transaction_id``, ``created_at``, ``completed_at`` (UTC), ``status``, ``email``,
    ``payer_email``, ``amount`` (the captured amount, money in ``currency``; null where none is
    readable), ``currency``, ``user_created``, ``email_sent``, ``error_message``, ``sample``,
    ``captured``, ``deleted``, ``username``, ``paypal_order_id``, ``paypal_payment_id``.
    Raises BudgetExceeded.
    """
    wanted = filters or Filters()
    shown = {"limit": min(limit, LIMIT_MAX), "offset": offset}
    back: Iterable[datetime | None] = [wanted.start]
    if order is Order.NEWEST:
        rows = max(_ROWS_LEAST, _SPARE * (shown["limit"] + offset))
        back = snapshot.back("transactions", rows, wanted.start, wanted.end)
    answer = pl.DataFrame()
    deadline = time.monotonic() + engine.budget_s
    for moment in back:
        # The newest files alone, as long as they fill the page.
        some = replace(wanted, start=moment)
        opening, tables = _asked(snapshot, some)
        answer = engine.ask(
            opening + _ROWS.format(order_by=_ORDER_BY[order]),
            some.params(sample_prefixes) | shown,
            tables,
            budget_s=deadline - time.monotonic(),
        )
        if answer.height == shown["limit"]:
            break
    return answer


def transaction(engine: Engine, snapshot: Snapshot, transaction_id: str) -> dict[str, Any] | None:
    """The newest version of one payment, every column but the raw metadata; None if unknown."""
    found = engine.ask(
        "SELECT * FROM transactions WHERE transaction_id = $id",
        {"id": transaction_id},
        {"transactions": snapshot.newest_of("transactions", [transaction_id])},
    )
    return found.row(0, named=True) if found.height else None


def by_status(
    engine: Engine,
    snapshot: Snapshot,
    filters: Filters | None = None,
    *,
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """How many payments that pass ``filters`` have each status: ``status``, ``count``."""
    wanted = filters or Filters()
    found = _booked(snapshot, wanted, sample_prefixes)
    if found is not None:
        most = sorted(found.items(), key=lambda pair: (-pair[1], pair[0].encode()))
        return pl.DataFrame(most, schema=_STATUS_COUNTS, orient="row")
    opening, tables = _asked(snapshot, wanted)
    return engine.ask(opening + _STATUSES, wanted.params(sample_prefixes), tables)


def count(
    engine: Engine,
    snapshot: Snapshot,
    filters: Filters | None = None,
    *,
    sample_prefixes: Sequence[str] = (),
) -> int:
    """How many payments pass ``filters``."""
    wanted = filters or Filters()
    found = _booked(snapshot, wanted, sample_prefixes)
    if found is not None:
        return sum(found.values())
    opening, tables = _asked(snapshot, wanted)
    answer = engine.ask(opening + _COUNT, wanted.params(sample_prefixes), tables)
    return int(answer.item())
