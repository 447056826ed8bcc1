"""How things stand now: hosts, today's money, health, response times, how fresh it all is."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from vcanalytics import cached
from vcanalytics.analytics.transactions import Filters, Order
from vcanalytics.cached import settings
from vcanalytics.model import measures
from vcanalytics.model.windows import Grain, Window, window_start, windows
from vcanalytics.web.api.answers import Moment, Told, answer, clock, written
from vcanalytics.web.api.asked import Nothing
from vcanalytics.web.api.components import Component, Overall, components, overall
from vcanalytics.web.api.faults import Route

router: Final = APIRouter(route_class=Route, tags=["now"])
#: What is still open: the source's own words.
_OPEN: Final = ("pending", "awaiting_payment")
#: Response times of the moment.
_REACH: Final = timedelta(hours=1)
#: Rows that VectorCraft's own panel drew beside the figures.
_RECENT: Final = 5


class System(BaseModel):
    """A host as it was sampled last; null where that was more than an hour ago."""

    cpu_percent: float | None
    memory_percent: float | None
    disk_percent: float | None = Field(description="Of the disk that the console's data lies on")
    host: str | None = Field(description="Which host: the console's own goes before VectorCraft's")
    sampled_at: Moment | None
    measures: dict[str, float] = Field(
        description="Every measure that is one a host; units stand last in the names"
    )


class Today(BaseModel):
    """Today's money, by the operator's zone and in the headline currency alone."""

    total_revenue: float = Field(description="Net: gross less refunds")
    transaction_count: int = Field(description="Payments begun today")
    pending_transactions: int = Field(description="Of these, still pending or awaiting payment")
    failed_transactions: int = Field(description="Of these, failed and not captured")
    captured_transactions: int = Field(description="Payments captured today")
    currency: str
    day_start: Moment


class Health(BaseModel):
    """The worst of all components, and each."""

    overall_status: Overall
    components: dict[str, Component]


class Times(BaseModel):
    """Response times of one kind, in milliseconds."""

    count: int
    errors: int
    error_rate: float | None
    mean_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    max_ms: float | None


class Recent(BaseModel):
    """One of the newest payments."""

    transaction_id: str
    created_at: Moment
    status: str | None
    amount: float | None
    currency: str | None


class Live(Told):
    """How things stand now."""

    system_metrics: System
    revenue_metrics: Today
    health_summary: Health
    performance_metrics: dict[str, Times] = Field(description="The last hour, by kind")
    freshness: dict[str, float | None] = Field(
        description="Seconds since each stream was last read with success; null before the first"
    )
    recent_transactions: list[Recent]


@router.get("/metrics/live", response_model=Live)
async def metrics_live(request: Request, _asked: Annotated[Nothing, Query()]) -> Response:
    """How things stand now."""
    now = clock(request)
    return await answer(request, lambda: live(now))


def live(now: datetime) -> Live:
    """The answer as of ``now``; also what the push socket tells."""
    found = cached.watch.watched(now)
    return Live(
        timestamp=written(now),
        system_metrics=system(now),
        revenue_metrics=today(now),
        health_summary=Health(
            overall_status=overall(found), components=components(found.overview.components)
        ),
        performance_metrics=times(now, _REACH),
        freshness=freshness(now),
        recent_transactions=recent(),
    )


def system(now: datetime) -> System:
    """The console's own host, else what VectorCraft sampled of its own."""
    frame = cached.system.newest(now=now).frame
    own = cached.own_host()
    order = frame["host"].unique().to_list()
    hosts = sorted(order, key=lambda host: (host != own, host == measures.VECTORCRAFT, host))
    mine = frame.filter(pl.col("host") == (hosts[0] if hosts else ""))
    single = {row["measure"]: row["value"] for row in mine.filter(pl.col("item") == "").to_dicts()}
    disks = mine.filter(pl.col("measure") == "disk_percent").sort(
        pl.col("item") != measures.DATA_DISK, pl.col("item") != "", maintain_order=True
    )
    sampled_at = mine["happened_at"].max()
    return System(
        cpu_percent=single.get("cpu_percent"),
        memory_percent=single.get("memory_percent"),
        disk_percent=disks["value"][0] if disks.height else None,
        host=hosts[0] if hosts else None,
        sampled_at=written(sampled_at) if isinstance(sampled_at, datetime) else None,
        measures=single,
    )


def day_of(now: datetime) -> Window:
    """The operator's day that holds ``now``."""
    start = window_start(now, Grain.DAY, settings().zone)
    return windows(start, start + timedelta(microseconds=1), Grain.DAY, settings().zone)[0]


def today(now: datetime) -> Today:
    """Today's money as ``revenue`` and ``transactions`` count it, samples left out."""
    day, currency = day_of(now), settings().currency
    frame = cached.totals(day.start, day.end, zone=settings().timezone, now=now)
    found = frame.filter(pl.col("currency") == currency).to_dicts()
    row: dict[str, Any] = found[0] if found else {}
    begun = Filters(start=day.start, end=day.end, currency=currency, samples=False)
    states = dict(cached.by_status(begun).frame.iter_rows())
    return Today(
        total_revenue=float(row.get("net", Decimal(0))),
        transaction_count=row.get("attempts", 0),
        pending_transactions=sum(states.get(status, 0) for status in _OPEN),
        failed_transactions=row.get("failed", 0),
        captured_transactions=row.get("captured", 0),
        currency=currency,
        day_start=day.label.isoformat(),
    )


def times(now: datetime, reach: timedelta) -> dict[str, Times]:
    """Response times of the last ``reach``, by kind."""
    end = cached.minute(now)
    frame = cached.performance_summary(end - reach, end).frame
    return {
        row["kind"]: Times(**{n: row[n] for n in Times.model_fields}) for row in frame.to_dicts()
    }


def freshness(now: datetime) -> dict[str, float | None]:
    """How long ago each stream was last read with success, in seconds."""
    return {row["stream"]: row["lag_s"] for row in cached.stream_table(now=now).to_dicts()}


def recent() -> list[Recent]:
    """The newest payments."""
    page = cached.payments(Filters(samples=False), order=Order.NEWEST, limit=_RECENT)
    return [
        Recent(
            transaction_id=row["transaction_id"],
            created_at=written(row["created_at"]),
            status=row["status"],
            amount=None if row["amount"] is None else float(row["amount"]),
            currency=row["currency"],
        )
        for row in page.rows.to_dicts()
    ]
