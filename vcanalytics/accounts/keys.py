"""Secrets that the console hands out, and what is kept of them."""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import Final

_BYTES: Final = 32
#: 256 bits in base64url.
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")
TOKEN_PREFIX: Final = "vc_"  # noqa: S105 - so that a leaked token is known for one


def new_secret() -> str:
    """256 random bits, base64url."""
    return secrets.token_urlsafe(_BYTES)


def new_token() -> str:
    """An API token: a prefix to know it by, and 256 random bits."""
    return TOKEN_PREFIX + new_secret()


def digest(secret: str) -> bytes | None:
    """The SHA-256 of a secret as it is kept, None for what can be none.

    One fast hash is enough for 256 random bits, and the look-up by it tells nothing by its time.
    """
    if not _SECRET.fullmatch(secret):
        return None
    return hashlib.sha256(secret.encode("ascii")).digest()


def token_digest(token: str) -> bytes | None:
    """``digest`` of an API token."""
    if not token.startswith(TOKEN_PREFIX):
        return None
    return digest(token.removeprefix(TOKEN_PREFIX))
