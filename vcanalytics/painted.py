"""Words that a browser says once it has painted, and threads that wait for them.

A browser paints nothing while there is more to take in. So the script of a tab's first page sends
its first chart and waits here, for long enough that it is seen and never longer.
"""

from __future__ import annotations

import secrets
from threading import Event, Lock
from typing import Final

#: Words that nobody came to wait for are forgotten, the oldest first.
_MOST: Final = 1_000
_lock: Final = Lock()
_expected: Final[dict[str, Event]] = {}


def expect() -> str:
    """A new word, for one browser to say."""
    word = secrets.token_urlsafe(12)
    with _lock:
        while len(_expected) >= _MOST:
            del _expected[next(iter(_expected))]
        _expected[word] = Event()
    return word


def say(word: str) -> None:
    """A browser has painted; a word that nobody expects is of no interest."""
    event = _expected.get(word)
    if event is not None:
        event.set()


def wait(word: str, within_s: float) -> bool:
    """Whether ``word`` was said, before or within so many seconds."""
    event = _expected.get(word)
    if event is None:
        return False
    said = event.wait(within_s)
    with _lock:
        _expected.pop(word, None)
    return said
