"""Disputes that wait for an answer, and how often what was paid is refunded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl

from vcanalytics.analytics.books import payments, sample_pattern
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.store import Snapshot

#: A case in one of these is over; any other status, known or not, waits.
OVER: Final = ("resolved", "closed", "lost", "won")
#: More than so many are not listed.
LIMIT: Final = 10_000
_COLUMNS: Final = (
    "case_id",
    "transaction_id",
    "customer_email",
    "dispute_type",
    "status",
    "priority",
    "amount",
    "currency",
    "created_at",
    "due_at",
    "deleted",
)
# Grain: one row a case that is not over. Parameters: $over; $samples, a regular expression for ids
# of samples, or NULL; $limit. Cost: one pass over all cases, a percent of payments.
_OPEN: Final = """
SELECT * EXCLUDE (deleted)
FROM disputes
WHERE NOT deleted
    AND NOT list_contains($over, lower(trim(status)))
    AND NOT coalesce(regexp_matches(transaction_id, $samples), false)
ORDER BY due_at NULLS LAST, created_at, case_id
LIMIT $limit
"""


def open_disputes(
    engine: Engine, snapshot: Snapshot, *, sample_prefixes: Sequence[str] = ()
) -> pl.DataFrame:
    """Cases that wait for an answer, the first due first; those without a time last.

    Columns: ``case_id``, ``transaction_id``, ``customer_email``, ``dispute_type``, ``status``,
    ``priority``, ``amount`` (in dispute, in ``currency``; null where unreadable), ``currency``,
    ``created_at``, ``due_at`` (UTC: the source's local time, read in VC_SOURCE_TIMEZONE; null where
    none was readable). At most LIMIT. Raises BudgetExceeded.
    """
    return engine.ask(
        _OPEN,
        {"over": list(OVER), "samples": sample_pattern(sample_prefixes), "limit": LIMIT},
        {"disputes": snapshot.newest("disputes").select(_COLUMNS)},
    )


def refund_points(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    currency: str,
    sample_prefixes: Sequence[str] = (),
    limit: int = 50,
) -> pl.DataFrame:
    """Of what was captured in ``[start, end)``, how much is refunded now: a row a captured amount.

    Columns: ``amount`` (money in ``currency``; null where unreadable), ``captured``, ``refunded``
    (counts), ``refunds`` (money), ``rate`` (refunded of captured, 0 to 1). The most often refunded
    first. Raises BudgetExceeded.
    """
    asked = {
        "samples": sample_pattern(sample_prefixes),
        "from": start,
        "to": end,
        "currency": currency,
        "limit": limit,
    }
    tables = payments(snapshot, since=start, until=end, by=("captured_at",))
    found = engine.ask(sql("payments", "refund_points"), asked, tables)
    return found.with_columns((pl.col("refunded") / pl.col("captured")).alias("rate"))


def rates(windows: pl.DataFrame, currency: str) -> pl.DataFrame:
    """Refund rate by window, of the rows of ``analytics.revenue.revenue`` in one currency.

    Columns: ``window_start``, ``captured``, ``refunded`` (counts of the window), ``rate``: what was
    refunded in the window of what was captured in it; null where nothing was, above 1 where more
    was given back than came in. ``complete``: the window is over.
    """
    mine = windows.filter(pl.col("currency") == currency)
    rate = pl.when(pl.col("captured") > 0).then(pl.col("refunded") / pl.col("captured"))
    return mine.select(
        "window_start", "captured", "refunded", rate.alias("rate"), pl.col("complete")
    )
