"""Health and alerts: what the watchman found, breakers, the cache, rates, errors."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from vcanalytics import cached
from vcanalytics.cached import alerts as journal
from vcanalytics.cached.alerts import Alert, AlertFilters, AlertState, Severity
from vcanalytics.model.health import Status
from vcanalytics.web.api import cache
from vcanalytics.web.api.answers import Moment, Told, answer, clock, written
from vcanalytics.web.api.asked import Nothing
from vcanalytics.web.api.components import Component, Overall, components, overall
from vcanalytics.web.api.faults import Route
from vcanalytics.web.api.metrics import Times, times

router: Final = APIRouter(route_class=Route, tags=["health"])
_DAY: Final = timedelta(hours=24)
_ALERTS: Final = 20
_ERRORS: Final = 10
_CLOSED: Final = "closed"


class BreakerTold(BaseModel):
    """A circuit breaker."""

    state: str = Field(description="closed, open or half_open")
    failures: int = Field(description="In a row")
    opened_at: Moment | None
    next_try_at: Moment | None
    last_error: str | None
    last_error_at: Moment | None


class Breakers(BaseModel):
    """Every breaker that ever failed, and the names of those that let nothing through now."""

    active_circuit_breakers: list[str]
    breakers: dict[str, BreakerTold]


class RateTold(BaseModel):
    """How often may be asked, and what was refused since the console was started."""

    what: str
    per_minute: int
    refused: int


class HealthTold(Told):
    """How everything is."""

    overall_status: Overall
    health_results: dict[str, Component]
    circuit_breakers: Breakers
    cache_stats: dict[str, cache.Region]
    rate_limit_stats: dict[str, RateTold]
    performance_summary: dict[str, Times] = Field(description="The last 24 hours, by kind")
    system_healthy: bool = Field(description="All is well, and no breaker is open")


@router.get("/health", response_model=HealthTold)
async def health(request: Request, _asked: Annotated[Nothing, Query()]) -> Response:
    """How every component is, and what the console counts of itself."""
    now = clock(request)
    return await answer(request, lambda: health_of(now))


def health_of(now: datetime) -> HealthTold:
    """The answer as of ``now``."""
    found = cached.watch.watched(now)
    kept = breakers()
    return HealthTold(
        timestamp=written(now),
        overall_status=overall(found),
        health_results=components(found.overview.components),
        circuit_breakers=kept,
        cache_stats=cache.stats(),
        rate_limit_stats={
            row["rate"]: RateTold(**{name: row[name] for name in RateTold.model_fields})
            for row in cached.rate_limits().to_dicts()
        },
        performance_summary=times(now, _DAY),
        system_healthy=found.overview.status is Status.HEALTHY and not kept.active_circuit_breakers,
    )


def breakers() -> Breakers:
    """Every breaker by name."""
    found = cached.watch.breakers()
    return Breakers(
        active_circuit_breakers=[one.name for one in found if one.state.value != _CLOSED],
        breakers={
            one.name: BreakerTold(
                state=one.state.value,
                failures=one.failures,
                opened_at=_maybe(one.opened_at),
                next_try_at=_maybe(one.next_try_at),
                last_error=one.last_error,
                last_error_at=_maybe(one.last_error_at),
            )
            for one in found
        },
    )


def _maybe(instant: datetime | None) -> str | None:
    return None if instant is None else written(instant)


class Counts(BaseModel):
    """Alerts that are firing now, by severity."""

    total_active: int
    critical: int
    warning: int
    info: int


class AlertTold(BaseModel):
    """One alert. ``type`` and ``message``, ``created_at`` and ``resolved`` as VectorCraft's own."""

    id: int
    rule: str
    series: str
    type: str = Field(description="Its severity: critical, warning or info")
    title: str
    message: str = Field(description="What was found, with its figures")
    state: str = Field(description="firing or resolved")
    resolved: bool
    created_at: Moment = Field(description="When it fired")
    started_at: Moment = Field(description="When what it tells of began")
    resolved_at: Moment | None
    value: float | None
    threshold: float
    unit: str
    acknowledged_by: str | None
    acknowledged_at: Moment | None


class ErrorTold(BaseModel):
    """Errors of one message."""

    source: str = Field(description="vectorcraft, or the console's process that logged it")
    level: str
    component: str | None
    message: str
    count: int
    first_at: Moment
    last_at: Moment


class Errors(BaseModel):
    """What went wrong in the last 24 hours: VectorCraft's log and the console's own."""

    total_errors: int
    by_level: dict[str, int]
    by_component: dict[str, int]
    recent_errors: list[ErrorTold] = Field(max_length=_ERRORS)


class Alerts(Told):
    """Alerts and errors."""

    summary: Counts
    recent_alerts: list[AlertTold] = Field(max_length=_ALERTS)
    error_summary: Errors


@router.get("/alerts", response_model=Alerts)
async def alerts(request: Request, _asked: Annotated[Nothing, Query()]) -> Response:
    """How many alerts are firing, the newest of all, and errors by message."""
    now = clock(request)
    return await answer(request, lambda: alerts_of(now))


def alerts_of(now: datetime) -> Alerts:
    """The answer as of ``now``."""
    counts = journal.firing_counts()
    return Alerts(
        timestamp=written(now),
        summary=Counts(
            total_active=sum(counts.values()),
            critical=counts[Severity.CRITICAL],
            warning=counts[Severity.WARNING],
            info=counts[Severity.INFO],
        ),
        recent_alerts=[_alert(one) for one in journal.history(AlertFilters(), limit=_ALERTS)],
        error_summary=errors(now),
    )


def _alert(one: Alert) -> AlertTold:
    return AlertTold(
        id=one.number,
        rule=one.rule,
        series=one.series,
        type=one.severity.value,
        title=one.title,
        message=str(one.detail.get("what", one.title)),
        state=one.state.value,
        resolved=one.state is AlertState.RESOLVED,
        created_at=written(one.fired_at),
        started_at=written(one.started_at),
        resolved_at=_maybe(one.resolved_at),
        value=one.value,
        threshold=one.threshold,
        unit=one.unit,
        acknowledged_by=one.acknowledged_by,
        acknowledged_at=_maybe(one.acknowledged_at),
    )


def errors(now: datetime) -> Errors:
    """Errors and worse by message; warnings are none."""
    # By the minute, so that they are asked for once in it.
    start = cached.minute(now) - _DAY
    found = cached.watch.errors(start, cached.minute(now), now=now)
    rows: list[dict[str, Any]] = found.filter(pl.col("level") != "warning").to_dicts()
    levels: Counter[str] = Counter()
    parts: Counter[str] = Counter()
    for row in rows:
        levels[row["level"]] += row["count"]
        parts[row["component"] or ""] += row["count"]
    return Errors(
        total_errors=levels.total(),
        by_level=dict(levels.most_common()),
        by_component=dict(parts.most_common()),
        recent_errors=[
            ErrorTold(
                source=row["source"],
                level=row["level"],
                component=row["component"],
                message=row["message"],
                count=row["count"],
                first_at=written(row["first_at"]),
                last_at=written(row["last_at"]),
            )
            for row in rows[:_ERRORS]
        ],
    )
