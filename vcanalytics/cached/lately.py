"""The last good answer, for a page whose question just failed: shown, and said to be old.

Only where somebody is told: inside ``shown`` a question that fails is answered with what it last
was, and what ``shown`` gives says since when that is and why. Elsewhere (files, the API) it fails.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

from vcanalytics.errors import BudgetExceeded, ConsoleError, StoreError

T = TypeVar("T")
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
        try:
            answer = ask()
        except MENDED_LATER as error:
            with self._lock:
                found = self._good.get(key)
            if told is None or found is None:
                raise
            told.append(Old(found[1], error))
            return found[0]
        if told is not None:
            with self._lock:
                self._good[key] = (answer, at(answer))
                self._good.move_to_end(key)
                while len(self._good) > self._entries:
                    self._good.popitem(last=False)
        return answer

    def clear(self) -> None:
        with self._lock:
            self._good.clear()
