"""Which of the shop's accounts could be a buyer's: by the addresses and the name of a payment."""

from __future__ import annotations

from typing import Final

import polars as pl

from vcanalytics.analytics.engine import Engine
from vcanalytics.store import Snapshot

#: Enough to see that none can be chosen; who shows so many says that there may be more.
LIMIT: Final = 10
BUDGET_S: Final = 1.0
_COLUMNS: Final = ("happened_at", "kind", "user_id", "username", "email")
# Grain: one row an account. Parameters: $typed, $payer: normalised addresses, or ''; $username, or
# ''. Cost: one pass over the rows of activity, of which four columns are read.
_SQL: Final = """
SELECT
    any_value(username) AS username,
    any_value(email) AS email,
    min(happened_at) AS made_at,
    CASE
        WHEN lower(trim(any_value(email))) = $payer THEN 'payer'
        WHEN lower(trim(any_value(email))) = $typed THEN 'typed'
        ELSE 'name'
    END AS matched
FROM activity
WHERE kind = 'sign_up'
    AND (
        lower(trim(email)) IN (nullif($typed, ''), nullif($payer, ''))
        OR username = nullif($username, '')
    )
GROUP BY user_id, lower(trim(email))
ORDER BY made_at, username
LIMIT $limit
"""


def accounts_of(
    engine: Engine, snapshot: Snapshot, *, email: str, payer_email: str, username: str
) -> pl.DataFrame:
    """Accounts that could be the buyer's, the oldest first, at most LIMIT.

    Columns: ``username``, ``email``, ``made_at`` (UTC), ``matched`` (by what: payer, typed, name).
    More than one row is an ambiguous match: nobody is to guess. Raises BudgetExceeded.
    """
    return engine.ask(
        _SQL,
        {
            "typed": email.strip().lower(),
            "payer": payer_email.strip().lower(),
            "username": username.strip(),
            "limit": LIMIT,
        },
        {"activity": snapshot.relation("activity").select(_COLUMNS)},
        budget_s=BUDGET_S,
    )
