"""The newest events of payments, for a live feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from vcanalytics.analytics.books import STATUSES, payments, sample_pattern, with_cases, with_rows
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.store import Relation, Snapshot

#: Clocks of two hosts differ a little; a row dated further ahead must not lead the feed for ever.
_AHEAD: Final = timedelta(minutes=5)
#: Failures whose payment was not seen before in the reach of the feed: so many are looked up.
_LOOKED_UP_MAX: Final = 1_000
_VERSION: Final = ("transaction_id", "seq", "observed_at", "status", "created_at")
# Grain: one row a payment that was seen as failed since $since; changed: another version of it was
# seen before in that time. Parameter: $failed: statuses. Cost: the versions seen since.
_SEEN_FAILING: Final = """
WITH failing AS (
    SELECT
        transaction_id,
        min(seq) AS seq,
        min(observed_at) AS observed_at,
        min(created_at) AS created_at
    FROM versions
    WHERE status IN $failed AND observed_at >= $since
    GROUP BY transaction_id
)
SELECT
    failing.*,
    EXISTS (
        SELECT 1
        FROM versions
        WHERE versions.transaction_id = failing.transaction_id AND versions.seq < failing.seq
    ) AS changed
FROM failing
ORDER BY observed_at DESC
"""


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
    since, until = now - reach, now + _AHEAD
    more = ("source_id", "email", "payer_email", "error_message")
    tables = payments(snapshot, *more, since=since, until=until)
    failures = _failures(engine, snapshot, since)
    rows = tables["transactions"]
    late = failures.filter(pl.col("created_at") < since)["transaction_id"].to_list()
    if late and isinstance(rows, Relation):
        # When a failure was seen stands in none of its payment's times.
        tables["transactions"] = with_rows(engine, snapshot, rows, late)
    return engine.ask(
        sql("payments", "feed"),
        {
            "samples": sample_pattern(sample_prefixes),
            "since": since,
            "until": until,
            "failed": STATUSES["failed"],
            "limit": limit,
        },
        with_cases(engine, snapshot, tables, since, until) | {"failures": failures},
    )


def _failures(engine: Engine, snapshot: Snapshot, since: datetime) -> pl.DataFrame:
    """Payments seen failing since then that were another before.

    Columns: ``transaction_id``, ``observed_at`` (when it was seen), ``created_at``.
    """
    versions = snapshot.seen("transactions", since).select(_VERSION)
    seen = engine.ask(
        _SEEN_FAILING, {"since": since, "failed": STATUSES["failed"]}, {"versions": versions}
    )
    # Whose earlier version was not seen in this time was first read as failed, or long before: the
    # newest are looked up.
    unsure = seen.filter(~pl.col("changed")).head(_LOOKED_UP_MAX)
    first = snapshot.first_seqs("transactions", unsure["transaction_id"].to_list())
    late = [
        key
        for key, seq in unsure.select("transaction_id", "seq").rows()
        if first.get(key, seq) < seq
    ]
    return seen.filter(pl.col("changed") | pl.col("transaction_id").is_in(late)).select(
        "transaction_id", "observed_at", "created_at"
    )
