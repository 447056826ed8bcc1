"""How payments go from state to state, and how long that takes them.

VectorCraft keeps no history; the steps are told from the versions the console kept. A payment that
was first read in a later state went there from its beginning, as far as anybody knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import polars as pl

from vcanalytics.analytics.books import sample_pattern
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.model.payments import OPEN
from vcanalytics.store import Snapshot

#: Where a payment comes from whose first known state is no open one.
BEGUN: Final = "begun"
_COLUMNS: Final = (
    "seq",
    "transaction_id",
    "created_at",
    "completed_at",
    "observed_at",
    "status",
    "deleted",
)


def steps(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """The steps of payments begun in ``[start, end)``, the most frequent first.

    Columns: ``from_status`` (a state, or BEGUN), ``to_status``, ``count``, ``timed`` (of how many
    both moments are known), ``p50_s``, ``p95_s`` (seconds between; null where none is known).
    Payments that are gone from the source and samples are left out. Raises BudgetExceeded.
    """
    return engine.ask(
        sql("flow"),
        {
            "from": start,
            "to": end,
            "samples": sample_pattern(sample_prefixes),
            "open": sorted(OPEN),
        },
        {"versions": snapshot.relation("transactions", start, end).select(_COLUMNS)},
    )
