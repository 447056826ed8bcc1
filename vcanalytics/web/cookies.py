"""The session's cookie: its name, what it is sent with, and how it is read back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

#: A browser takes a cookie of this name only when it is Secure, for this host alone, for all paths.
SECURE_NAME: Final = "__Host-vc_session"
PLAIN_NAME: Final = "vc_session"
_NAMES: Final = frozenset({SECURE_NAME, PLAIN_NAME})
_DAY_S: Final = 24 * 60 * 60


def _pairs(headers: Iterable[str]) -> Iterable[tuple[str, str]]:
    for header in headers:
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            yield name, value


def read_secret(scope: Scope, *, secure: bool) -> str | None:
    """The cookie's value; None where there is none, or several: one must be a stranger's."""
    wanted = SECURE_NAME if secure else PLAIN_NAME
    pairs = _pairs(Headers(scope=scope).getlist("cookie"))
    found = {value for name, value in pairs if name == wanted}
    return found.pop() if len(found) == 1 else None


def without_secret(value: bytes) -> bytes:
    """A Cookie header without the session's: nothing behind the doors needs it."""
    pairs = _pairs([value.decode("latin-1")])
    kept = [f"{name}={text}" for name, text in pairs if name and name not in _NAMES]
    return "; ".join(kept).encode("latin-1")


def give(response: Response, secret: str, *, secure: bool, days: int) -> None:
    """Have the browser keep the secret, where no script can read it."""
    response.set_cookie(
        SECURE_NAME if secure else PLAIN_NAME,
        secret,
        max_age=days * _DAY_S,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def take_back(response: Response, *, secure: bool) -> None:
    """Have the browser forget it."""
    response.set_cookie(
        SECURE_NAME if secure else PLAIN_NAME,
        "",
        max_age=0,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
