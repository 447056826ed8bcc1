"""Response times over time, by endpoint and as a distribution; vectorising by strategy.

Definitions: the contract's percentiles and errors. ``kind`` is one of ``latency.Kind``: requests,
database queries, vectorising, PayPal's API.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.analytics.latency import Kind, latency
from vcanalytics.analytics.sketches import figures, spread
from vcanalytics.analytics.sources import EXACT_ROWS, bands, is_exact
from vcanalytics.analytics.spans import stream_spans
from vcanalytics.model import thresholds
from vcanalytics.model.streams import INGEST
from vcanalytics.model.windows import Grain
from vcanalytics.store import Snapshot
from vcanalytics.store.cells.counting import FINE

VECTORISATION: Final = "vectorisation"
#: What vectorisations are recorded in, each once: VectorCraft's table, and what programs send.
RECORDS: Final = ("user_uploads", INGEST)
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
    exact_rows: int = EXACT_ROWS,
) -> pl.DataFrame:
    """Times of ``kind`` in ``[start, end)``, a row a window, oldest first, empty windows too.

    Columns: ``window_start``, ``window_end`` (UTC), ``window_label`` (the start in ``zone``, ISO
    8601 with its offset), ``count``, ``errors`` (status other than success or healthy),
    ``error_rate`` (0 to 1), ``mean_ms``, ``p50_ms``, ``p95_ms``, ``p99_ms``, ``max_ms`` (all null
    where nothing was measured), ``complete``, ``method``, ``error_bound`` (as ``latency.latency``).
    ``grain``: None takes one that fits (at most 300 windows, from seconds on); a timedelta one of
    1, 5, 10, 15, 30 s, 1, 5, 15 min. ``endpoint``: that one alone. Raises BudgetExceeded,
    UsageError.
    """
    found = stream_spans(
        snapshot, "requests", start, end, zone, grain=grain, week_start=week_start, now=now
    )
    if not is_exact(engine, snapshot, start, end, kind=kind.value, exact_rows=exact_rows):
        told = figures(
            engine,
            snapshot,
            by="window",
            kind=kind.value,
            endpoint=endpoint,
            start=start,
            end=end,
            windows=found.found,
        )
        return _by_window(found.table, told)
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


_WINDOWS: Final = (
    "window_start",
    "window_end",
    "window_label",
    "count",
    "errors",
    "error_rate",
    "mean_ms",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "max_ms",
    "complete",
    "method",
    "error_bound",
)


def _by_window(windows: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Every window with its figures, also those in which nothing was measured."""
    slots = windows.with_row_index("slot").with_columns(pl.col("slot").cast(pl.Int64))
    return (
        slots.join(told, on="slot", how="left", maintain_order="left")
        .with_columns(
            pl.col("count", "errors").fill_null(0),
            pl.lit("sketch").alias("method"),
            # Nothing is estimated where nothing was measured.
            pl.when(pl.col("count").is_null())
            .then(0.0)
            .otherwise("error_bound")
            .alias("error_bound"),
        )
        .select(_WINDOWS)
    )


def summary(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    slow_ms: float = thresholds.QUERY_MS,
    exact_rows: int = EXACT_ROWS,
) -> pl.DataFrame:
    """All endpoints together in ``[start, end)``: one row a kind in which anything was measured.

    Columns: ``kind`` (as the source has it), ``count``, ``errors``, ``error_rate`` (0 to 1),
    ``mean_ms``, ``p50_ms``, ``p95_ms``, ``p99_ms``, ``max_ms``, ``slow`` (how many took longer than
    ``slow_ms``; exactly where that is an edge of a band, else of the bands wholly above),
    ``method``, ``error_bound`` (as ``latency.latency``). Raises BudgetExceeded.
    """
    if not is_exact(engine, snapshot, start, end, exact_rows=exact_rows):
        found = figures(engine, snapshot, by="kind", start=start, end=end, slow_ms=slow_ms)
        return found.rename({"name": "kind"}).select(_KINDS)
    return engine.ask(
        sql("performance_kinds"),
        {"from": start, "to": end, "fine": list(FINE), "slow_ms": slow_ms},
        {"requests": snapshot.relation("requests", start, end)},
    )


_KINDS: Final = (
    "kind",
    "count",
    "errors",
    "error_rate",
    "mean_ms",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "max_ms",
    "slow",
    "method",
    "error_bound",
)


def by_endpoint(
    engine: Engine,
    snapshot: Snapshot,
    *,
    kind: Kind,
    start: datetime,
    end: datetime,
    exact_rows: int = EXACT_ROWS,
) -> pl.DataFrame:
    """Times of ``kind`` in ``[start, end)``, a row an endpoint, the slowest (by p95) first.

    Columns: those of ``latency.latency``, ``error_rate`` (0 to 1), ``place`` (1 is the slowest) and
    ``time_share`` (of all the time that was spent, 0 to 1). For vectorising the endpoint is the
    strategy, for the database the query. Raises BudgetExceeded.
    """
    found = latency(engine, snapshot, kind=kind, start=start, end=end, exact_rows=exact_rows)
    spent = pl.col("count") * pl.col("mean_ms")
    return (
        found.with_columns((pl.col("errors") / pl.col("count")).alias("error_rate"))
        .sort(["p95_ms", "endpoint"], descending=[True, False])
        .with_columns(
            pl.int_range(1, pl.len() + 1).alias("place"),
            # Where all took no time none took a share of it.
            (spent / spent.sum()).fill_nan(0.0).alias("time_share"),
        )
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
    exact_rows: int = EXACT_ROWS,
) -> pl.DataFrame:
    """How times of ``kind`` are spread in ``[start, end)``: a row a window and band of values.

    Columns: ``window_start``, ``window_end`` (UTC), ``window_label`` (in ``zone``), ``low_ms``,
    ``high_ms`` (``(low, high]``: everything up to 0.1, then steps of 1, 2, 5 a decade; the last
    high is infinite), ``count`` (exact; above 0: empty cells are left out). ``grain``: None takes
    one that fits (at most 100 windows). Raises BudgetExceeded, UsageError.
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
    if not is_exact(engine, snapshot, start, end, kind=kind.value, exact_rows=exact_rows):
        counts = spread(
            engine,
            snapshot,
            kind=kind.value,
            endpoint=endpoint,
            start=start,
            end=end,
            windows=found.found,
        )
        slots = found.table.with_row_index("slot").with_columns(pl.col("slot").cast(pl.Int64))
        return slots.join(counts, on="slot", maintain_order="left_right").select(_CELLS)
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
            "bands": bands()["bands"],
        },
    )


_CELLS: Final = ("window_start", "window_end", "window_label", "low_ms", "high_ms", "count")


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
        {"from": start, "to": end, "vectorisation": VECTORISATION, "records": list(RECORDS)},
        {"activity": snapshot.relation("activity", start, end)},
    )
