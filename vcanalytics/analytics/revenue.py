"""Takings: revenue by window, its totals, and what prices were paid. Definitions: the contract."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics.books import STATUSES, minor_units, payments, sample_pattern
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.model.times import in_zone
from vcanalytics.model.windows import Grain, Window, windows
from vcanalytics.store import Snapshot
from vcanalytics.store.state import to_micros

_SECOND_US: Final = 1_000_000
_WINDOWS: Final = pl.Schema(
    {
        "window_start": pl.Datetime("us", "UTC"),
        "window_end": pl.Datetime("us", "UTC"),
        "window_label": pl.String(),
        "first_bucket": pl.Int64(),
        "next_bucket": pl.Int64(),
        "complete": pl.Boolean(),
    }
)


@dataclass(frozen=True, slots=True)
class _Edges:
    """Windows as a table, and the bucket (microseconds) of which all their edges are multiples."""

    table: pl.DataFrame
    bucket_us: int


def read_until(snapshot: Snapshot) -> datetime | None:
    """When the payments were last read with success; None before the first read is through."""
    state = snapshot.state("transactions")
    return None if state.reading_history else state.read_at


def _edges(
    found: Sequence[Window], start: datetime, end: datetime, now: datetime, read_at: datetime | None
) -> _Edges:
    # A handful of buckets instead of a hundred thousand moments is what the windows are joined on.
    bucket_us = math.gcd(*(to_micros(w.start) for w in found), to_micros(found[-1].end))
    rows = [
        (
            window.start,
            window.end,
            window.label.isoformat(),
            to_micros(window.start) // bucket_us,
            to_micros(window.end) // bucket_us,
            start <= window.start
            and window.end <= end
            and window.end <= now
            and read_at is not None
            and window.end <= read_at,
        )
        for window in found
    ]
    return _Edges(pl.DataFrame(rows, schema=_WINDOWS, orient="row"), bucket_us)


def _one_window(
    start: datetime, end: datetime, zone: ZoneInfo, now: datetime, read_at: datetime | None
) -> _Edges:
    # Every event that counts lies in [start, end) already: one bucket longer than all of time.
    bucket_us = to_micros(datetime.max.replace(tzinfo=start.tzinfo)) + 1
    over = end <= now and read_at is not None and end <= read_at
    rows = [(start, end, in_zone(start, zone).isoformat(), 0, 1, over)]
    return _Edges(pl.DataFrame(rows, schema=_WINDOWS, orient="row"), bucket_us)


def _ask(
    engine: Engine,
    snapshot: Snapshot,
    edges: _Edges,
    params: dict[str, Any],
    sample_prefixes: Sequence[str],
) -> pl.DataFrame:
    return engine.ask(
        sql("payments", "revenue"),
        params
        | {
            "samples": sample_pattern(sample_prefixes),
            "bucket_us": edges.bucket_us,
            "failed": STATUSES["failed"],
        },
        payments(snapshot) | {"windows": edges.table, "minor_units": minor_units()},
    )


def revenue(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    grain: Grain,
    zone: ZoneInfo,
    now: datetime,
    week_start: str = "monday",
    currency: str | None = None,
    default_currency: str = "USD",
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """Figures of each window that ``[start, end)`` touches, a row a currency, oldest first.

    Columns: ``window_start``, ``window_end`` (UTC), ``window_label`` (the start in ``zone``, ISO
    8601 with its offset), ``currency``, ``attempts``, ``captured``, ``refunded``, ``failed``
    (counts), ``gross``, ``refunds``, ``net`` (money, exact), ``average`` (money, half-even to the
    currency's digits; null where nothing was captured), ``success_rate`` (0 to 1, null without
    attempts), ``complete``, ``attempts_captured`` (what success_rate counts). Windows without
    events are given, with zeros, for each currency ever seen, else ``default_currency``; with
    ``currency`` for that one alone. By hours of the last day this is also what sparklines draw.
    Raises UsageError for more than 100,000 windows, BudgetExceeded.
    """
    found = windows(start, end, grain, zone, week_start)
    if not found:
        return totals(
            engine,
            snapshot,
            start=start,
            end=start,
            zone=zone,
            now=now,
            currency=currency,
            default_currency=default_currency,
            sample_prefixes=sample_prefixes,
        ).clear()
    return _ask(
        engine,
        snapshot,
        _edges(found, start, end, now, read_until(snapshot)),
        {"from": start, "to": end, "currency": currency, "default_currency": default_currency},
        sample_prefixes,
    )


def totals(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
    now: datetime,
    currency: str | None = None,
    default_currency: str = "USD",
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """Figures of ``[start, end)`` as one window: the columns of ``revenue``, one row a currency."""
    return _ask(
        engine,
        snapshot,
        _one_window(start, end, zone, now, read_until(snapshot)),
        {"from": start, "to": end, "currency": currency, "default_currency": default_currency},
        sample_prefixes,
    )


def price_points(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    currency: str,
    sample_prefixes: Sequence[str] = (),
    limit: int = 50,
) -> pl.DataFrame:
    """What was paid in ``[start, end)`` by time of capture: one row a captured amount.

    Columns: ``amount`` (money in ``currency``; null where no amount was readable), ``captured``
    (count), ``gross`` (money), ``share`` (of all captured in the range, 0 to 1). The most frequent
    first; at most ``limit`` rows.
    """
    return engine.ask(
        sql("payments", "price_points"),
        {
            "samples": sample_pattern(sample_prefixes),
            "from": start,
            "to": end,
            "currency": currency,
            "limit": limit,
        },
        payments(snapshot),
    )
