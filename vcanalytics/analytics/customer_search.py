"""Customers found by any part of an address, a user name, or an id of a payment or PayPal order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

from vcanalytics.analytics.by_file import within
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.errors import BudgetExceeded, UsageError
from vcanalytics.store import Snapshot
from vcanalytics.store.newest.searched import BY_COLUMNS, FIELDS, searchable, wanted
from vcanalytics.store.newest.searched import NAME as SEARCHED

#: No address is longer (RFC 5321), nor any id.
TEXT_MAX: Final = 320
CUSTOMERS_MAX: Final = 50
#: Payments that are looked at for who they are by, the newest: half the world is at one provider.
_PAYMENTS_MAX: Final = 500
#: So many are gone through at once: each part costs 15 ms besides, and a million rows 70.
_ROWS_LEAST: Final = 2_000_000
#: Accounts come beside what payments tell: they may take as long as a page waits anyway.
_ACCOUNTS_BUDGET_S: Final = 1.0
_SHOWN: Final = ("created_at", "captured")
_COLUMNS: Final = tuple(dict.fromkeys((*_SHOWN, *FIELDS)))
_ACCOUNT_COLUMNS: Final = ("happened_at", "kind", "user_id", "username", "email")
# Grain: one row an account, the newest first. Parameters: $text in lower case, $limit. Cost: one
# pass over the rows of activity, of which four columns are read.
_ACCOUNTS: Final = """
SELECT
    coalesce(lower(trim(any_value(email))), '') AS customer,
    coalesce(any_value(username), '') AS username,
    min(happened_at) AS made_at,
    bool_or(contains(lower(coalesce(email, '')), $text)) AS by_address
