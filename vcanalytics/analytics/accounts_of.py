"""Which of the shop's accounts could be somebody's: by addresses and user names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from vcanalytics.analytics.by_file import Ask, within
from vcanalytics.analytics.engine import Engine
from vcanalytics.store import Snapshot

#: Enough to see that none can be chosen; who shows so many says that there may be more.
LIMIT: Final = 10
BUDGET_S: Final = 1.0
_COLUMNS: Final = ("happened_at", "kind", "user_id", "username", "email")
# Grain: one row an account, the oldest first. Parameters: $addresses, normalised, and $names, none
# of them empty. Cost: one pass over the rows of activity, of which four columns are read.
_SQL: Final = """
SELECT
    any_value(user_id) AS user_id,
    any_value(username) AS username,
    any_value(email) AS email,
    lower(trim(any_value(email))) AS address,
    min(happened_at) AS made_at
FROM activity
WHERE kind = 'sign_up'
    AND (list_contains($addresses, lower(trim(email))) OR list_contains($names, username))
GROUP BY user_id, lower(trim(email))
ORDER BY made_at, username
LIMIT $limit
"""


def accounts(
    ask: Ask,
    snapshot: Snapshot,
    addresses: Sequence[str],
    names: Sequence[str],
    limit: int = LIMIT,
) -> pl.DataFrame:
    """Accounts under one of the addresses (normalised) or user names, at most ``limit``.

    Columns: ``user_id``, ``username``, ``email``, ``address`` (the same, normalised), ``made_at``
    (UTC); the oldest first. Raises BudgetExceeded.
    """
    return ask(
        _SQL,
        {
            "addresses": [address for address in addresses if address],
            "names": [name for name in names if name],
            "limit": limit,
        },
        {"activity": snapshot.relation("activity").select(_COLUMNS)},
    )


def accounts_of(
    engine: Engine, snapshot: Snapshot, *, email: str, payer_email: str, username: str
) -> pl.DataFrame:
    """Accounts that could be the buyer's, the oldest first, at most LIMIT.

    Columns: ``username``, ``email``, ``made_at`` (UTC), ``matched`` (by what: payer, typed, name).
    More than one row is an ambiguous match: nobody is to guess. Raises BudgetExceeded.
    """
    typed, payer = email.strip().lower(), payer_email.strip().lower()
    found = accounts(within(engine, BUDGET_S), snapshot, [typed, payer], [username.strip()])
    # An account without an address is nobody's by it.
    address = pl.col("address").replace("", None)
    by = (
        pl.when(address == payer)
        .then(pl.lit("payer"))
        .when(address == typed)
        .then(pl.lit("typed"))
        .otherwise(pl.lit("name"))
    )
    return found.select("username", "email", "made_at", by.alias("matched"))
