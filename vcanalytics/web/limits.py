"""How much may be asked, and how often. All of it is refused at once, none waits.

Rates are counted in this process over a moving window, by address before anybody is known and by
principal after. An address is counted as sign-in counts it: an IPv6 customer's network is one.
"""

from __future__ import annotations

import math
import time
import zlib
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vcanalytics import measured
from vcanalytics.accounts.throttle import place_of
from vcanalytics.model.rates import (
    ADDRESS,
    EXPORTS,
    INGEST,
    NOTED,
    PRINCIPAL,
    SIGN_IN,
    SOCKETS,
    STRANGER,
    Rate,
)
from vcanalytics.web import refusals
from vcanalytics.web.addresses import client_of

__all__ = [
    "ADDRESS",
    "EXPORTS",
    "INGEST",
    "NOTED",
    "PRINCIPAL",
    "SIGN_IN",
    "SOCKETS",
    "STRANGER",
    "BodyTooLong",
    "Bounded",
    "Rate",
    "Rates",
    "body_bytes_max",
]

HEADERS_MAX: Final = 100
HEADER_BYTES_MAX: Final = 16 * 1024
QUERY_BYTES_MAX: Final = 8 * 1024
BODY_BYTES_MAX: Final = 64 * 1024
#: A batch of events is longer than a form. While it is read it takes some 50 times its size.
INGEST_BYTES_MAX: Final = 2 * 1024 * 1024
#: A file that is imported: as .streamlit/config.toml has it, and what a form adds.
UPLOAD_BYTES_MAX: Final = 33 * 1024 * 1024
_INGEST: Final = "/admin/api/ingest/"
_UPLOADS: Final = "/_stcore/upload_file/"
#: Addresses and names share so many counters: who has many of them fills no memory.
_BUCKETS: Final = 65_536


class Rates:
    """Counts, and says who has to come back later."""

    def __init__(self) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def wait_s(self, rate: Rate, who: str) -> int:
        """0 where one more may be had, and counts it; else seconds until there may."""
        limit = RateLimitItemPerMinute(rate.per_minute)
        bucket = str(zlib.crc32(who.encode("utf-8", "replace")) % _BUCKETS)
        if self._limiter.hit(limit, rate.name, bucket):
            return 0
        if rate is not NOTED:
            measured.note_refused(rate.name)
        reset = self._limiter.get_window_stats(limit, rate.name, bucket).reset_time
        return max(1, math.ceil(reset - time.time()))

    def place_wait_s(self, rate: Rate, address: str) -> int:
        """``wait_s`` for whoever shares the address."""
        return self.wait_s(rate, place_of(address))


def _too_large(scope: Scope) -> refusals.Refusal | None:
    headers = scope["headers"]
    size = sum(len(name) + len(value) for name, value in headers)
    if len(headers) > HEADERS_MAX or size > HEADER_BYTES_MAX:
        return refusals.HEADERS_TOO_LARGE
    if len(scope.get("query_string", b"")) > QUERY_BYTES_MAX:
        return refusals.ADDRESS_TOO_LONG
    return None


def body_bytes_max(path: str) -> int:
    """How long the body of a request to ``path`` may be."""
    if path.startswith(_UPLOADS):
        return UPLOAD_BYTES_MAX
    return INGEST_BYTES_MAX if path.startswith(_INGEST) else BODY_BYTES_MAX


class BodyTooLong(Exception):
    """The body went on past its limit."""


class Bounded:
    """Refuses what is too large, and addresses that ask too often."""

    def __init__(self, app: ASGIApp, rates: Rates) -> None:
        self._app = app
        self._rates = rates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refusal = _too_large(scope)
        if refusal is None and (wait := self._rates.place_wait_s(ADDRESS, client_of(scope))):
            refusal = refusals.too_often(wait)
        if refusal is not None:
            await refusals.refuse(refusal, scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._with_bounded_body(scope, receive, send)

    async def _with_bounded_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        allowed = body_bytes_max(scope["path"])
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if not said.isdigit() or len(said) > 15 or int(said) > allowed:
            await refusals.refuse(refusals.BODY_TOO_LARGE, scope, receive, send)
            return
        read = 0
        begun = False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > allowed:
                    raise BodyTooLong
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except BodyTooLong:
            if not begun:
                await refusals.refuse(refusals.BODY_TOO_LARGE, scope, receive, send)
