"""PayPal's side beside ours: what one has and the other lacks or says otherwise, and what is left.

Definitions: docs/paypal.md. A payment of PayPal's is one of ours by its id, else by the number that
PayPal was given, else by customer, amount and time; where several fit, none is chosen.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics.books import CASES, FIGURES, payments, sample_pattern
from vcanalytics.analytics.engine import Engine, Table, sql
from vcanalytics.model.windows import Grain, windows
from vcanalytics.store import Relation, Snapshot

#: In the order they are listed: first what costs a customer, then what costs the shop.
FINDINGS: Final = (
    "unknown_here",
    "not_captured",
    "captured_twice",
    "charged_twice",
    "unknown_there",
    "not_completed",
    "amount_differs",
    "refund_unknown_there",
    "refund_unknown_here",
    "refund_differs",
    "fee_differs",
    "ambiguous",
)
#: How far PayPal's time and ours may lie apart where nothing but customer and amount is known.
APART: Final = timedelta(hours=1)
#: Two payments of one customer and amount within so long are taken for one too many.
TWICE: Final = timedelta(minutes=10)
#: At both ends of what imports cover PayPal's clock and ours may disagree.
EDGE: Final = timedelta(minutes=15)
#: Refunds and chargebacks come up to half a year later: so far around a range rows are looked at.
AROUND: Final = timedelta(days=200)
LIMIT: Final = 1_000_000
BUDGET_S: Final = 60.0
_NAMING: Final = ("transaction_id", "deleted", "paypal_payment_id")
_PAIRING: Final = (
    "transaction_id",
    "deleted",
    "email",
    "payer_email",
    "captured_amount",
    "amount_column",
    "currency",
    "captured_at",
    "created_at",
)
_ADDRESSES: Final = ("transaction_id", "email", "payer_email")
_SLACK: Final = timedelta(days=2)
#: A capture stands at PayPal and here within so long: what the first and last row are compared to.
_SAME: Final = timedelta(minutes=1)
_INSTANT: Final = pl.Datetime("us", "UTC")
_COVER: Final = pl.Schema({"first_at": _INSTANT, "last_at": _INSTANT})
_MONEY: Final = pl.Decimal(38, 4)
Spans = Sequence[tuple[datetime, datetime]]

# Grain: one row a payment that was captured, and one a payment that was refunded, in the times that
# imports cover. Goes on from payments.sql.
_OURS: Final = """
, events AS (
    SELECT 'gross' AS what, captured_at AS happened_at, currency, captured_amount AS amount
    FROM payments
    WHERE captured
    UNION ALL
    SELECT 'refunds', refunded_at, currency, captured_amount FROM refunds
)
SELECT * FROM events
WHERE EXISTS (
        SELECT 1
        FROM cover
        WHERE events.happened_at >= cover.first_at AND events.happened_at <= cover.last_at
    )
    AND ($from IS NULL OR happened_at >= $from)
    AND ($to IS NULL OR happened_at < $to)
