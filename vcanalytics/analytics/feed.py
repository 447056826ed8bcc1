"""The newest events of payments, for a live feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from vcanalytics.analytics.books import STATUSES, payments, sample_pattern
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.store import Snapshot

#: Clocks of two hosts differ a little; a row dated further ahead must not lead the feed for ever.
_AHEAD: Final = timedelta(minutes=5)


def feed(
    engine: Engine,
    snapshot: Snapshot,
    *,
    now: datetime,
    reach: timedelta = timedelta(hours=24),
    limit: int = 50,
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """What happened to payments in the last ``reach``, the newest first, at most ``limit`` rows.

    Columns: ``happened_at`` (UTC), ``what`` (begun, captured, failed, refunded),
    ``transaction_id``, ``status`` (now), ``email``, ``payer_email``, ``amount`` (the captured
    amount, money in ``currency``; null where none is readable), ``currency``, ``error_message``. A
    failure has no time at the source: it stands where the change was seen, else at completed_at,
    else created_at. Raises BudgetExceeded.
    """
    versions = snapshot.table("transactions")
    return engine.ask(
        sql("payments", "feed"),
        {
            "samples": sample_pattern(sample_prefixes),
            "since": now - reach,
            "until": now + _AHEAD,
            "failed": STATUSES["failed"],
            "limit": limit,
        },
        payments(snapshot, "source_id", "email", "payer_email", "error_message")
        | {"versions": versions.select(["transaction_id", "seq", "observed_at", "status"])},
    )
