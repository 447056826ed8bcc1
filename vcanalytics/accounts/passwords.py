"""Passwords: what is asked of one, and argon2id.

Any character counts, pasted or typed. A password is NFKC-normalised, so that keyboards which
compose characters differently mean the same. Nothing here puts a password into an error.
"""

from __future__ import annotations

import base64
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Final, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from vcanalytics.accounts.errors import Throttled, WeakPassword

CHARS_MIN: Final = 12
CHARS_MAX: Final = 256
#: A guesser who is slowed down gets nowhere near a million; a password that takes less is refused.
_GUESSES_MIN: Final = 1_000_000
#: The estimate looks at so many characters: its cost grows fast, and guesses only with more.
_ESTIMATED_CHARS_MAX: Final = 40

#: Hashes at once, 64 MiB each, and how many may wait for their turn: more are refused at once.
HASHES_AT_ONCE: Final = 2
HASHES_WAITING_MAX: Final = 16
_WAIT_S_MAX: Final = 5.0


def normalised(password: str) -> str:
    """The password as it is hashed."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, name: str) -> str:
    """The password, normalised, where it is good enough for the user ``name``.

    Common passwords, words and keyboard rows, also doubled, decorated or spelt with digits, are
    found by zxcvbn, whose lists hold 30,000 passwords and 90,000 words. Raises WeakPassword.
    """
    if len(password) > CHARS_MAX:
        raise WeakPassword(f"the password is longer than {CHARS_MAX} characters")
    text = normalised(password)
    if min(len(text), len(password)) < CHARS_MIN:
        raise WeakPassword(
            f"the password is shorter than {CHARS_MIN} characters",
            hint="A few words that nobody else would string together are easy to keep in mind",
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise WeakPassword("the password holds what is no character") from None
    plain, own = text.casefold(), normalised(name).casefold()
    if own and (own in plain or plain in own) and len(plain) - len(own) < CHARS_MIN // 2:
        raise WeakPassword("the password is little more than the user's name")
    estimate = zxcvbn(text[:_ESTIMATED_CHARS_MAX], [name, "vectorcraft", "vcanalytics", "console"])
    if estimate["guesses"] < _GUESSES_MIN:
        raise WeakPassword(
            "the password is among the first that a guesser tries",
            hint=" ".join(estimate["feedback"]["suggestions"]),
        )
    return text


class Hasher(Protocol):
    """How passwords are hashed; tests pass one that counts."""

    def hash(self, password: str) -> str:
        """What is kept of a normalised password."""
        ...

    def verify(self, encoded: str, password: str) -> bool:
        """Whether the normalised password is the one that ``encoded`` was made of."""
        ...

    def outdated(self, encoded: str) -> bool:
        """Whether ``encoded`` was made with other parameters than today's."""
        ...

    def nobody(self) -> str:
        """What no password fits, and takes as long to verify as a real one."""
        ...


class Argon2:
    """Argon2id as RFC 9106 recommends it for little memory: 64 MiB, 3 passes, 4 lanes."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def verify(self, encoded: str, password: str) -> bool:
        try:
            return self._hasher.verify(encoded, password)
        except (VerificationError, InvalidHashError):
            return False
        except UnicodeEncodeError:
            # Half a surrogate pair: it costs what every wrong password costs.
            return self.verify(self.nobody(), "")

    def outdated(self, encoded: str) -> bool:
        return self._hasher.check_needs_rehash(encoded)

    def nobody(self) -> str:
        settings = self._hasher

        def text(length: int) -> str:
            return base64.b64encode(secrets.token_bytes(length)).decode("ascii").rstrip("=")

        return (
            f"$argon2id$v=19$m={settings.memory_cost},t={settings.time_cost}"
            f",p={settings.parallelism}${text(settings.salt_len)}${text(settings.hash_len)}"
        )


class Slots:
    """Bounds how many hashes run and wait at once, and with them memory and threads."""

    def __init__(self, at_once: int = HASHES_AT_ONCE, waiting: int = HASHES_WAITING_MAX) -> None:
        self._running = BoundedSemaphore(at_once)
        self._places = BoundedSemaphore(at_once + waiting)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a slot. Raises Throttled where too many wait, or the wait grows long."""
        if not self._places.acquire(blocking=False):
            raise Throttled(1)
        try:
            if not self._running.acquire(timeout=_WAIT_S_MAX):
                raise Throttled(1)
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._places.release()
