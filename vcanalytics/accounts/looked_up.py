"""What was looked up by a digest, kept until anybody commits."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Final, Generic, TypeVar

from sqlalchemy import Connection

from vcanalytics.accounts.database import Database
from vcanalytics.commits import Token

_Found = TypeVar("_Found")
_KEPT_MAX: Final = 10_000


class LookedUp(Generic[_Found]):
    """Rows by digest. Safe between threads; what any process commits is seen by the next look."""

    def __init__(
        self, database: Database, find: Callable[[Connection, bytes], _Found | None]
    ) -> None:
        self._database = database
        self._find = find
        self._lock = Lock()
        self._token: Token | None = None
        self._kept: dict[bytes, _Found] = {}

    def get(self, digest: bytes) -> _Found | None:
        """The row of that digest as of now, or None. Raises StoreError."""
        # Taken before the row is read: a commit in between moves it, and the row is read again.
        token = self._database.token()
        with self._lock:
            if token is None or token != self._token:
                self._kept.clear()
                self._token = token
            elif digest in self._kept:
                return self._kept[digest]
        with self._database.read() as connection:
            found = self._find(connection, digest)
        if found is not None:
            with self._lock:
                if token == self._token and len(self._kept) < _KEPT_MAX:
                    self._kept[digest] = found
        return found