"""


def findings(
    engine: Engine,
    snapshot: Snapshot,
    rows: pl.DataFrame,
    covered: Spans,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    sample_prefixes: Sequence[str] = (),
    limit: int = LIMIT,
    budget_s: float = BUDGET_S,
) -> pl.DataFrame:
    """What differs, of the times in ``[start, end)``.

    ``rows`` are PayPal's (``paypal.imports.ROWS``), also those around the range; ``covered`` the
    times imports cover. Columns: ``finding`` (one of FINDINGS, in that order), ``paypal_id``,
    ``transaction_id``, ``email`` (the payer's at PayPal, else ours), ``paypal_amount`` (money in
    ``currency``), ``amount`` (ours, in ``amount_currency``), ``currency``, ``amount_currency``,
    ``fee``, ``happened_at`` (UTC), ``detail``. Raises BudgetExceeded, StoreError.
    """
    first, last = _bounds(rows, covered)
    versions = snapshot.raw("transactions", ("transaction_id", "metadata"), first, last)
    ids = engine.ask(sql("paypal_ids"), {}, {"versions": versions}, budget_s=budget_s)
    return compare(
        engine,
        snapshot.newest("transactions", first, last),
        snapshot.newest("disputes"),
        rows,
        ids,
        covered,
        start=start,
        end=end,
        sample_prefixes=sample_prefixes,
        limit=limit,
        budget_s=budget_s,
    )


def compare(
    engine: Engine,
    transactions: pl.DataFrame | Relation,
    disputes: pl.DataFrame | Relation,
    rows: pl.DataFrame,
    ids: pl.DataFrame,
    covered: Spans,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    sample_prefixes: Sequence[str] = (),
    limit: int = LIMIT,
    budget_s: float = BUDGET_S,
) -> pl.DataFrame:
    """``findings`` of rows at hand; ``ids`` are ``transaction_id`` and ``paypal_id``.

    In three steps, each of which carries no more than it needs: of a million rows on either side
    all at once would not fit into the engine's memory.
    """
    deadline = time.monotonic() + budget_s

    def ask(name: str, params: dict[str, Any], tables: dict[str, Table]) -> pl.DataFrame:
        left_s = max(deadline - time.monotonic(), 0.0)
        return engine.ask(name, params, tables, budget_s=left_s)

    samples = {"samples": sample_pattern(sample_prefixes)}
    known = rows.with_row_index("n").with_columns(
        pl.col("payer").str.strip_chars(" ").str.to_lowercase().alias("address")
    )
    theirs = known.filter(pl.col("kind") == "payment")
    named = ask(
        sql("paypal_named"),
        samples,
        {
            "transactions": transactions.select(_NAMING),
            "paypal": theirs.select("n", "id", "invoice", "custom"),
            "ids": ids,
        },
    )
    pairs = ask(
        sql("paypal_pairs"),
        samples | {"apart": APART},
        {
            "transactions": transactions.select(_PAIRING),
            "paypal": theirs.select("n", "state", "happened_at", "address", "currency", "gross"),
            "named": named,
        },
    )
    asked = {"twice": TWICE, "from": start, "to": end, "order": list(FINDINGS), "limit": limit}
    return ask(
        sql("payments", "paypal_findings"),
        samples | asked,
        {
            "transactions": transactions.select([*FIGURES, "amount_column"]),
            "addresses": transactions.select(_ADDRESSES),
            "disputes": disputes.select(CASES),
            "paypal": known.drop("invoice", "custom"),
            "pairs": pairs,
            "ids": ids,
            "cover": _cover(covered, EDGE),
        },
    )


def totals(
    engine: Engine,
    snapshot: Snapshot,
    rows: pl.DataFrame,
    covered: Spans,
    *,
    grain: Grain,
    zone: ZoneInfo,
    start: datetime | None = None,
    end: datetime | None = None,
    week_start: str = "monday",
    sample_prefixes: Sequence[str] = (),
    budget_s: float = BUDGET_S,
) -> pl.DataFrame:
    """What came in by PayPal's figures and by ours, a row a window and currency.

    Only the times that imports cover count on both sides. Columns: ``window_start`` (UTC),
    ``currency``, ``payments`` (a count), and money in ``currency``: ``paypal_gross``, ``fees``
    (negative where they were taken), ``paypal_refunds``, ``paypal_net`` (gross + fees - refunds),
    ``gross`` and ``refunds`` (ours), ``difference`` (PayPal's gross less refunds, less ours).
    Raises BudgetExceeded, UsageError for too many windows.
    """
    first, last = _bounds(rows, covered)
    ours = engine.ask(
        sql("payments") + _OURS,
        {"samples": sample_pattern(sample_prefixes), "from": start, "to": end},
        payments(snapshot, since=first, until=last) | {"cover": _cover(covered, -_SAME)},
        budget_s=budget_s,
    )
    theirs = rows.filter(pl.col("state") == "done")
    if start is not None:
        theirs = theirs.filter(pl.col("happened_at") >= start)
    if end is not None:
        theirs = theirs.filter(pl.col("happened_at") < end)
    gross = pl.col("gross").cast(_MONEY)
    fee = pl.col("fee").fill_null(0).cast(_MONEY)
    events = pl.concat(
        [
            _event(theirs, "payment", "paypal_gross", gross),
            _event(theirs, "payment", "fees", fee),
            _event(theirs, "refund", "paypal_refunds", -gross),
            _event(theirs, "refund", "fees", fee),
            _event(theirs, "fee", "fees", gross + fee),
            ours.select(
                "happened_at", "currency", "what", pl.col("amount").fill_null(0).cast(_MONEY)
            ),
        ]
    )
    return _by_window(events, grain, zone, week_start)


def _event(rows: pl.DataFrame, kind: str, what: str, amount: pl.Expr) -> pl.DataFrame:
    return rows.filter(pl.col("kind") == kind).select(
        "happened_at", "currency", pl.lit(what).alias("what"), amount.cast(_MONEY).alias("amount")
    )


def _by_window(events: pl.DataFrame, grain: Grain, zone: ZoneInfo, week_start: str) -> pl.DataFrame:
    sums = ("paypal_gross", "fees", "paypal_refunds", "gross", "refunds")
    first, last = events["happened_at"].min(), events["happened_at"].max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        found: list[datetime] = []
    else:
        edges = windows(first, last + timedelta(microseconds=1), grain, zone, week_start)
        found = [window.start for window in edges]
    starts = pl.DataFrame({"window_start": found}, {"window_start": _INSTANT})
    placed = events.sort("happened_at").join_asof(
        starts, left_on="happened_at", right_on="window_start"
    )
    added = placed.group_by("window_start", "currency").agg(
        (pl.col("what") == "paypal_gross").sum().cast(pl.Int64).alias("payments"),
        *(pl.col("amount").filter(pl.col("what") == name).sum().alias(name) for name in sums),
    )
    net = pl.col("paypal_gross") + pl.col("fees") - pl.col("paypal_refunds")
    there = pl.col("paypal_gross") - pl.col("paypal_refunds")
    here = pl.col("gross") - pl.col("refunds")
    return added.select(
        "window_start",
        "currency",
        "payments",
        "paypal_gross",
        "fees",
        "paypal_refunds",
        net.alias("paypal_net"),
        "gross",
        "refunds",
        (there - here).alias("difference"),
    ).sort("window_start", "currency")


def _bounds(rows: pl.DataFrame, covered: Spans) -> tuple[datetime | None, datetime | None]:
    """Around all that is looked at; nothing of ours that lies outside could be meant."""
    moments = [moment for span in covered for moment in span]
    if rows.height:
        moments += [
            at
            for at in (rows["happened_at"].min(), rows["happened_at"].max())
            if isinstance(at, datetime)
        ]
    if not moments:
        return None, None
    return min(moments) - _SLACK, max(moments) + _SLACK


def _cover(covered: Spans, edge: timedelta) -> pl.DataFrame:
    inner = [(first + edge, last - edge) for first, last in covered]
    return pl.DataFrame([span for span in inner if span[0] < span[1]], _COVER, orient="row")
