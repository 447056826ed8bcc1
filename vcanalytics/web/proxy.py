"""Forwarding headers: who in front of the console is believed about whom it speaks for.

Only the proxies of VC_TRUSTED_PROXIES are. From them the client's address (X-Forwarded-For, read
from its end past trusted ones) and the scheme (X-Forwarded-Proto) are taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import uvicorn.config
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

#: The server's own belief, by the name under which it wraps the app in it.
_ITS_OWN: Final = "ProxyHeadersMiddleware"
_FORWARDING: Final = frozenset(
    {
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-proto",
        b"x-forwarded-user",
        b"x-real-ip",
    }
)


class Forwarded:
    """Believes trusted proxies, then takes every forwarding header off: nobody reads one again."""

    def __init__(self, app: ASGIApp, trusted: Sequence[str] = ()) -> None:
        self._app = app
        self._believing = ProxyHeadersMiddleware(cast("Any", self._pass_on), list(trusted))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A scope of its own: what is found out is written into it.
        await self._believing(cast("Any", dict(scope)), cast("Any", receive), cast("Any", send))

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in {"http", "websocket"}:
            kept = [pair for pair in scope["headers"] if pair[0].lower() not in _FORWARDING]
            scope = {**scope, "headers": kept}
        await self._app(scope, receive, send)


def _as_it_is(app: ASGIApp, trusted_hosts: object = None) -> ASGIApp:  # noqa: ARG001
    return app


def believe_nobody_else() -> None:
    """Keep the server from believing forwarding headers of anybody on this machine by itself.

    Streamlit leaves the server no setting for it, and the environment is read before this is
    imported. The name is private to the pinned server: a test holds it.
    """
    setattr(uvicorn.config, _ITS_OWN, _as_it_is)
