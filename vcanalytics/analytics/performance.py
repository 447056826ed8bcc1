"""Response times over time, by endpoint and as a distribution; vectorising by strategy.

Definitions: the contract's percentiles and errors. ``kind`` is one of ``latency.Kind``: requests,
database queries, vectorising, PayPal's API.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.analytics.latency import FINE, Kind, latency
from vcanalytics.analytics.spans import stream_spans
from vcanalytics.model import thresholds
from vcanalytics.model.windows import Grain
from vcanalytics.store import Snapshot

#: The table that is the record of what was vectorised.
UPLOADS: Final = "user_uploads"
#: Edges of the bands of a distribution, in ms: 1, 2, 5, 10, ... and zero and beyond apart.
BANDS_MS: Final = (
    0.0,
    *(step * 10.0**power for power in range(-1, 5) for step in (1, 2, 5)),
    100_000.0,
    float("inf"),
)
#: Windows of a heat map: more cannot be told apart, and each holds a column of bands.
HEAT_POINTS: Final = 100


def over_time(
    engine: Engine,
    snapshot: Snapshot,
    *,
    kind: Kind,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    now: datetime,
    grain: Grain | timedelta | None = None,
    week_start: str = "monday",
    endpoint: str | None = None,
) -> pl.DataFrame:
    """Times of ``kind`` in ``[start, end)``, a row a window, oldest first, empty windows too.

    Columns: ``window_start``, ``window_end`` (UTC), ``window_label`` (the start in ``zone``, ISO
    8601 with its offset), ``count``, ``errors`` (status other than success or healthy),
    ``error_rate`` (0 to 1), ``mean_ms``, ``p50_ms``, ``p95_ms``, ``p99_ms``, ``max_ms`` (all null
    where nothing was measured), ``complete``. ``grain``: None takes one that fits (at most 300
    windows, from seconds on); a timedelta one of 1, 5, 10, 15, 30 s, 1, 5, 15 min. ``endpoint``:
    that one alone. Raises BudgetExceeded, UsageError.
    """
    found = stream_spans(
        snapshot, "requests", start, end, zone, grain=grain, week_start=week_start, now=now
    )
    return engine.ask(
        sql("performance"),
        {
            "kind": kind.value,
            "endpoint": endpoint,
            "from": start,
            "to": end,
            "fine": list(FINE),
            "bucket_us": found.bucket_us,
        },
        {"requests": snapshot.relation("requests", start, end), "windows": found.table},
    )


def summary(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    slow_ms: float = thresholds.QUERY_MS,
) -> pl.DataFrame:
    """All endpoints together in ``[start, end)``: one row a kind in which anything was measured.

    Columns: ``kind`` (as the source has it), ``count``, ``errors``, ``error_rate`` (0 to 1),
    ``mean_ms``, ``p50_ms``, ``p95_ms``, ``p99_ms``, ``max_ms``, ``slow`` (how many took longer than
    ``slow_ms``). Raises BudgetExceeded.
    """
    return engine.ask(
        sql("performance_kinds"),
        {"from": start, "to": end, "fine": list(FINE), "slow_ms": slow_ms},
        {"requests": snapshot.relation("requests", start, end)},
    )


def by_endpoint(
    engine: Engine, snapshot: Snapshot, *, kind: Kind, start: datetime, end: datetime
) -> pl.DataFrame:
    """Times of ``kind`` in ``[start, end)``, a row an endpoint, the slowest (by p95) first.

    Columns: those of ``latency.latency`` and ``error_rate`` (0 to 1). For vectorising the endpoint
    is the strategy, for the database the query. Raises BudgetExceeded.
    """
    found = latency(engine, snapshot, kind=kind, start=start, end=end)
    return found.with_columns((pl.col("errors") / pl.col("count")).alias("error_rate")).sort(
        ["p95_ms", "endpoint"], descending=[True, False]
    )


def heat(
    engine: Engine,
    snapshot: Snapshot,
    *,
    kind: Kind,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    now: datetime,
    grain: Grain | timedelta | None = None,
    week_start: str = "monday",
    endpoint: str | None = None,
) -> pl.DataFrame:
    """How times of ``kind`` are spread in ``[start, end)``: a row a window and band of values.

    Columns: ``window_start``, ``window_end`` (UTC), ``window_label`` (in ``zone``), ``low_ms``,
    ``high_ms`` (``[low, high)``: 0 to 0.1, then steps of 1, 2, 5 a decade; the last high is
    infinite), ``count`` (above 0: empty cells are left out). ``grain``: None takes one that fits
    (at most 100 windows). Raises BudgetExceeded, UsageError.
    """
    found = stream_spans(
        snapshot,
        "requests",
        start,
        end,
        zone,
        grain=grain,
        week_start=week_start,
        now=now,
        points=HEAT_POINTS,
    )
    bands = pl.DataFrame(list(pairwise(BANDS_MS)), schema=["low_ms", "high_ms"], orient="row")
    return engine.ask(
        sql("performance_heat"),
        {
            "kind": kind.value,
            "endpoint": endpoint,
            "from": start,
            "to": end,
            "bucket_us": found.bucket_us,
        },
        {
            "requests": snapshot.relation("requests", start, end),
            "windows": found.table,
            "bands": bands,
        },
    )


def strategies(
    engine: Engine, snapshot: Snapshot, *, start: datetime, end: datetime
) -> pl.DataFrame:
    """What was vectorised in ``[start, end)``, by strategy, the most used first.

    From the record of uploads: a failure has no time there, and mostly no strategy. Columns:
    ``strategy`` (null where none was recorded), ``count``, ``failed``, ``failure_rate`` (0 to 1),
    ``mean_ms``, ``p50_ms``, ``p95_ms``, ``p99_ms``, ``max_ms`` (null without times),
    ``mean_size_bytes`` (of the uploads). Raises BudgetExceeded.
    """
    return engine.ask(
        sql("strategies"),
        {"from": start, "to": end, "uploads": UPLOADS},
        {"activity": snapshot.relation("activity", start, end)},
    )
