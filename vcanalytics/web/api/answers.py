"""What every answer carries, how it is sent, and how long it may take.

An answer is put together in a thread, within a budget as a whole besides that of each question. Its
ETag is that of everything but the timestamp: who has the same figures already is told so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Final, Literal, TypeVar

import xxhash
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from vcanalytics.errors import BudgetExceeded

T = TypeVar("T")

#: An answer asks several questions, some one after the other.
BUDGETS: Final = 2
#: Answers put together at once; who comes then waits, within the same budget.
AT_ONCE: Final = 16
#: Of those that are given more time, so that they keep nobody else from being answered.
LONG_AT_ONCE: Final = 2
_ENVELOPE: Final = {"success", "timestamp"}
_JSON: Final = "application/json"
#: It is somebody's, and asked for anew each time, mostly to hear that it is still the same.
_HEADERS: Final = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
#: A time as it is told: ISO 8601 with its offset, as the commands print it.
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


def written(instant: datetime, zone: tzinfo = UTC) -> str:
    """An instant as it is told."""
    return instant.astimezone(zone).isoformat()


def clock(request: Request) -> datetime:
    """Now, by the clock of the console that answers."""
    now: datetime = request.app.state.clock()
    return now


class Told(BaseModel):
    """What every answer that says yes has besides its own."""

    model_config = ConfigDict(frozen=True)

    success: Literal[True] = True
    timestamp: Moment = Field(description="When it was answered")


class Threads:
    """Where answers are put together: so many at once, of those that may take long few.

    One that was given up holds its place until its question is interrupted: whoever asks again and
    again sets no more to work than that.
    """

    def __init__(self, at_once: int = AT_ONCE, long_at_once: int = LONG_AT_ONCE) -> None:
        self._pool = ThreadPoolExecutor(at_once, "api")
        self._long = ThreadPoolExecutor(long_at_once, "api-long")

    async def within(self, budget_s: float, ask: Callable[[], T], *, long: bool = False) -> T:
        """What ``ask`` answers. Raises BudgetExceeded where it is not there after ``budget_s``."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(budget_s):
                return await loop.run_in_executor(self._long if long else self._pool, ask)
        except TimeoutError:
            raise BudgetExceeded(f"the answer was not there within {budget_s:g} s") from None


async def answer(request: Request, ask: Callable[[], Told], *, budget_s: float = 0.0) -> Response:
    """What ``ask`` tells as JSON, or that it is still what the asker has (304).

    ``budget_s`` is for questions that are given more time than others; of these few are asked at
    once.
    """
    threads: Threads = request.app.state.threads
    given_s = max(budget_s, request.app.state.budget_s)
    return await threads.within(given_s, lambda: _tagged(request, ask()), long=budget_s > 0)


def done(told: Told) -> Response:
    """What was done, to be kept by nobody."""
    return Response(told.model_dump_json(), media_type=_JSON, headers={"Cache-Control": "no-store"})


def _tagged(request: Request, told: Told) -> Response:
    rest = told.model_dump_json(exclude=_ENVELOPE).encode()
    tag = f'W/"{xxhash.xxh3_128_hexdigest(rest)}"'
    headers = {**_HEADERS, "ETag": tag}
    if _has(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    envelope = told.model_dump_json(include=_ENVELOPE).encode()
    body = envelope if rest == b"{}" else envelope[:-1] + b"," + rest[1:]
    return Response(body, media_type=_JSON, headers=headers)


def _has(given: str, tag: str) -> bool:
    """Whether ``If-None-Match`` names the tag; weak and strong ones are the same there."""
    named = {one.strip().removeprefix("W/") for one in given.split(",")}
    return "*" in named or tag.removeprefix("W/") in named
