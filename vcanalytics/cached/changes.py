"""What changed between two ranges of revenue, by one of several ways to part them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

import polars as pl

from vcanalytics.analytics.changes import by_price, changes, largest
from vcanalytics.analytics.transactions import Filters
from vcanalytics.cached import failures
from vcanalytics.cached.books import by_status, price_points, revenue, totals
from vcanalytics.cached.console import settings
from vcanalytics.model.parts import MONEY
from vcanalytics.model.windows import WEEKDAYS, Grain

__all__ = ["BY", "DEFAULT", "MONEY", "Compared", "changed", "largest"]


@dataclass(frozen=True, slots=True)
class Compared:
    """Two ranges, ``[start, end)`` and the one before, in a currency and zone."""

    start: datetime
    end: datetime
    before_start: datetime
    before_end: datetime
    currency: str
    zone: str
    now: datetime


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two ranges."""

    start: datetime
    end: datetime
    among: Compared

    def windows(self, grain: Grain) -> pl.DataFrame:
        found = revenue(
            self.start,
            self.end,
            grain=grain,
            zone=self.among.zone,
            week_start=settings().week_start,
            now=self.among.now,
        )
        return found.frame.filter(pl.col("currency") == self.among.currency)

    def whole(self, column: str) -> Decimal:
        found = totals(self.start, self.end, zone=self.among.zone, now=self.among.now)
        mine = found.filter(pl.col("currency") == self.among.currency)
        return Decimal(mine[column][0] or 0) if mine.height else Decimal(0)


Parts = tuple[pl.DataFrame, Decimal]


def _price(side: _Side) -> Parts:
    """Gross by price, and refunds, which take away: together they are net."""
    points = price_points(side.start, side.end, currency=side.among.currency).frame
    refunds = side.whole("refunds")
    return by_price(points, refunds, side.among.currency), side.whole("net")


def _hour(side: _Side) -> Parts:
    windows = side.windows(Grain.HOUR)
    return _added(windows, pl.col("window_label").str.slice(11, 2)), side.whole("net")


def _weekday(side: _Side) -> Parts:
    windows = side.windows(Grain.DAY)
    day = pl.col("window_label").str.slice(0, 10).str.to_date().dt.weekday() - 1
    names = pl.lit(pl.Series(WEEKDAYS))
    return _added(windows, names.gather(day)), side.whole("net")


def _added(windows: pl.DataFrame, name: pl.Expr) -> pl.DataFrame:
    return windows.group_by(name.alias("name")).agg(pl.col("net").sum().alias("value"))


def _state(side: _Side) -> Parts:
    wanted = Filters(start=side.start, end=side.end, samples=False)
    counts = by_status(wanted).frame.select(pl.col("status").alias("name"), value="count")
    return counts, Decimal(int(counts["value"].sum()))


def _error(side: _Side) -> Parts:
    found = failures.patterns(side.start, side.end).frame.filter(pl.col("currency").is_null())
    counts = found.group_by(name="pattern").agg(value=pl.col("count").sum())
    return counts, Decimal(int(counts["value"].sum()))


BY: Final[dict[str, Callable[[_Side], Parts]]] = {
    "price": _price,
    "hour": _hour,
    "weekday": _weekday,
    "state": _state,
    "error": _error,
}


#: The way that is taken where none is asked for.
DEFAULT: Final = "price"


def changed(by: str, asked: Compared) -> pl.DataFrame:
    """What the ranges differ in: the columns of ``analytics.changes.changes``.

    ``price``, ``hour`` and ``weekday`` (of the capture or refund, in the zone) add up to the
    difference of net, in the currency; ``state`` to that of attempts, ``error`` to that of failed
    payments, of all currencies. Raises BudgetExceeded, UsageError.
    """
    now, whole_now = BY[by](_Side(asked.start, asked.end, asked))
    before, whole_before = BY[by](_Side(asked.before_start, asked.before_end, asked))
    return changes(now, before, whole_now, whole_before)
