"""How things stand now: hosts, today's money, health, response times, how fresh it all is."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from vcanalytics import cached
from vcanalytics.analytics.transactions import Filters
from vcanalytics.cached import settings
from vcanalytics.model import measures
from vcanalytics.model.streams import STREAMS
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
_DAY: Final = timedelta(hours=24)
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
    recent_transactions: list[Recent] = Field(
        max_length=_RECENT, description="The newest of the last 24 hours, samples left out"
    )


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
        recent_transactions=recent(now),
    )


def system(now: datetime) -> System:
    """The console's own host, else what VectorCraft sampled of its own."""
    # By hand: of a few dozen rows each filter costs more than all of this.
    rows = cached.system.newest(now=now).frame.to_dicts()
    own = cached.own_host()
    hosts = sorted(
        {row["host"] for row in rows},
        key=lambda host: (host != own, host == measures.VECTORCRAFT, host),
    )
    mine = [row for row in rows if row["host"] == hosts[0]]
    single = {row["measure"]: row["value"] for row in mine if row["item"] == ""}
    disks = sorted(
        (row for row in mine if row["measure"] == "disk_percent"),
        key=lambda row: (row["item"] != measures.DATA_DISK, row["item"] != ""),
    )
    sampled_at = max((row["happened_at"] for row in mine), default=None)
    return System(
        cpu_percent=single.get("cpu_percent"),
        memory_percent=single.get("memory_percent"),
        disk_percent=disks[0]["value"] if disks else None,
        host=hosts[0] if hosts else None,
        sampled_at=None if sampled_at is None else written(sampled_at),
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
    row: dict[str, Any] = next(
        (found for found in frame.to_dicts() if found["currency"] == currency), {}
    )
    # Where there is no other currency the books know the states, without a question.
    alone = set(frame["currency"]) <= {currency}
    begun = Filters(
        start=day.start, end=day.end, currency=None if alone else currency, samples=False
    )
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
    states = cached.streams()
    ages: dict[str, float | None] = {}
    for name in STREAMS:
        read_at = states[name].read_at
        # A clock set back must not make a stream younger than new.
        ages[name] = None if read_at is None else max((now - read_at).total_seconds(), 0.0)
    return ages


def recent(now: datetime) -> list[Recent]:
    """The newest payments. Bounded in time: without, all of history might be looked through."""
    wanted = Filters(start=cached.minute(now) - _DAY, samples=False)
    rows = cached.newest_payments(wanted, limit=_RECENT)
    return [
        Recent(
            transaction_id=row["transaction_id"],
            created_at=written(row["created_at"]),
            status=row["status"],
            amount=None if row["amount"] is None else float(row["amount"]),
            currency=row["currency"],
        )
        for row in rows.to_dicts()
    ]
