"""Lists, page by page: payments, what does not add up, response times, streams.

Rows are the commands' own, figure for figure: money as text with its currency's digits, times in
the zone asked for. The cursor of a page is to be sent back as it came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import polars as pl
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from vcanalytics import cached
from vcanalytics.analytics.latency import Kind as Measured
from vcanalytics.analytics.reconcile import BUDGET_S, FINDINGS
from vcanalytics.analytics.transactions import Filters
from vcanalytics.commands import latency as latency_command
from vcanalytics.commands import reconcile as reconcile_command
from vcanalytics.commands import streams as streams_command
from vcanalytics.commands import transaction as transaction_command
from vcanalytics.commands import transactions as transactions_command
from vcanalytics.commands.output import Answer as Printed
from vcanalytics.commands.output import Kind, as_json
from vcanalytics.errors import UsageError
from vcanalytics.store.state import from_micros, to_micros
from vcanalytics.web.api.answers import Moment, Told, answer, clock, written
from vcanalytics.web.api.asked import (
    TEXT_MAX,
    Nothing,
    Ranged,
    Time,
    Zone,
    in_order,
    time_of,
    zone_of,
)
from vcanalytics.web.api.faults import Fault, Route, Unknown

router: Final = APIRouter(route_class=Route, tags=["lists"])
LIMIT_MAX: Final = 1_000
_STATUSES_MAX: Final = 20
_DAY: Final = timedelta(hours=24)
#: A moment in microseconds, and how many rows of that very moment were given already.
_CURSOR: Final = re.compile(r"([0-9]{1,16})-([0-9]{1,7})", re.ASCII)
#: How many rows were given already.
_PLACE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_Limit = Annotated[int, Field(ge=1, le=LIMIT_MAX, description="Rows of a page at most")]
_Cursor = Annotated[
    str | None,
    Field(max_length=32, description="next_cursor of the page before; nothing for the first"),
]
_Next = Annotated[
    str | None, Field(description="Where the next page begins; null where this is the last")
]
_Text = Annotated[str, StringConstraints(max_length=TEXT_MAX)]
_Money = Annotated[
    str | None, Field(description="Exact, with its currency's digits", examples=["49.00"])
]


def printed(frame: pl.DataFrame, columns: Mapping[str, Kind], zone: ZoneInfo) -> list[Any]:
    """The rows as the command prints them to programs."""
    rows: list[Any] = json.loads("".join(as_json(Printed(frame, columns), zone)))
    return rows


class Payments(Ranged):
    """Which payments, by created_at."""

    status: list[_Text] = Field(
        [], max_length=_STATUSES_MAX, description="Exactly this status; may be given several times"
    )
    email: _Text | None = Field(
        None, description="Any part of the customer's or the payer's e-mail, in any case"
    )
    deleted: bool = Field(False, description="Those gone from the source, instead of the others")
    limit: _Limit = 100
    cursor: _Cursor = None


class Payment(BaseModel):
    """One payment. ``amount`` and ``currency`` are what was captured."""

    transaction_id: str
    created_at: Moment
    completed_at: Moment | None
    status: str | None
    email: str | None
    payer_email: str | None
    amount: _Money
    currency: str | None
    user_created: bool | None
    email_sent: bool | None
    error_message: str | None
    sample: bool


class PaymentsTold(Told):
    """A page of payments, the newest first."""

    transactions: list[Payment]
    total: int = Field(description="Payments that pass, on all pages")
    next_cursor: _Next


@router.get("/transactions", response_model=PaymentsTold)
async def transactions(request: Request, asked: Annotated[Payments, Query()]) -> Response:
    """Payments, the newest first. Rows of the command `transactions`."""
    now = clock(request)
    return await answer(request, lambda: payments_of(asked, now))


def payments_of(asked: Payments, now: datetime) -> PaymentsTold:
    """A page. It begins at a moment, so that payments that come meanwhile shift none."""
    zone = zone_of(asked.zone)
    start, end = time_of(asked.start, zone, "from"), time_of(asked.end, zone, "to")
    in_order(start, end)
    wanted = Filters(tuple(asked.status), asked.email, start, end, deleted=asked.deleted)
    moment, given = _moment_of(asked.cursor)
    before = wanted
    if moment is not None:
        until = moment + timedelta(microseconds=1)
        before = replace(wanted, end=until if end is None else min(until, end))
    # One more than is shown: whether there is a next page.
    found = cached.newest_payments(before, limit=asked.limit + 1, offset=given)
    rows = found.head(asked.limit)
    following = None
    if found.height > asked.limit:
        last = rows["created_at"][-1]
        same = rows.filter(pl.col("created_at") == last).height + (given if last == moment else 0)
        following = f"{to_micros(last)}-{same}"
    return PaymentsTold(
        timestamp=written(now),
        transactions=[Payment(**row) for row in printed(rows, transactions_command.COLUMNS, zone)],
        total=cached.payment_count(wanted),
        next_cursor=following,
    )


def _moment_of(cursor: str | None) -> tuple[datetime | None, int]:
    if cursor is None:
        return None, 0
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise UsageError("is none that a page gave", where="cursor")
    return from_micros(int(found[1])), int(found[2])


class Zoned(Nothing):
    """In which zone times are told."""

    zone: Zone = None


class Step(BaseModel):
    """Something that happened to a payment."""

    happened_at: Moment
    what: str
    detail: str | None


class PaymentTold(Told):
    """What happened to one payment, oldest first."""

    transaction_id: str
    timeline: list[Step]


@router.get(
    "/transactions/{transaction_id}",
    response_model=PaymentTold,
    responses={404: {"model": Fault, "description": "No payment of that id was ever seen"}},
)
async def transaction(
    request: Request,
    transaction_id: Annotated[_Text, Path(description="The payment's id, exactly")],
    asked: Annotated[Zoned, Query()],
) -> Response:
    """What happened to one payment, also to one that is gone. Rows of the command `transaction`."""
    now = clock(request)

    def told() -> PaymentTold:
        zone, frame = zone_of(asked.zone), cached.timeline(transaction_id)
        if frame.is_empty():
            raise Unknown("There is no such payment", hint="Check its id, letter by letter.")
        steps = printed(frame, transaction_command.COLUMNS, zone)
        return PaymentTold(
            timestamp=written(now),
            transaction_id=transaction_id,
            timeline=[Step(**step) for step in steps],
        )

    return await answer(request, told)


class Wanted(Ranged):
    """Which findings, by created_at of their payments."""

    finding: list[_Text] = Field(
        [], max_length=len(FINDINGS), description="This finding; may be given several times"
    )
    as_of: Time = Field(None, description="Ages are measured at this time; at this minute without")
    limit: _Limit = 100
    cursor: _Cursor = None


class Finding(BaseModel):
    """A payment that needs a person, and why."""

    finding: str
    transaction_id: str | None
    email: str | None
    payer_email: str | None
    amount: _Money
    currency: str | None
    since: Moment | None
    detail: str | None


class FindingsTold(Told):
    """A page of findings, in the contract's order."""

    findings: list[Finding]
    counts: dict[str, int] = Field(description="Of each finding that was asked for, on all pages")
    total: int
    as_of: Moment
    next_cursor: _Next


