"""Payments and money, cached: revenue, takings, lists, the feed, timelines and findings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from vcanalytics.analytics import feed as _feed
from vcanalytics.analytics import flow as _flow
from vcanalytics.analytics import hours as _hours
from vcanalytics.analytics import prices as _prices
from vcanalytics.analytics import reconcile as _reconcile
from vcanalytics.analytics import revenue as _revenue
from vcanalytics.analytics import takings as _takings
from vcanalytics.analytics import timeline as _timeline
from vcanalytics.analytics import transactions as _transactions
from vcanalytics.analytics.transactions import LIMIT_MAX, Filters, Order
from vcanalytics.cached.console import (
    Answer,
    Version,
    answer,
    minute,
    open_console,
    settings,
    take_snapshot,
    version,
)
from vcanalytics.cached.first_look import BeingCounted, FirstLook
from vcanalytics.cached.regions import LIVE, REVENUE
from vcanalytics.model.windows import Grain

BOOKS: Final = ("disputes", "transactions")
#: Whole tables for export: few, for they may be of any size.
_WHOLE_ENTRIES: Final = 2


#: Beyond, an answer hour by hour is more than a page should ask for.
HOURS_LONGEST: Final = timedelta(days=400)
#: A shop has a handful of prices; coupons make some more.
_PRICES_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """One page of payments: its rows, and how many there are in all."""

    rows: pl.DataFrame
    total: int


@REVENUE.keep()
def _windows(
    start: datetime,
    end: datetime,
    grain: str,
    zone: str,
    week_start: str,
    now: datetime,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    console, snapshot = open_console(), take_snapshot()
    frame = _revenue.revenue(
        console.engine,
        snapshot,
        start=start,
        end=end,
        grain=Grain(grain),
        zone=ZoneInfo(zone),
        now=now,
        week_start=week_start,
        default_currency=console.settings.currency,
        sample_prefixes=console.settings.sample_prefixes,
    )
    return Answer(frame, snapshot.taken_at)


def revenue(
    start: datetime,
    end: datetime,
    *,
    grain: Grain,
    zone: str,
    week_start: str,
    now: datetime,
    seen: Version | None = None,
) -> Answer:
    """Figures of each window, a row a currency: the columns of ``analytics.revenue.revenue``.

    ``seen`` asks for the answer of a version that was on a screen, where it is still kept.
    """
    at = seen or version(*BOOKS)
    return _windows(start, end, grain.value, zone, week_start, minute(now), at)


def hours_of_week(
    start: datetime,
    end: datetime,
    *,
    currency: str,
    zone: str,
    now: datetime,
    seen: Version | None = None,
) -> Answer:
    """Revenue by weekday and hour: ``analytics.hours.hours_of_week``; of at most HOURS_LONGEST.

    Of a longer range its end counts.
    """
    found = revenue(
        max(start, end - HOURS_LONGEST),
        end,
        grain=Grain.HOUR,
        zone=zone,
        week_start=settings().week_start,
        now=now,
        seen=seen,
    )
    mine = found.frame.filter(pl.col("currency") == currency)
    frame: pl.DataFrame = _hours.hours_of_week(mine)
    return Answer(frame, found.as_of)


@REVENUE.keep()
def _totals(
    start: datetime,
    end: datetime,
    zone: str,
    now: datetime,
    at: Version,  # noqa: ARG001 - part of the key
) -> pl.DataFrame:
    console = open_console()
    return _revenue.totals(
        console.engine,
        take_snapshot(),
        start=start,
        end=end,
        zone=ZoneInfo(zone),
        now=now,
        default_currency=console.settings.currency,
        sample_prefixes=console.settings.sample_prefixes,
    )


def totals(start: datetime, end: datetime, *, zone: str, now: datetime) -> pl.DataFrame:
    """Figures of ``[start, end)`` as one window, a row a currency."""
    return _totals(start, end, zone, minute(now), version(*BOOKS))


@REVENUE.keep()
def _steps(
    start: datetime,
    end: datetime,
    currency: str,
    step: timedelta,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    console, snapshot = open_console(), take_snapshot()
    frame = _takings.takings(
        console.engine,
        snapshot,
        start=start,
        end=end,
        currency=currency,
        step=step,
        sample_prefixes=console.settings.sample_prefixes,
    )
    return Answer(frame, snapshot.taken_at)


def takings(
    start: datetime,
    end: datetime,
    *,
    currency: str,
    step: timedelta = timedelta(minutes=1),
    seen: Version | None = None,
) -> Answer:
    """Money captured step by step: ``step_start``, ``captured``, ``gross``."""
    return _steps(start, end, currency, step, seen or version(*BOOKS))


@REVENUE.keep()
def _points(start: datetime, end: datetime, currency: str, at: Version) -> Answer:  # noqa: ARG001
    prefixes = open_console().settings.sample_prefixes
    return answer(
        _prices.price_points,
        start=start,
        end=end,
        currency=currency,
        sample_prefixes=prefixes,
        limit=_PRICES_MAX,
    )


def price_points(
    start: datetime, end: datetime, *, currency: str, seen: Version | None = None
) -> Answer:
    """What was paid, the most frequent price first: ``analytics.prices.price_points``."""
    return _points(start, end, currency, seen or version(*BOOKS))


@LIVE.keep()
def _rows(filters: Filters, order: str, limit: int, offset: int, at: Version) -> pl.DataFrame:  # noqa: ARG001
    console = open_console()
    return _transactions.transactions(
        console.engine,
        take_snapshot(),
        filters,
        order=Order(order),
        limit=limit,
        offset=offset,
        sample_prefixes=console.settings.sample_prefixes,
    )


@LIVE.keep()
def _count(filters: Filters, at: Version) -> int:  # noqa: ARG001
    console = open_console()
    prefixes = console.settings.sample_prefixes
    return _transactions.count(console.engine, take_snapshot(), filters, sample_prefixes=prefixes)


def payments(filters: Filters, *, order: Order, limit: int, offset: int = 0) -> Page:
    """One page of the payments that pass ``filters``, and their number."""
    at = version("transactions")
    return Page(_rows(filters, order.value, limit, offset, at), _count(filters, at))


def newest_payments(filters: Filters, *, limit: int, offset: int = 0) -> pl.DataFrame:
    """The newest payments that pass ``filters``, not counting the others."""
    return _rows(filters, Order.NEWEST.value, limit, offset, version("transactions"))


def payment_count(filters: Filters) -> int:
    """How many payments pass ``filters``."""
    return _count(filters, version("transactions"))


@LIVE.keep(entries=_WHOLE_ENTRIES, whole=True)
def _whole(filters: Filters, order: str, at: Version) -> Answer:  # noqa: ARG001
    console, snapshot = open_console(), take_snapshot()
    frame = _transactions.transactions(
        console.engine,
        snapshot,
        filters,
        order=Order(order),
        limit=LIMIT_MAX,
        sample_prefixes=console.settings.sample_prefixes,
    )
    return Answer(frame, snapshot.taken_at)


def all_payments(filters: Filters, *, order: Order) -> Answer:
    """Every payment that passes ``filters``, for export."""
    return _whole(filters, order.value, version("transactions"))


@LIVE.keep()
def _statuses(filters: Filters, at: Version) -> Answer:  # noqa: ARG001
    console, snapshot = open_console(), take_snapshot()
    prefixes = console.settings.sample_prefixes
    frame = _transactions.by_status(console.engine, snapshot, filters, sample_prefixes=prefixes)
    return Answer(frame, snapshot.taken_at)


def by_status(filters: Filters, *, seen: Version | None = None) -> Answer:
    """How many payments that pass ``filters`` have each status: ``status``, ``count``."""
    return _statuses(filters, seen or version(*BOOKS))


@LIVE.keep()
def _states_passed(start: datetime, end: datetime, at: Version) -> Answer:  # noqa: ARG001
    prefixes = settings().sample_prefixes
    return answer(_flow.steps, start=start, end=end, sample_prefixes=prefixes)


def steps(start: datetime, end: datetime, *, seen: Version | None = None) -> Answer:
    """From state to state of payments begun in the range: the columns of ``flow.steps``."""
    return _states_passed(start, end, seen or version("transactions"))


@LIVE.keep()
def _events(now: datetime, limit: int, at: Version) -> pl.DataFrame:  # noqa: ARG001
    console = open_console()
    prefixes = console.settings.sample_prefixes
    return _feed.feed(
        console.engine, take_snapshot(), now=now, limit=limit, sample_prefixes=prefixes
    )


def feed(*, now: datetime, limit: int) -> pl.DataFrame:
    """What happened to payments in the last 24 h, newest first: the columns of ``feed.feed``."""
    return _events(minute(now), limit, version(*BOOKS))


@LIVE.keep()
def _story(transaction_id: str, at: Version) -> pl.DataFrame:  # noqa: ARG001
    return _timeline.timeline(open_console().engine, take_snapshot(), transaction_id)


def timeline(transaction_id: str) -> pl.DataFrame:
    """What happened to one payment, oldest first: ``happened_at``, ``what``, ``detail``."""
    return _story(transaction_id, version(*BOOKS, "mails"))


@LIVE.keep()
def _one(transaction_id: str, at: Version) -> dict[str, Any] | None:  # noqa: ARG001
    return _transactions.transaction(open_console().engine, take_snapshot(), transaction_id)


def payment(transaction_id: str) -> dict[str, Any] | None:
    """The newest version of one payment, also of a deleted one; None if it is unknown."""
    return _one(transaction_id, version("transactions"))


@LIVE.keep()
def _findings(
    start: datetime | None,
    end: datetime | None,
    as_of: datetime,
    only: tuple[str, ...],
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    console, snapshot = open_console(), take_snapshot()
    told = console.settings
    frame = _reconcile.reconcile(
        console.engine,
        snapshot,
        as_of=as_of,
        start=start,
        end=end,
        **_reconcile.terms(told),
        only=only,
    )
    return Answer(frame, snapshot.taken_at)


def findings(
    start: datetime | None,
    end: datetime | None,
    *,
    now: datetime,
    as_of: datetime | None = None,
    only: tuple[str, ...] = _reconcile.FINDINGS,
    seen: Version | None = None,
) -> Answer:
    """What does not add up: the columns of ``analytics.reconcile.reconcile``.

    Ages are measured at ``as_of``, else at the minute that has begun.
    """
    at = as_of or minute(now) - timedelta(minutes=1)
    return _findings(start, end, at, only, seen or version(*BOOKS))


@LIVE.keep()
def _kept(names: tuple[str, ...], as_of: datetime, at: Version) -> pl.DataFrame:  # noqa: ARG001
    return _looked_through(names, as_of)


@st.cache_resource(show_spinner=False)
def _first_look() -> FirstLook:
    def look() -> None:
        _looked_through(_reconcile.KEPT, datetime.now(UTC))

    return FirstLook(look)


def _looked_through(names: tuple[str, ...], as_of: datetime) -> pl.DataFrame:
    console = open_console()
    told = console.settings
    return _reconcile.kept_findings(
        console.engine,
        take_snapshot(),
        console.candidates,
        as_of=as_of,
        **_reconcile.terms(told),
        only=names,
    )


def waiting(names: tuple[str, ...], *, now: datetime) -> pl.DataFrame:
    """Findings of these names among all payments: the columns of ``analytics.reconcile.reconcile``.

    Of now, whatever their age; none of them may be ``abandoned``. What is kept of files answers
    them. Raises BeingCounted while all of history is gone through after a start.
    """
    return waiting_at(names, minute(now) - timedelta(minutes=1))


def waiting_at(names: tuple[str, ...], as_of: datetime) -> pl.DataFrame:
    """The same, their ages measured at ``as_of``."""
    if not _first_look().over(settings().query_budget_s):
        raise BeingCounted
    return _kept(names, as_of, version(*BOOKS))
