"""The newest events of payments, for a live feed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.booked import whole_books
from vcanalytics.analytics.books import (
    FIGURES,
    STATUSES,
    payments,
    sample_pattern,
    with_cases,
    with_rows,
)
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.store import Relation, Snapshot
from vcanalytics.store.books.held import Books
from vcanalytics.store.state import to_micros

#: Clocks of two hosts differ a little; a row dated further ahead must not lead the feed for ever.
_AHEAD: Final = timedelta(minutes=5)
#: Failures whose payment was not seen before in the reach of the feed: so many are looked up.
_LOOKED_UP_MAX: Final = 1_000
#: The feed out of the books looks first at as many payments, for each row that it shows.
_SPARE: Final = 2
_MORE: Final = ("source_id", "email", "payer_email", "error_message")
#: The times of a payment that its events but the refund stand at.
_HAPPENED: Final = ("created_at", "completed_at", "captured_at")
_VERSION: Final = ("transaction_id", "seq", "observed_at", "status", "created_at")
# Grain: one row a payment that was seen as failed since $since; changed: another version of it was
# seen before in that time. Parameter: $failed: statuses. Cost: one pass over those seen since.
_SEEN_FAILING: Final = """
WITH seen AS (
    SELECT
        transaction_id,
        min(seq) AS first_seq,
        min(CASE WHEN status IN $failed AND observed_at >= $since THEN seq END) AS seq,
        min(
            CASE WHEN status IN $failed AND observed_at >= $since THEN observed_at END
        ) AS observed_at,
        min(
            CASE WHEN status IN $failed AND observed_at >= $since THEN created_at END
        ) AS created_at
    FROM versions
    GROUP BY transaction_id
)
SELECT transaction_id, seq, observed_at, created_at, first_seq < seq AS changed
FROM seen
WHERE seq IS NOT NULL
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
    params = {
        "samples": sample_pattern(sample_prefixes),
        "since": since,
        "until": until,
        "failed": STATUSES["failed"],
        "limit": limit,
    }
    failures = _failures(engine, snapshot, since)
    books = whole_books(snapshot, sample_prefixes)
    if books is not None:
        return _out_of_books(engine, snapshot, books, failures, params)
    tables = payments(snapshot, *_MORE, since=since, until=until)
    rows = tables["transactions"]
    late = failures.filter(pl.col("created_at") < since)["transaction_id"].to_list()
    if late and isinstance(rows, Relation):
        # When a failure was seen stands in none of its payment's times.
        tables["transactions"] = with_rows(engine, snapshot, rows, late)
    return engine.ask(
        sql("payments", "feed"),
        params,
        with_cases(engine, snapshot, tables, since, until) | {"failures": failures},
    )


def _out_of_books(
    engine: Engine,
    snapshot: Snapshot,
    books: Books,
    failures: pl.DataFrame,
    params: dict[str, Any],
) -> pl.DataFrame:
    """The same where the books say what was refunded when: the newest rows, as far as need be.

    What happened since a moment fills the feed whatever happened before it.
    """
    since, until, limit = params["since"], params["until"], params["limit"]
    deadline = time.monotonic() + engine.budget_s
    answer = pl.DataFrame()
    for moment in snapshot.back("transactions", _SPARE * limit, since, until):
        start = since if moment is None else moment
        refunds = _refunds(books, start, until, limit)
        rows = snapshot.newest("transactions", start, until, by=_HAPPENED)
        rows = rows.select([*FIGURES, *_MORE])
        late = failures.filter(pl.col("created_at") < start, pl.col("observed_at") >= start)
        keys = pl.concat([refunds["transaction_id"], late["transaction_id"]]).unique()
        # What is held lies beside the files already.
        keys = keys.filter(~keys.is_in(pl.Series(rows.hot["transaction_id"]).implode()))
        if len(keys):
            rows = with_rows(engine, snapshot, rows, keys.to_list())
        answer = engine.ask(
            sql("feed_booked", "feed"),
            params | {"since": start},
            {"transactions": rows, "refunds": refunds, "failures": failures},
            budget_s=deadline - time.monotonic(),
        )
        if answer.height == limit:
            break
    return answer


def _refunds(books: Books, start: datetime, end: datetime, limit: int) -> pl.DataFrame:
    """The newest refunds in ``[start, end)`` that can fill a feed: transaction_id, refunded_at."""
    found = books.refunds(to_micros(start), to_micros(end))
    found.sort(key=lambda refund: refund.at, reverse=True)
    # Of one moment all: which of them stand in the feed, their payments say.
    least = found[limit - 1].at if len(found) >= limit > 0 else None
    rows = [(r.transaction_id, r.at) for r in found if least is None or r.at >= least]
    table = pl.DataFrame(
        rows, schema={"transaction_id": pl.String, "refunded_at": pl.Int64}, orient="row"
    )
    return table.with_columns(pl.col("refunded_at").cast(pl.Datetime("us", "UTC")))


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
