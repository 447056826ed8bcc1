"""Analytics' questions, cached: what pages and HTTP both ask.

A key carries the version (newest sequence number) of every stream an answer was read from, so that
new data is never hidden by a TTL; "now" is keyed to the minute. Answers are each caller's own copy.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from vcanalytics.analytics import feed as _feed
from vcanalytics.analytics import reconcile as _reconcile
from vcanalytics.analytics import revenue as _revenue
from vcanalytics.analytics import takings as _takings
from vcanalytics.analytics import timeline as _timeline
from vcanalytics.analytics import transactions as _transactions
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.transactions import LIMIT_MAX, Filters, Order
from vcanalytics.model.windows import Grain
from vcanalytics.settings import Settings, load_settings
from vcanalytics.store import Catalogue, Reader, Snapshot, StreamState

#: (stream, newest sequence number) pairs: what an answer was read from.
Version = tuple[tuple[str, int], ...]

BOOKS: Final = ("disputes", "transactions")
#: An answer of a version can only grow old by its "now"; the rest is memory.
_TTL: Final = timedelta(minutes=10)
_ENTRIES: Final = 200
#: Whole tables for export: few, and let go soon.
_WHOLE_TTL: Final = timedelta(minutes=1)
_WHOLE_ENTRIES: Final = 2


@dataclass(frozen=True, slots=True)
class _Console:
    settings: Settings
    catalogue: Catalogue
    reader: Reader
    engine: Engine


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of an answer, and when they were read."""

    frame: pl.DataFrame
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """One page of payments: its rows, and how many there are in all."""

    rows: pl.DataFrame
    total: int


@st.cache_resource(show_spinner=False)
def _console() -> _Console:
    settings = load_settings()
    catalogue = Catalogue.open(settings.data_dir)
    return _Console(settings, catalogue, Reader(catalogue), Engine(settings.query_budget_s))


def settings() -> Settings:
    """The console's settings."""
    return _console().settings


def grace() -> timedelta:
    """How long after a capture its account and mail may take."""
    return timedelta(minutes=settings().grace_minutes)


def streams() -> dict[str, StreamState]:
    """Every stream's state now: version, rows, newest time, last successful read, progress."""
    return _console().catalogue.states()


def source() -> dict[str, Any]:
    """What the collectors say of the source: ``problem``, ``since`` and more; empty if nothing."""
    fact = _console().catalogue.fact("source")
    return fact if isinstance(fact, dict) else {}


def version(*names: str) -> Version:
    """The version of the given streams now."""
    seqs = _console().catalogue.seqs()
    return tuple((name, seqs.get(name, 0)) for name in sorted(names))


def dump_version(at: Version) -> str:
    """A version as a link carries it."""
    return ",".join(f"{name}:{seq}" for name, seq in at)


def load_version(text: str) -> Version | None:
    """A version from a link; None where it is none."""
    parts = [part.partition(":") for part in text.split(",") if part]
    if not parts or not all(seq.isdigit() and len(seq) < 16 for _, _, seq in parts):
        return None
    return tuple(sorted((name, int(seq)) for name, _, seq in parts))


def minute(now: datetime) -> datetime:
    """``now`` as keys carry it: the minute that ends next, so that nothing of now is left out."""
    return now.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)


def as_time(value: object) -> datetime | None:
    """A time as facts keep it, or None."""
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _snapshot() -> Snapshot:
    return _console().reader.snapshot()


