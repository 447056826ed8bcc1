"""Who may speak to the server while there is no sign-in: this machine alone.

Binding to loopback is not enough. A page elsewhere can name a host that resolves to 127.0.0.1 and
have the viewer's own browser ask (DNS rebinding), so the Host and Origin headers are held to
loopback names too.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vcanalytics.settings import is_loopback

_REFUSAL: Final = (
    "This console answers only on this machine: open it as http://127.0.0.1 or http://localhost. "
    "Others can be let in once sign-in is set up.\n"
)
_POLICY_VIOLATION: Final = 1008
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    # DENY would kill the frame of the autorefresh component.
    "X-Frame-Options": "SAMEORIGIN",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def host_of(value: str) -> str | None:
    """The name in a Host header or an origin, without port; None where it is none."""
    text = value if "//" in value else f"//{value}"
    try:
        return urlsplit(text).hostname
    except ValueError:
        return None


def _allowed(values: Iterable[str]) -> bool:
    hosts = [host_of(value) for value in values]
    return all(host is not None and is_loopback(host) for host in hosts)


def speaks_locally(scope: Scope) -> bool:
    """Whether client, Host and Origin are all this machine."""
    client = scope.get("client")
    headers = Headers(scope=scope)
    hosts = headers.getlist("host")
    # Several Host headers are a way past checks that look at the first one.
    return (
        client is not None
        and is_loopback(client[0])
        and len(hosts) == 1
        and _allowed(hosts)
        and _allowed(origin for origin in headers.getlist("origin") if origin != "null")
        and _same_origin(headers, scope)
    )


def _same_origin(headers: Headers, scope: Scope) -> bool:
    """A socket may be opened by the console's own pages only: another local site is a stranger."""
    if scope["type"] != "websocket":
        return True
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


class LoopbackOnly:
    """Refuses, with a plain 403, whatever does not come from this machine."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"} or speaks_locally(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse(_REFUSAL, 403)(scope, receive, send)
        else:
            # Closed before it is accepted, the server answers the handshake with 403.
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})


class SecurityHeaders:
    """Adds the headers that cost nothing to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers)
