"""Takings as they came in: money captured step by step, for charts of "how much so far"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from vcanalytics.analytics.books import payments, sample_pattern
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.store import Snapshot


def takings(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    currency: str,
    step: timedelta = timedelta(minutes=1),
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """What was captured in ``[start, end)``, a row a step in which anything was, oldest first.

    Columns: ``step_start`` (UTC, a whole number of steps from ``start``), ``captured`` (count),
    ``gross`` (money in ``currency``, exact). Definitions: the contract's captured and gross.
    """
    return engine.ask(
        sql("payments", "takings"),
        {
            "samples": sample_pattern(sample_prefixes),
            "from": start,
            "to": end,
            "currency": currency,
            "step_us": step // timedelta(microseconds=1),
        },
        payments(snapshot, since=start, until=end, by=("captured_at",)),
    )
