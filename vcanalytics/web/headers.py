"""The headers that every answer carries, a refusal too.

Scripts run only from the console's own files, from the blobs that Streamlit makes of Components v2,
and where the hash of an inline one is known: those of the installed Streamlit and of its
autorefresh component, read from their files at the start.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vcanalytics.web.addresses import is_tls

_INLINE_SCRIPT: Final = re.compile(r"<script>(.*?)</script>", re.DOTALL)
#: The installed files that hold inline scripts, by package.
_FILES: Final = {
    "streamlit": "static/index.html",
    "streamlit_autorefresh": "frontend/build/index.html",
}
_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: a form posted from such a page names no origin.
    "Referrer-Policy": "same-origin",
    # DENY would kill the frame of the autorefresh component.
    "X-Frame-Options": "SAMEORIGIN",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}
_YEAR_S: Final = 365 * 24 * 60 * 60
_HSTS: Final = f"max-age={_YEAR_S}"

#: For pages without a script or a style of their own: sign-in, welcome, refusals.
PLAIN_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def installed(package: str, path: str) -> Path:
    """A file of an installed package, which is not imported for it."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{package} is not installed")
    return Path(spec.origin).parent / path


def inline_hashes(html: str) -> list[str]:
    """The inline scripts of a page as a policy names them."""
    digests = (hashlib.sha256(s.encode()).digest() for s in _INLINE_SCRIPT.findall(html))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


@lru_cache(maxsize=1)
def policy() -> str:
    """The content security policy of the console's pages."""
    hashes = [
        known
        for package, path in _FILES.items()
        for known in inline_hashes(installed(package, path).read_text(encoding="utf-8"))
    ]
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src 'self' blob: {' '.join(hashes)}",
            # Streamlit writes its styles into the page.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "media-src 'self'",
            "frame-src 'self'",
            "worker-src 'self' blob:",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'self'",
            "frame-ancestors 'self'",
        ]
    )


class SecurityHeaders:
    """Adds the headers to every answer; what an answer says itself stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._policy = policy()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        tls = is_tls(scope)

        async def with_headers(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", self._policy)
                if tls:
                    headers.setdefault("Strict-Transport-Security", _HSTS)
            await send(message)

        await self._app(scope, receive, with_headers)
