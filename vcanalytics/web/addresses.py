"""Under which names the console may be asked for, and whose pages may ask.

A page elsewhere can name a host that resolves to this machine and have the viewer's own browser ask
(DNS rebinding), so a request must name a host that is the console's: VC_PUBLIC_URL's, loopback, or
the very address the request came in on. Another site's page can have the browser post a form or
open a socket, so an Origin, where there is one, must be the request's own.
"""

from __future__ import annotations

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from vcanalytics.settings import is_loopback

#: What changes nothing may come without an origin, or from a sandboxed frame ("null").
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_SECURE: Final = frozenset({"https", "wss"})
#: What a browser says of a request that no page of another site had a hand in.
_OWN_SITES: Final = frozenset({"same-origin", "none"})


def host_of(value: str) -> str | None:
    """The name in a Host header or an origin, without port; None where it is none."""
    text = value if "//" in value else f"//{value}"
    try:
        return urlsplit(text).hostname
    except ValueError:
        return None


def client_of(scope: Scope) -> str:
    """The address the request comes from, as far as a trusted proxy says; empty for none."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def is_tls(scope: Scope) -> bool:
    """Whether the browser's own connection is encrypted, also where a proxy ends it."""
    return scope.get("scheme") in _SECURE


def _same_address(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return False


class Addresses:
    """The console's own names, by VC_PUBLIC_URL and by where it listens."""

    def __init__(self, public_url: str = "") -> None:
        public = urlsplit(public_url)
        self._host = public.hostname
        self._origin = f"{public.scheme}://{public.netloc}" if public.hostname else None

    def host(self, scope: Scope) -> str | None:
        """The one name the request asks for, None where that is not the console's."""
        named = Headers(scope=scope).getlist("host")
        # Several Host headers are a way past checks that look at the first one.
        host = host_of(named[0]) if len(named) == 1 else None
        if host is None or "@" in named[0]:
            return None
        server = scope.get("server")
        mine = (
            is_loopback(host)
            or host == self._host
            or (server is not None and _same_address(host, str(server[0])))
        )
        return host if mine else None

    def own_origins(self, scope: Scope) -> frozenset[str]:
        """What the Origin header of the console's own pages says."""
        host = Headers(scope=scope).get("host", "")
        scheme = "https" if is_tls(scope) else "http"
        if self._origin is not None and host_of(host) == self._host:
            return frozenset({f"{scheme}://{host.lower()}", self._origin.lower()})
        return frozenset({f"{scheme}://{host.lower()}"})

    def from_own_page(self, scope: Scope) -> bool:
        """Whether the console's own page asks, or no page at all."""
        headers = Headers(scope=scope)
        safe = scope["type"] == "http" and scope["method"] in SAFE_METHODS
        named = headers.getlist("origin")
        if len(named) > 1:
            return False
        if named:
            allowed = self.own_origins(scope)
            return named[0].lower() in allowed or (safe and named[0] == "null")
        # Browsers name the origin of whatever changes anything; this one is a second lock.
        return safe or headers.get("sec-fetch-site", "none") in _OWN_SITES

    def keeps_secure_cookies(self, scope: Scope) -> bool:
        """Whether a browser keeps a Secure cookie: under TLS, and on loopback."""
        host = host_of(Headers(scope=scope).get("host", ""))
        if is_tls(scope) or (host is not None and is_loopback(host)):
            return True
        return host == self._host and (self._origin or "").startswith("https:")
