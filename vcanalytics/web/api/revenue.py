"""Revenue by window, as VectorCraft's own panel asked for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from vcanalytics import cached
from vcanalytics.cached import settings
from vcanalytics.model.money import round_money
from vcanalytics.model.times import LATEST
from vcanalytics.model.windows import Grain, Window, window_start, windows
from vcanalytics.web.api.answers import Moment, Told, answer, clock, written
from vcanalytics.web.api.asked import Currency, Nothing, Time, Zone, currency_of, time_of, zone_of
from vcanalytics.web.api.faults import Route

router: Final = APIRouter(route_class=Route, tags=["money"])
#: How many windows of each timeframe, their grain, and further back than so many ever reach.
_SHOWN: Final = {
    "hourly": (24, Grain.HOUR, timedelta(hours=26)),
    "daily": (30, Grain.DAY, timedelta(days=33)),
    "weekly": (12, Grain.WEEK, timedelta(days=93)),
}


class Wanted(Nothing):
    """Which windows, and of which money."""

    timeframe: Literal["hourly", "daily", "weekly"] = Field(
        "daily", description="The last 24 hours, 30 days or 12 weeks, the open one included"
    )
    end: Time = Field(None, description="The last window is the one that holds it; now without")
    zone: Zone = None
    currency: Currency = None


class Summary(BaseModel):
    """What the windows come to."""

    total_revenue: float
    avg_revenue: float = Field(description="Of a window, half-even to the currency's digits")
    max_revenue: float
    total_transactions: int


class Revenue(Told):
    """Revenue window by window, oldest first: four lists of the same length."""

    timeframe: str
    labels: list[Moment] = Field(description="Each window's start, with its offset")
    revenue_data: list[float] = Field(description="Net: gross less refunds")
    transaction_data: list[int] = Field(description="Payments captured")
    complete: list[bool] = Field(description="Whether the window is over and was read to its end")
    summary: Summary
    currency: str
    zone: str


def shown(timeframe: str, end: datetime, zone: ZoneInfo) -> list[Window]:
    """The windows of a timeframe, oldest first; the last holds ``end``."""
    count, grain, reach = _SHOWN[timeframe]
    week_start = settings().week_start
    last = window_start(end, grain, zone, week_start)
    after = last + timedelta(microseconds=1)
    return windows(last - reach, after, grain, zone, week_start)[-count:]


@router.get("/analytics/revenue", response_model=Revenue)
async def revenue(request: Request, asked: Annotated[Wanted, Query()]) -> Response:
    """Revenue of the last hours, days or weeks. Figures of the command `revenue`."""
    now = clock(request)
    return await answer(request, lambda: told(asked, now))


def told(asked: Wanted, now: datetime) -> Revenue:
    """The answer as of ``now``.

    Without an end the open window counts whole, as on the pages: a payment dated a little ahead of
    this clock is in it. With one, what lies before it counts.
    """
    zone, currency = zone_of(asked.zone), currency_of(asked.currency)
    end = time_of(asked.end, zone, "end")
    found = shown(asked.timeframe, end or now, zone)
    until = found[-1].end if end is None else end
    frame = cached.revenue(
        found[0].start,
        min(until, LATEST),
        grain=_SHOWN[asked.timeframe][1],
        zone=zone.key,
        week_start=settings().week_start,
        now=now,
    ).frame
    # By hand: a filter and a choice of columns cost a warm answer half of its time. A window that
    # only begins with `end`, and a currency that was never seen, have no row.
    columns = [frame[name].to_list() for name in _COLUMNS]
    rows = {row[1]: row[2:] for row in zip(*columns, strict=True) if row[0] == currency}
    cells = [rows.get(window.start, (Decimal(0), 0, False)) for window in found]
    nets = [net for net, _, _ in cells]
    total = sum(nets, Decimal(0))
    return Revenue(
        timestamp=written(now),
        timeframe=asked.timeframe,
        labels=[window.label.isoformat() for window in found],
        revenue_data=[float(net) for net in nets],
        transaction_data=[captured for _, captured, _ in cells],
        complete=[complete for _, _, complete in cells],
        summary=Summary(
            total_revenue=float(total),
            avg_revenue=float(round_money(total / len(nets), currency)),
            max_revenue=float(max(nets)),
            total_transactions=sum(captured for _, captured, _ in cells),
        ),
        currency=currency,
        zone=zone.key,
    )


_COLUMNS: Final = ("currency", "window_start", "net", "captured", "complete")
