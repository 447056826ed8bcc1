"""Figures of requests from cells, and rows where no cell stands for them: ``sources`` decides."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from vcanalytics.analytics.engine import Engine, Table, sql
from vcanalytics.analytics.sources import bands, sources, tables
from vcanalytics.model import buckets, thresholds
from vcanalytics.model.windows import Window
from vcanalytics.store import Snapshot
from vcanalytics.store.cells import FINE, REQUEST_CELLS


def figures(
    engine: Engine,
    snapshot: Snapshot,
    *,
    by: str,
    start: datetime,
    end: datetime,
    kind: str | None = None,
    endpoint: str | None = None,
    windows: Sequence[Window] = (),
    slow_ms: float = thresholds.QUERY_MS,
) -> pl.DataFrame:
    """Times in ``[start, end)`` put together ``by`` endpoint, kind or window.

    Columns: ``slot`` (the window's place in ``windows``; without any it is 0), ``name`` (the
    endpoint or kind; empty by window), ``count``, ``errors``, ``error_rate`` (0 to 1), ``mean_ms``,
    ``p50_ms``, ``p95_ms``, ``p99_ms``, ``max_ms``, ``method`` (sketch), ``error_bound``, ``slow``.
    A row where anything was measured. Raises BudgetExceeded.
    """
    params, given = _asked(snapshot, start, end, windows, kind, endpoint)
    return engine.ask(
        sql("requests_cells", "requests_figures"),
        params | buckets.READING | {"by": by, "slow_ms": slow_ms},
        given,
    )


def spread(
    engine: Engine,
    snapshot: Snapshot,
    *,
    kind: str,
    start: datetime,
    end: datetime,
    windows: Sequence[Window],
    endpoint: str | None = None,
) -> pl.DataFrame:
    """How times are spread in ``[start, end)``: a row a window and band in which any lies.

    Columns: ``slot``, ``low_ms``, ``high_ms``, ``count`` (exact). Raises BudgetExceeded.
    """
    params, given = _asked(snapshot, start, end, windows, kind, endpoint)
    return engine.ask(sql("requests_cells", "requests_bands"), params | {"by": "window"}, given)


def _asked(
    snapshot: Snapshot,
    start: datetime,
    end: datetime,
    windows: Sequence[Window],
    kind: str | None,
    endpoint: str | None,
) -> tuple[dict[str, Any], dict[str, Table]]:
    cells = snapshot.cells(REQUEST_CELLS.stream)
    whole = windows or (Window(start, end, start),)
    given, bucket_us = tables(cells, sources(cells, start, end, whole), whole)
    params: dict[str, Any] = {
        "kind": kind,
        "endpoint": endpoint,
        "from": start,
        "to": end,
        "bucket_us": bucket_us,
        "fine": list(FINE),
        **buckets.NUMBERING,
    }
    return params, {**given, **bands()}
