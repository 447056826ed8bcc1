"""Answers that say no: a page for people, JSON for programs, nothing of the inside in either."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vcanalytics.errors import StoreError
from vcanalytics.web import plain
from vcanalytics.web.access import is_for_programs
from vcanalytics.web.headers import PLAIN_POLICY

_LOG: Final = logging.getLogger(__name__)
_POLICY_VIOLATION: Final = 1008
_NO_STORE: Final = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status, a word for programs, a title and a sentence for people."""

    status: int
    code: str
    title: str
    words: str
    headers: tuple[tuple[str, str], ...] = ()


BAD_PATH: Final = Refusal(
    400, "bad_request", "That is no address", "Check the address, or go back to the overview."
)
BAD_FORM: Final = Refusal(
    400, "bad_request", "That form cannot be read", "Go back, load the page anew and try again."
)
UNKNOWN: Final = Refusal(
    401,
    "unauthorized",
    "Sign in first",
    "A session or a token is needed.",
    (("WWW-Authenticate", "Bearer"),),
)
FORBIDDEN: Final = Refusal(
    403, "forbidden", "Not for your role", "Ask an admin if you need this page."
)
WRONG_HOST: Final = Refusal(
    403,
    "forbidden",
    "Not under this name",
    "Open the console as http://127.0.0.1 or http://localhost on its own machine, or under the "
    "address that VC_PUBLIC_URL names.",
)
WRONG_ORIGIN: Final = Refusal(
    403, "forbidden", "Not from another page", "Only the console's own pages may ask for this."
)
NOT_FOUND: Final = Refusal(
    404, "not_found", "There is no such page", "Check the address, or go back to the overview."
)
LINK_USED: Final = Refusal(
    404,
    "not_found",
    "This link is no good any more",
    "It was used, it expired, or it was cut short when it was copied. Ask for a new one; the first "
    "admin's is printed anew whenever the console starts.",
)
WRONG_METHOD: Final = Refusal(
    405, "method_not_allowed", "That cannot be done here", "Go back to the overview."
)
TOO_SLOW: Final = Refusal(
    408, "timeout", "That took too long", "Go back, load the page anew and try again."
)
BODY_TOO_LARGE: Final = Refusal(413, "too_large", "That is too much", "Send less at once.")
ADDRESS_TOO_LONG: Final = Refusal(414, "too_long", "That address is too long", "Ask for less.")
HEADERS_TOO_LARGE: Final = Refusal(
    431, "headers_too_large", "Those headers are too long", "Clear this site's cookies."
)
FAILED: Final = Refusal(
    500, "internal", "That went wrong", "It was noted on the server. Try again in a moment."
)
NOT_READY: Final = Refusal(
    503,
    "unavailable",
    "Not ready",
    "The console is starting, or cannot read its accounts. Try again in a moment.",
    (("Retry-After", "2"),),
)


def too_often(wait_s: int) -> Refusal:
    """Come back in ``wait_s`` seconds."""
    return Refusal(
        429,
        "too_many_requests",
        "Too many requests",
        f"Try again in {wait_s}\u00a0s.",
        (("Retry-After", str(wait_s)),),
    )


def failed(error: Exception) -> Refusal:
    """Log what went wrong within; what is told of it is where to find it."""
    reference = secrets.token_hex(3).upper()
    _LOG.error("a request failed, reference %s", reference, exc_info=error)
    return replace(FAILED, words=f"{FAILED.words} Reference {reference}.")


def as_json(refusal: Refusal) -> Response:
    """The contract's shape."""
    return JSONResponse(
        {
            "success": False,
            "timestamp": datetime.now(UTC).isoformat(),
            "error": {
                "code": refusal.code,
                "message": f"{refusal.title}. {refusal.words}".rstrip(),
            },
        },
        status_code=refusal.status,
        headers={**_NO_STORE, **dict(refusal.headers)},
    )


def as_page(refusal: Refusal) -> Response:
    """A page in the console's look."""
    return HTMLResponse(
        plain.message_page(refusal.title, refusal.words),
        status_code=refusal.status,
        headers={
            **_NO_STORE,
            "Content-Security-Policy": PLAIN_POLICY,
            **dict(refusal.headers),
        },
    )


def answer(refusal: Refusal, path: str) -> Response:
    """The refusal as fits who asks for ``path``."""
    return as_json(refusal) if is_for_programs(path) else as_page(refusal)


async def refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, or turn a socket away before it is accepted."""
    path = str(scope["path"])
    if scope["type"] == "http":
        await answer(refusal, path)(scope, receive, send)
        return
    # Closed before it is accepted, the server answers the opening with 403. A fuller answer it
    # would send as well, and log as an error of ours.
    await receive()
    await send({"type": "websocket.close", "code": _POLICY_VIOLATION})


class NothingOfTheInside:
    """Answers what went wrong within with a reference; the error itself stays in the log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except StoreError as error:
            _LOG.warning("a request was not answered: %s", error)
            if begun:
                raise
            await refuse(NOT_READY, scope, receive, send)
        except Exception as error:
            refusal = failed(error)
            if begun:
                raise
            await refuse(refusal, scope, receive, send)
