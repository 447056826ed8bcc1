"""What tests of accounts are made of: a clock that is set, and a hasher that counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
GOOD: Final = "correct horse battery staple"
OTHER: Final = "seven purple umbrellas sing"
HERE: Final = "192.0.2.1"
SHELL: Final = "command:tests"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def move(self, **length: float) -> None:
        self.now += timedelta(**length)


class Counting:
    """A hasher as quick as it is bad, which counts what it is asked."""

    def __init__(self) -> None:
        self.hashes = 0
        self.looks = 0
        self.version = 1

    def hash(self, password: str) -> str:
        self.hashes += 1
        return f"{self.version}:{password[::-1]}"

    def verify(self, encoded: str, password: str) -> bool:
        self.looks += 1
        return encoded.split(":", 1)[-1] == password[::-1]

    def outdated(self, encoded: str) -> bool:
        return not encoded.startswith(f"{self.version}:")

    def nobody(self) -> str:
        return "\0"
