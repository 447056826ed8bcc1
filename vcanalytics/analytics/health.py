"""How VectorCraft's components are, by its own checks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.store import Snapshot

#: How far back a component is looked for, and how long a state can be told to have lasted.
REACH: Final = timedelta(days=30)
#: Clocks of two hosts differ a little.
_AHEAD: Final = timedelta(minutes=5)


def components(
    engine: Engine, snapshot: Snapshot, *, now: datetime, reach: timedelta = REACH
) -> pl.DataFrame:
    """The newest check of each component that was checked in the last ``reach``, by name.

    Columns: ``component``, ``status`` (as the source has it), ``since`` (UTC: the first of the
    checks that have said so without a break), ``since_known`` (false: it may be longer, as every
    check in reach says so), ``checks`` (count of them), ``happened_at`` (UTC, the newest check),
    ``age_s`` (seconds since), ``response_ms``, ``error_message``. Raises BudgetExceeded.
    """
    since, until = now - reach, now + _AHEAD
    found = engine.ask(
        sql("health"),
        {"since": since, "until": until},
        {"health": snapshot.relation("health", since, until)},
    )
    age = (pl.lit(now) - pl.col("happened_at")).dt.total_microseconds() / 1_000_000
    return found.with_columns(age.clip(lower_bound=0.0).alias("age_s"))
