"""The last good answer, for a page whose question just failed: shown, and said to be old.

Only where somebody is told: inside ``shown`` a question that fails is answered with what it last
was, up to a quarter of an hour ago, and what ``shown`` gives says since when that is and why. Of a
range that ends now that is its last minute. Elsewhere (files, the API) it fails.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

import polars as pl

from vcanalytics.errors import BudgetExceeded, ConsoleError, StoreError

T = TypeVar("T")
#: Older ones help nobody, and what was forgotten meanwhile must not come back.
OLDEST: Final = timedelta(minutes=15)
#: Larger answers are not held twice.
_BYTES_MAX: Final = 1_000_000
#: What waiting may mend; a question that cannot be asked fails as it is.
MENDED_LATER: Final = (BudgetExceeded, StoreError)


@dataclass(frozen=True, slots=True)
class Old:
    """An answer that stands in for one that failed: when it was good, and why it is shown."""

    at: datetime
    why: ConsoleError


_all: Final[WeakSet[Lately[Any]]] = WeakSet()
_told: ContextVar[list[Old] | None] = ContextVar("lately_told", default=None)


@contextmanager
def shown() -> Iterator[list[Old]]:
    """Let questions inside be answered with their last good answer; gives those that were."""
    told: list[Old] = []
    token = _told.set(told)
    try:
        yield told
    finally:
        _told.reset(token)


def forget() -> None:
    """Keep no answer any more: for a process that turns to another store."""
    for one in list(_all):
        one.clear()


def _bytes(answer: object) -> int:
    """What an answer's rows take in memory; of what has none, nothing."""
    rows = answer if isinstance(answer, pl.DataFrame) else getattr(answer, "frame", None)
    return int(rows.estimated_size()) if isinstance(rows, pl.DataFrame) else 0


class Lately(Generic[T]):
    """The last good answers of one question, of the few keys that were asked last."""

    def __init__(self, entries: int) -> None:
        self._entries = entries
        self._good: OrderedDict[Hashable, tuple[T, datetime]] = OrderedDict()
        self._lock = threading.Lock()
        _all.add(self)

    def ask(self, key: Hashable, ask: Callable[[], T], at: Callable[[T], datetime]) -> T:
        """What ``ask`` gives, or, where that fails inside ``shown``, what it last gave.

        ``at`` says when an answer was read. Raises what ``ask`` raises.
        """
        told = _told.get()
        # What it asks in turn must not be kept as if it were fresh: old answers begin out here.
        token = _told.set(None)
        try:
            answer = ask()
        except MENDED_LATER as error:
            with self._lock:
                found = self._good.get(key)
            if told is None or found is None or datetime.now(UTC) - found[1] > OLDEST:
                raise
            told.append(Old(found[1], error))
            return found[0]
        finally:
            _told.reset(token)
        if told is not None and _bytes(answer) <= _BYTES_MAX:
            with self._lock:
                self._good[key] = (answer, at(answer))
                self._good.move_to_end(key)
                while len(self._good) > self._entries:
                    self._good.popitem(last=False)
        return answer

    def clear(self) -> None:
        with self._lock:
            self._good.clear()
