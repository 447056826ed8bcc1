"""Response times: percentiles by endpoint. Definitions: the contract."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import polars as pl

from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.store import Snapshot

#: Statuses that are no errors; errors stay in the percentiles.
FINE: Final = ("success", "healthy")


class Kind(StrEnum):
    """What was measured."""

    REQUEST = "request_time"
    QUERY = "database_query"
    VECTORIZATION = "vectorization_time"
    PAYPAL = "paypal_api_response_time"


def latency(
    engine: Engine, snapshot: Snapshot, *, kind: Kind, start: datetime, end: datetime
) -> pl.DataFrame:
    """Times of ``kind`` in ``[start, end)``: one row an endpoint, by name.

    Columns: ``endpoint``, ``count``, ``errors`` (status other than success or healthy),
    ``mean_ms``, ``p50_ms``, ``p95_ms``, ``p99_ms``, ``max_ms`` (milliseconds), ``method``
    (``exact``: interpolated between the neighbouring ranks of all rows), ``error_bound``
    (relative; 0 where exact). Raises BudgetExceeded.
    """
    return engine.ask(
        sql("latency"),
        {"kind": kind.value, "from": start, "to": end, "fine": list(FINE)},
        {"requests": snapshot.relation("requests", start, end)},
    )