@st.cache_data(ttl=_TTL, max_entries=_ENTRIES, show_spinner=False)
def _windows(
    start: datetime,
    end: datetime,
    grain: str,
    zone: str,
    week_start: str,
    now: datetime,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    console, snapshot = _console(), _snapshot()
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


@st.cache_data(ttl=_TTL, max_entries=_ENTRIES, show_spinner=False)
def _totals(
    start: datetime,
    end: datetime,
    zone: str,
    now: datetime,
    at: Version,  # noqa: ARG001 - part of the key
) -> pl.DataFrame:
    console = _console()
    return _revenue.totals(
        console.engine,
        _snapshot(),
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


@st.cache_data(ttl=_TTL, max_entries=_ENTRIES, show_spinner=False)
def _steps(
    start: datetime,
    end: datetime,
    currency: str,
    step: timedelta,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    console, snapshot = _console(), _snapshot()
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


@st.cache_data(ttl=_TTL, max_entries=_ENTRIES, show_spinner=False)
def _rows(filters: Filters, order: str, limit: int, offset: int, at: Version) -> pl.DataFrame:  # noqa: ARG001
    console = _console()
    return _transactions.transactions(
        console.engine,
        _snapshot(),
        filters,
        order=Order(order),
        limit=limit,
        offset=offset,
        sample_prefixes=console.settings.sample_prefixes,
    )


@st.cache_data(ttl=_TTL, max_entries=_ENTRIES, show_spinner=False)
def _count(filters: Filters, at: Version) -> int:  # noqa: ARG001
    console = _console()
    prefixes = console.settings.sample_prefixes
    return _transactions.count(console.engine, _snapshot(), filters, sample_prefixes=prefixes)


def payments(filters: Filters, *, order: Order, limit: int, offset: int = 0) -> Page:
    """One page of the payments that pass ``filters``, and their number."""
    at = version("transactions")
    return Page(_rows(filters, order.value, limit, offset, at), _count(filters, at))


@st.cache_data(ttl=_WHOLE_TTL, max_entries=_WHOLE_ENTRIES, show_spinner=False)
def _whole(filters: Filters, order: str, at: Version) -> Answer:  # noqa: ARG001
    console, snapshot = _console(), _snapshot()
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


@st.cache_data(ttl=_TTL, max_entries=_ENTRIES, show_spinner=False)
def _statuses(filters: Filters, at: Version) -> Answer:  # noqa: ARG001
    console, snapshot = _console(), _snapshot()
    prefixes = console.settings.sample_prefixes
    frame = _transactions.by_status(console.engine, snapshot, filters, sample_prefixes=prefixes)
    return Answer(frame, snapshot.taken_at)


def by_status(filters: Filters, *, seen: Version | None = None) -> Answer:
    """How many payments that pass ``filters`` have each status: ``status``, ``count``."""
    return _statuses(filters, seen or version(*BOOKS))


@st.cache_data(ttl=_TTL, max_entries=_ENTRIES, show_spinner=False)
def _events(now: datetime, limit: int, at: Version) -> pl.DataFrame:  # noqa: ARG001
    console = _console()
    prefixes = console.settings.sample_prefixes
    return _feed.feed(console.engine, _snapshot(), now=now, limit=limit, sample_prefixes=prefixes)


def feed(*, now: datetime, limit: int) -> pl.DataFrame:
    """What happened to payments in the last 24 h, newest first: the columns of ``feed.feed``."""
    return _events(minute(now), limit, version(*BOOKS))


@st.cache_data(ttl=_TTL, max_entries=_ENTRIES, show_spinner=False)
def _story(transaction_id: str, at: Version) -> pl.DataFrame:  # noqa: ARG001
    return _timeline.timeline(_console().engine, _snapshot(), transaction_id)


def timeline(transaction_id: str) -> pl.DataFrame:
    """What happened to one payment, oldest first: ``happened_at``, ``what``, ``detail``."""
    return _story(transaction_id, version(*BOOKS, "mails"))


@st.cache_data(ttl=_TTL, max_entries=_ENTRIES, show_spinner=False)
def _one(transaction_id: str, at: Version) -> dict[str, Any] | None:  # noqa: ARG001
    current = _snapshot().current("transactions")
    found = current.filter(pl.col("transaction_id") == transaction_id)
    return found.row(0, named=True) if found.height else None


def payment(transaction_id: str) -> dict[str, Any] | None:
    """The newest version of one payment, also of a deleted one; None if it is unknown."""
    return _one(transaction_id, version("transactions"))


@st.cache_data(ttl=_TTL, max_entries=_ENTRIES, show_spinner=False)
def _findings(
    start: datetime | None,
    end: datetime | None,
    as_of: datetime,
    at: Version,  # noqa: ARG001 - part of the key
) -> Answer:
    console, snapshot = _console(), _snapshot()
    told = console.settings
    frame = _reconcile.reconcile(
        console.engine,
        snapshot,
        as_of=as_of,
        start=start,
        end=end,
        grace=timedelta(minutes=told.grace_minutes),
        stuck=timedelta(minutes=told.stuck_minutes),
        abandoned=timedelta(hours=told.abandoned_hours),
        currency=told.currency,
        captured_errors=told.captured_errors,
        sample_prefixes=told.sample_prefixes,
    )
    return Answer(frame, snapshot.taken_at)


def findings(
    start: datetime | None, end: datetime | None, *, now: datetime, seen: Version | None = None
) -> Answer:
    """What does not add up: the columns of ``analytics.reconcile.reconcile``.

    Ages are measured at the minute that has begun.
    """
    as_of = minute(now) - timedelta(minutes=1)
    return _findings(start, end, as_of, seen or version(*BOOKS))


@st.cache_data(
    ttl=timedelta(seconds=20), max_entries=8, refresh_mode="background", show_spinner=False
)
def open_work(names: tuple[str, ...]) -> int:
    """How many payments stand in the given findings, as the navigation says it: up to 20 s old."""
    found = findings(None, None, now=datetime.now(UTC)).frame
    return found.filter(pl.col("finding").is_in(names)).height
