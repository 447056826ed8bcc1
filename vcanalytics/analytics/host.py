"""What hosts took in the last minutes: the means by which they are judged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.store import Snapshot

#: Samples of the second that has begun are of now.
_AHEAD: Final = timedelta(seconds=5)


def means(
    engine: Engine, snapshot: Snapshot, *, measures: Sequence[str], now: datetime, reach: timedelta
) -> pl.DataFrame:
    """The mean of each measure (of those without items) in the last ``reach``, by host.

    Columns: ``host``, ``measure``, ``mean`` (in the measure's unit), ``first_at``, ``happened_at``
    (UTC, of the oldest and the newest sample in it). Raises BudgetExceeded.
    """
    since, until = now - reach, now + _AHEAD
    return engine.ask(
        sql("host"),
        {"measures": list(measures), "since": since, "until": until},
        {"system": snapshot.relation("system", since, until)},
    )
