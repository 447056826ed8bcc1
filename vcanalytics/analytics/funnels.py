"""How far people get: from an account to a payment, and from a checkout to the first upload.

A person is a normalised e-mail. An account may stand under the payer's address where that is not
the one typed at checkout: both are looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl

from vcanalytics.analytics.activity import SIGN_IN, SIGN_UP, UPLOAD, events
from vcanalytics.analytics.books import sample_pattern
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.analytics.performance import VECTORISATION
from vcanalytics.model.payments import AWAITING
from vcanalytics.store import Snapshot

# Grain: one row a payment. Cost: the files of payments that anything happened to in the range.
_ATTEMPTS: Final = """
SELECT *
FROM transactions
WHERE
    NOT deleted
    AND (created_at >= $from OR captured_at >= $from)
    AND NOT coalesce(regexp_matches(transaction_id, $samples), false)
"""
_COLUMNS: Final = (
    "transaction_id",
    "deleted",
    "status",
    "email",
    "payer_email",
    "paypal_order_id",
    "created_at",
    "captured",
    "captured_at",
    "user_created",
)


def _attempts(
    engine: Engine,
    snapshot: Snapshot,
    start: datetime,
    end: datetime,
    sample_prefixes: Sequence[str],
) -> pl.DataFrame:
    """Payments that stand at the source, are no samples and were begun or captured since."""
    found = snapshot.newest("transactions", start, end, by=("created_at", "captured_at"))
    rows = engine.ask(
        _ATTEMPTS,
        {"from": start, "samples": sample_pattern(sample_prefixes)},
        {"transactions": found.select(_COLUMNS)},
    )
    email, payer = (
        pl.col(name).str.strip_chars().str.to_lowercase().replace("", None)
        for name in ("email", "payer_email")
    )
    return rows.select(
        # Who gave no address is someone all the same.
        pl.coalesce(email, payer, "transaction_id").alias("email"),
        payer.alias("payer_email"),
        "created_at",
        "captured",
        "captured_at",
        "user_created",
        # VectorCraft rarely keeps the order's id: that it was made shows in the status.
        (
            pl.col("paypal_order_id").is_not_null()
            | pl.col("captured")
            | (pl.col("status") == AWAITING)
        ).alias("at_paypal"),
    )


def _with_shares(steps: pl.DataFrame) -> pl.DataFrame:
    people = pl.col("people")

    def share(of: pl.Expr) -> pl.Expr:
        return pl.when(of > 0).then(people / of)

    return steps.with_columns(
        share(people.first()).alias("share_of_first"),
        share(people.shift(1)).alias("share_of_before"),
    )


def sign_up_funnel(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """From an account to a payment in ``[start, end)``, in whichever order: five rows.

    Columns: ``step`` (signed_up, signed_in, uploaded, began, paid), ``people`` (who took this step
    and every one before it in the range), ``in_any_case`` (who took this step), ``share_of_first``,
    ``share_of_before`` (of ``people``, 0 to 1; null of nobody). Raises BudgetExceeded.
    """
    params, tables = events(snapshot, start, end)
    steps = engine.ask(
        sql("activity", "sign_up_funnel"),
        params | {"sign_up": SIGN_UP, "sign_in": SIGN_IN, "uploads": [UPLOAD, VECTORISATION]},
        tables | {"attempts": _attempts(engine, snapshot, start, end, sample_prefixes)},
    )
    return _with_shares(steps)


def checkout_funnel(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """How far they came who opened a checkout in ``[start, end)``: five rows.

    VectorCraft makes the account once the money is there, so this is the order of its customers.
    Columns: ``step`` (opened, at_paypal, captured, account, uploaded: by ``end``), ``people``,
    ``share_of_first``, ``share_of_before`` (0 to 1; null of nobody). Raises BudgetExceeded.
    """
    params, tables = events(snapshot, start, end)
    steps = engine.ask(
        sql("activity", "checkout_funnel"),
        params | {"uploads": [UPLOAD, VECTORISATION]},
        tables | {"attempts": _attempts(engine, snapshot, start, end, sample_prefixes)},
    )
    return _with_shares(steps)
