"""Payments as rows: found by filters, counted by status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.books import sample_pattern
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.store import Snapshot

LIMIT_MAX: Final = 1_000_000
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
            "search": self.search or None,
            "deleted": self.deleted,
            "with_samples": self.samples,
            "samples": sample_pattern(sample_prefixes),
        }


def _table(snapshot: Snapshot) -> dict[str, pl.DataFrame]:
    return {"transactions": snapshot.current("transactions").select(_COLUMNS)}


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
    return engine.ask(
        sql("transactions") + _ROWS.format(order_by=_ORDER_BY[order]),
        wanted.params(sample_prefixes) | {"limit": min(limit, LIMIT_MAX), "offset": offset},
        _table(snapshot),
    )


def by_status(
    engine: Engine,
    snapshot: Snapshot,
    filters: Filters | None = None,
    *,
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """How many payments that pass ``filters`` have each status: ``status``, ``count``."""
    wanted = filters or Filters()
    return engine.ask(
        sql("transactions") + _STATUSES, wanted.params(sample_prefixes), _table(snapshot)
    )


def count(
    engine: Engine,
    snapshot: Snapshot,
    filters: Filters | None = None,
    *,
    sample_prefixes: Sequence[str] = (),
) -> int:
    """How many payments pass ``filters``."""
    wanted = filters or Filters()
    answer = engine.ask(
        sql("transactions") + _COUNT, wanted.params(sample_prefixes), _table(snapshot)
    )
    return int(answer.item())
