"""Takings: revenue by window, its totals, and what prices were paid. Definitions: the contract."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from vcanalytics.analytics import booked
from vcanalytics.analytics.booked import whole_books
from vcanalytics.analytics.books import (
    STATUSES,
    minor_units,
    payments,
    sample_pattern,
    seen_currencies,
    with_cases,
)
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.model.times import in_zone
from vcanalytics.model.windows import Grain, Window, windows
from vcanalytics.store import Snapshot
from vcanalytics.store.books.held import Numbers
from vcanalytics.store.state import to_micros

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


def read_until(snapshot: Snapshot) -> datetime | None:
    """When the payments were last read with success; None before the first read is through."""
    state = snapshot.state("transactions")
    return None if state.reading_history else state.read_at


def _bucket_us(edges: Numbers) -> int:
    """The longest bucket, in microseconds, of which every edge is a multiple.

    A handful of buckets, instead of a hundred thousand moments, is what windows are joined on.
    """
    if len(edges) == 1:
        # Every event that counts lies in the one window already: a bucket longer than all of time.
        return to_micros(datetime.max.replace(tzinfo=UTC)) + 1
    return int(np.gcd.reduce(edges.reshape(-1))) or 1


def figures(
    engine: Engine,
    snapshot: Snapshot,
    found: Sequence[Window],
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    currency: str | None = None,
    default_currency: str = "USD",
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """Figures of any windows that do not overlap: the columns of ``revenue``, a row a currency.

    Only events in ``[start, end)`` count. The books answer where they are whole and were made for
    these samples, else the rows are counted; both say the same. Raises BudgetExceeded.
    """
    books = whole_books(snapshot, sample_prefixes)
    seen = seen_currencies(snapshot, sample_prefixes) if books is None else books.currencies
    shown = [currency] if currency else (seen or [default_currency])
    edges = np.array([(to_micros(w.start), to_micros(w.end)) for w in found], np.int64)
    edges = edges.reshape(-1, 2)
    bucket_us = _bucket_us(edges)
    tables = {
        "windows": _table(snapshot, found, edges, bucket_us, start=start, end=end, now=now),
        "currencies": minor_units(shown),
    }
    spans = np.clip(edges, to_micros(start), max(to_micros(start), to_micros(end)))
    sums = None if books is None else booked.sums(snapshot, books, spans, shown)
    if sums is not None:
        tables["booked"] = booked.table(tables["windows"]["window_start"], sums)
        return engine.ask(sql("revenue_cells", "revenue"), {}, tables)
    return engine.ask(
        sql("payments", "revenue_rows", "revenue"),
        {
            "samples": sample_pattern(sample_prefixes),
            "from": start,
            "to": end,
            "bucket_us": bucket_us,
            "failed": STATUSES["failed"],
        },
        with_cases(engine, snapshot, payments(snapshot, since=start, until=end), start, end)
        | tables,
    )


def _table(
    snapshot: Snapshot,
    found: Sequence[Window],
    edges: Numbers,
    bucket_us: int,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
) -> pl.DataFrame:
    """Windows as SQL joins on them; ``edges`` are theirs in microseconds."""
    read_at = read_until(snapshot)
    if read_at is None:
        complete = np.zeros(len(edges), bool)
    else:
        over = to_micros(min(now, end, read_at))
        complete = (edges[:, 0] >= to_micros(start)) & (edges[:, 1] <= over)
    alone = len(edges) == 1
    return pl.DataFrame(
        {
            "window_start": pl.Series(edges[:, 0]).cast(_WINDOWS["window_start"]),
            "window_end": pl.Series(edges[:, 1]).cast(_WINDOWS["window_end"]),
            "window_label": [window.label.isoformat() for window in found],
            "first_bucket": [0] if alone else edges[:, 0] // bucket_us,
            "next_bucket": [1] if alone else edges[:, 1] // bucket_us,
            "complete": complete,
        },
        schema=_WINDOWS,
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
    return figures(
        engine,
        snapshot,
        windows(start, end, grain, zone, week_start),
        start=start,
        end=end,
        now=now,
        currency=currency,
        default_currency=default_currency,
        sample_prefixes=sample_prefixes,
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
    return figures(
        engine,
        snapshot,
        [Window(start, end, in_zone(start, zone))] if start < end else [],
        start=start,
        end=end,
        now=now,
        currency=currency,
        default_currency=default_currency,
        sample_prefixes=sample_prefixes,
    )
