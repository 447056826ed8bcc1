"""The one pass through all of history after a start, in a thread of its own.

What needs a person is kept file by file, and until every file was looked at once it cannot be said:
some 5 s of a core for each million payments. No page waits for that.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Final

from vcanalytics.analytics.by_file import to_the_end
from vcanalytics.errors import ConsoleError

_LOG: Final = logging.getLogger(__name__)
#: Each has 20 s: an hour, thirty times what ten million payments took.
LOOKS_MAX: Final = 180


class BeingCounted(ConsoleError):
    """What was asked for is not known yet, and soon will be."""

    def __init__(self) -> None:
        super().__init__(
            "all payments are gone through once after a start",
            hint="What needs a person stands here as soon as that is done",
            heals=True,
        )


class FirstLook:
    """Runs ``look`` until it has been through everything; begun by whoever asks first.

    ``look`` keeps what it found until its time is up, and goes on from there.
    """

    def __init__(self, look: Callable[[], object]) -> None:
        self._look = look
        self._over = threading.Event()
        self._begun = threading.Lock()
        self._begun_at = math.inf

    def over(self, wait_s: float) -> bool:
        """Whether it is over, now or within ``wait_s`` seconds after it was begun.

        So a short one is waited for, and of a long one only who begins it waits.
        """
        if not self._over.is_set() and self._begun.acquire(blocking=False):
            self._begun_at = time.monotonic()
            threading.Thread(target=self._run, name="first look", daemon=True).start()
        left_s = self._begun_at + wait_s - time.monotonic()
        return self._over.wait(min(max(left_s, 0.0), wait_s))

    def _run(self) -> None:
        try:
            to_the_end(self._look, LOOKS_MAX)
        except Exception:  # noqa: BLE001 - the edge of a thread
            # Who asks next meets the same, and says so where it is seen.
            _LOG.exception("the first look at all payments failed")
        finally:
            self._over.set()