@router.get("/reconcile", response_model=FindingsTold)
async def reconcile(request: Request, asked: Annotated[Wanted, Query()]) -> Response:
    """Payments that need a person. Rows of the command `reconcile`.

    All of history is looked through where no range is given: that may take up to 20 s.
    """
    now = clock(request)
    return await answer(request, lambda: findings_of(asked, now), budget_s=BUDGET_S)


def findings_of(asked: Wanted, now: datetime) -> FindingsTold:
    """A page of findings."""
    zone = zone_of(asked.zone)
    start, end = time_of(asked.start, zone, "from"), time_of(asked.end, zone, "to")
    in_order(start, end)
    if unknown := [name for name in asked.finding if name not in FINDINGS]:
        raise UsageError(
            f"there is no {unknown[0]!r}", where="finding", hint=f"One of {', '.join(FINDINGS)}"
        )
    as_of = time_of(asked.as_of, zone, "as_of") or cached.minute(now) - timedelta(minutes=1)
    place = _place_of(asked.cursor)
    frame = cached.findings(start, end, now=now, as_of=as_of).frame
    if asked.finding:
        frame = frame.filter(pl.col("finding").is_in(asked.finding))
    counts = dict(frame.group_by("finding", maintain_order=True).len().iter_rows())
    rows = frame.slice(place, asked.limit)
    after = place + rows.height
    return FindingsTold(
        timestamp=written(now),
        findings=[Finding(**row) for row in printed(rows, reconcile_command.COLUMNS, zone)],
        counts={name: counts.get(name, 0) for name in asked.finding or FINDINGS},
        total=frame.height,
        as_of=written(as_of, zone),
        next_cursor=str(after) if after < frame.height else None,
    )


