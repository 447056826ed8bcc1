"""Disputes and refunds, cached."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from vcanalytics.analytics import disputes as _disputes
from vcanalytics.cached.books import BOOKS, revenue
from vcanalytics.cached.console import Answer, Version, answer, settings, version
from vcanalytics.cached.regions import LIVE, REVENUE
from vcanalytics.model.windows import Grain, window_start

__all__ = ["by_price", "by_week", "waiting"]


@LIVE.keep()
def _waiting(at: Version) -> Answer:  # noqa: ARG001 - the key
    return answer(_disputes.open_disputes, sample_prefixes=settings().sample_prefixes)


def waiting(seen: Version | None = None) -> Answer:
    """Disputes that wait, the first due first: ``analytics.disputes.open_disputes``."""
    return _waiting(seen or version("disputes"))


@REVENUE.keep()
def _by_price(start: datetime, end: datetime, currency: str, at: Version) -> Answer:  # noqa: ARG001
    return answer(
        _disputes.refund_points,
        start=start,
        end=end,
        currency=currency,
        sample_prefixes=settings().sample_prefixes,
    )


def by_price(start: datetime, end: datetime, *, seen: Version | None = None) -> Answer:
    """How often each price is refunded: ``analytics.disputes.refund_points``."""
    return _by_price(start, end, settings().currency, seen or version(*BOOKS))


def by_week(
    start: datetime, end: datetime, *, zone: str, now: datetime, seen: Version | None = None
) -> Answer:
    """Refund rate by week, whole weeks from the one that holds ``start`` on."""
    week_start = settings().week_start
    first = window_start(start, Grain.WEEK, ZoneInfo(zone), week_start)
    found = revenue(
        first, end, grain=Grain.WEEK, zone=zone, week_start=week_start, now=now, seen=seen
    )
    frame: pl.DataFrame = _disputes.rates(found.frame, settings().currency)
    return Answer(frame, found.as_of)