FROM activity
WHERE kind = 'sign_up' AND (contains(lower(email), $text) OR contains(lower(username), $text))
GROUP BY coalesce(CAST(user_id AS VARCHAR), lower(trim(email)), username)
ORDER BY made_at DESC, customer
LIMIT $limit
"""
_FOUND: Final = pl.Schema(
    {
        "customer": pl.String(),
        "payers": pl.List(pl.String()),
        "username": pl.String(),
        "found_by": pl.String(),
        "found": pl.String(),
        "payments": pl.Int64(),
        "captured": pl.Int64(),
        "newest_at": pl.Datetime("us", "UTC"),
        "account": pl.Boolean(),
    }
)
_ORDER: Final = ("newest_at", "customer")
#: What a text may be found in, an address before a name, a name before an id.
BY: Final = (
    "email",
    "payer_email",
    "username",
    "transaction_id",
    "paypal_order_id",
    "paypal_payment_id",
)


@dataclass(frozen=True, slots=True)
class Found:
    """Customers, those with the newest payment first.

    Columns of ``customers``: ``customer`` (the address typed at checkout, else the payer's, else
    the account's, normalised; empty: none is known), ``payers`` (other addresses they paid by),
    ``username``, ``found_by`` (one of BY), ``found`` (what fits, in lower case), ``payments``,
    ``captured`` (how many of those that fit), ``newest_at`` (UTC, of these, else when the account
    was made), ``account`` (an account fits).
    ``more``: there are others, with older payments. ``accounts``: accounts were looked through, all
    in time.
    """

    customers: pl.DataFrame
    more: bool = False
    accounts: bool = True


def customers(engine: Engine, snapshot: Snapshot, text: str) -> Found:
    """The customers that ``text`` fits, literally, in any case; none for an empty one.

    Raises UsageError for a text that is longer than any address, BudgetExceeded.
    """
    if len(text) > TEXT_MAX:
        raise UsageError(
            f"the text has {len(text):,} characters", hint=f"At most {TEXT_MAX} can be looked for"
        )
    fragment = wanted(text)
    if not fragment:
        return Found(_FOUND.to_frame())
    hits = _payments(engine, snapshot, fragment)
    accounts = _accounts(engine, snapshot, fragment)
    payers = _by_customer(hits, fragment)
    found = _with_accounts(payers, accounts)
    return Found(
        found.head(CUSTOMERS_MAX),
        more=found.height > CUSTOMERS_MAX or hits.height >= _PAYMENTS_MAX,
        accounts=accounts is not None,
    )


def _payments(engine: Engine, snapshot: Snapshot, fragment: str) -> pl.DataFrame:
    """The newest payments that fit; history is gone through once, from its newest end on."""
    ask = within(engine, engine.budget_s)
    parts: list[pl.DataFrame] = []
    for rows in snapshot.by_age("transactions", _ROWS_LEAST):
        ready = searchable(rows)
        table, text = (rows, BY_COLUMNS) if ready is None else (ready, SEARCHED)
        parts.append(
            ask(
                sql("customer_search").replace("{searched}", text),
                {"text": fragment, "limit": _PAYMENTS_MAX},
                {"transactions": table.select(_COLUMNS if ready is None else [*_SHOWN, SEARCHED])},
            )
        )
        if parts[-1].height >= _PAYMENTS_MAX:
            break
    # Rows in memory are in every part.
    return pl.concat(parts).unique(SEARCHED, keep="first", maintain_order=True)


def _by_customer(hits: pl.DataFrame, fragment: str) -> pl.DataFrame:
    lines = pl.col(SEARCHED).str.split_exact("\n", len(FIELDS) - 1).struct.rename_fields(FIELDS)
    rows = hits.select("created_at", "captured", lines.alias("lines")).unnest("lines")
    fits = [
        pl.when(pl.col(name).str.contains(fragment, literal=True)).then(pl.lit(name)) for name in BY
    ]
    rows = rows.with_columns(
        pl.coalesce(fits).alias("found_by"),
        pl.when(pl.col("email") == "").then("payer_email").otherwise("email").alias("customer"),
    ).filter(pl.col("found_by").is_not_null())
    value = pl.coalesce(pl.when(pl.col("found_by") == name).then(pl.col(name)) for name in BY)
    other = pl.col("payer_email").filter(
        (pl.col("payer_email") != "") & (pl.col("payer_email") != pl.col("customer"))
    )
    return (
        rows.with_columns(value.alias("found"))
        .sort("created_at", "transaction_id", descending=True)
        .group_by("customer", maintain_order=True)
        .agg(
            other.unique(maintain_order=True).alias("payers"),
            pl.col("username").filter(pl.col("username") != "").first(),
            pl.col("found_by").first(),
            pl.col("found").first(),
            pl.len().cast(pl.Int64).alias("payments"),
            pl.col("captured").sum().cast(pl.Int64),
            pl.col("created_at").first().alias("newest_at"),
        )
        .with_columns(pl.lit(value=False).alias("account"))
        .cast(dict(_FOUND))  # type: ignore[arg-type]
        .select(_FOUND.names())
        .sort(*_ORDER, descending=[True, False])
    )


def _accounts(engine: Engine, snapshot: Snapshot, fragment: str) -> pl.DataFrame | None:
    """Accounts that fit; None where looking through them takes too long."""
    try:
        return engine.ask(
            _ACCOUNTS,
            {"text": fragment, "limit": CUSTOMERS_MAX + 1},
            {"activity": snapshot.relation("activity").select(_ACCOUNT_COLUMNS)},
            budget_s=_ACCOUNTS_BUDGET_S,
        )
    except BudgetExceeded:
        return None


def _with_accounts(found: pl.DataFrame, accounts: pl.DataFrame | None) -> pl.DataFrame:
    if accounts is None or not accounts.height:
        return found
    known = accounts.filter(pl.col("customer") != "").unique("customer", keep="first")
    found = found.join(
        known.select("customer", pl.col("username").alias("named")), on="customer", how="left"
    ).with_columns(
        pl.coalesce("username", "named").alias("username"),
        pl.col("named").is_not_null().alias("account"),
    )
    fresh = accounts.join(found, on="customer", how="anti").select(
        "customer",
        pl.lit([], pl.List(pl.String)).alias("payers"),
        "username",
        pl.when("by_address").then(pl.lit("email")).otherwise(pl.lit("username")).alias("found_by"),
        pl.when("by_address").then("customer").otherwise("username").alias("found"),
        pl.lit(0, pl.Int64).alias("payments"),
        pl.lit(0, pl.Int64).alias("captured"),
        pl.col("made_at").alias("newest_at"),
        pl.lit(value=True).alias("account"),
    )
    both = pl.concat([found.select(_FOUND.names()), fresh])
    return both.sort(*_ORDER, descending=[True, False])
