"""Response times: percentiles by endpoint. Definitions: the contract."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import polars as pl

from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.analytics.sketches import figures
from vcanalytics.analytics.sources import EXACT_ROWS, is_exact
from vcanalytics.store import Snapshot
from vcanalytics.store.cells.counting import FINE

COLUMNS: Final = (
    "endpoint",
    "count",
    "errors",
    "mean_ms",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "max_ms",
    "method",
    "error_bound",
)


class Kind(StrEnum):
    """What was measured."""

    REQUEST = "request_time"
    QUERY = "database_query"
    VECTORIZATION = "vectorization_time"
    PAYPAL = "paypal_api_response_time"


def latency(
    engine: Engine,
    snapshot: Snapshot,
    *,
    kind: Kind,
    start: datetime,
    end: datetime,
    exact_rows: int = EXACT_ROWS,
) -> pl.DataFrame:
    """Times of ``kind`` in ``[start, end)``: one row an endpoint, by name.

    Columns: ``endpoint``, ``count``, ``errors`` (status other than success or healthy),
    ``mean_ms``, ``p50_ms``, ``p95_ms``, ``p99_ms``, ``max_ms`` (milliseconds), ``method``,
    ``error_bound`` (relative, of the percentiles). ``exact``: interpolated between the neighbouring
    ranks of all rows, up to 24 h and ``exact_rows`` rows; its bound is 0. ``sketch``: the same of
    values within 1 % of the true ones; the bound is null where one rank is below zero and the next
    above. Everything else is exact either way (``sources.hours_alone`` says when it is not).
    Raises BudgetExceeded.
    """
    if is_exact(engine, snapshot, start, end, kind=kind.value, exact_rows=exact_rows):
        return engine.ask(
            sql("latency"),
            {"kind": kind.value, "from": start, "to": end, "fine": list(FINE)},
            {"requests": snapshot.relation("requests", start, end)},
        )
    found = figures(engine, snapshot, by="endpoint", kind=kind.value, start=start, end=end)
    return found.rename({"name": "endpoint"}).select(COLUMNS)