def _place_of(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if _PLACE.fullmatch(cursor) is None:
        raise UsageError("is none that a page gave", where="cursor")
    return int(cursor)


class Times(Ranged):
    """Which response times."""

    kind: Measured = Field(Measured.REQUEST, description="What was measured")
    limit: _Limit = 100
    cursor: _Cursor = None


class Endpoint(BaseModel):
    """Response times of one endpoint, in milliseconds."""

    endpoint: str
    count: int
    errors: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    max_ms: float
    method: str = Field(description="exact or sketch")
    error_bound: float | None = Field(description="Of the percentiles, relative; 0 where exact")


class LatencyTold(Told):
    """Response times by endpoint, by name."""

    endpoints: list[Endpoint]
    total: int
    kind: str
    start: Moment
    end: Moment
    next_cursor: _Next


@router.get("/latency", response_model=LatencyTold)
async def latency(request: Request, asked: Annotated[Times, Query()]) -> Response:
    """Response times by endpoint, of the last 24 hours. Rows of the command `latency`."""
    now = clock(request)
    return await answer(request, lambda: latency_of(asked, now))


def latency_of(asked: Times, now: datetime) -> LatencyTold:
    """A page of endpoints; without an end up to the minute that has begun."""
    zone = zone_of(asked.zone)
    end = time_of(asked.end, zone, "to") or cached.minute(now) - timedelta(minutes=1)
    start = time_of(asked.start, zone, "from") or end - _DAY
    in_order(start, end)
    place = _place_of(asked.cursor)
    frame = cached.latency(start, end, kind=asked.kind.value).frame
    rows = frame.slice(place, asked.limit)
    after = place + rows.height
    return LatencyTold(
        timestamp=written(now),
        endpoints=[Endpoint(**row) for row in printed(rows, latency_command.COLUMNS, zone)],
        total=frame.height,
        kind=asked.kind.value,
        start=written(start, zone),
        end=written(end, zone),
        next_cursor=str(after) if after < frame.height else None,
    )


class Stream(BaseModel):
    """One stream: what was read of it, and how old that is."""

    stream: str
    rows: int = Field(description="Of payments, cases and mails the versions kept")
    rejected: int = Field(description="Source rows kept aside now")
    first_at: Moment | None
    last_at: Moment | None
    lag_s: float | None = Field(description="Seconds since the source was last read with success")


class StreamsTold(Told):
    """Every stream."""

    streams: list[Stream]


@router.get("/streams", response_model=StreamsTold)
async def streams(request: Request, asked: Annotated[Zoned, Query()]) -> Response:
    """What has been read, and how old it is. Rows of the command `streams`."""
    now = clock(request)

    def told() -> StreamsTold:
        zone, frame = zone_of(asked.zone), cached.stream_table(now=now)
        rows = printed(frame, streams_command.COLUMNS, zone)
        return StreamsTold(timestamp=written(now), streams=[Stream(**row) for row in rows])

    return await answer(request, told)
