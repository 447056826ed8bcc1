"""The one pass through all of history after a start, in a thread of its own.

What needs a person is kept file by file, and until every file was looked at once it cannot be said:
some 5 s of a core for each million payments. No page waits for that.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from vcanalytics.errors import BudgetExceeded, ConsoleError

_LOG: Final = logging.getLogger(__name__)


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

    def over(self, wait_s: float) -> bool:
        """Whether it is over, now or within ``wait_s`` seconds."""
        if not self._over.is_set() and self._begun.acquire(blocking=False):
            threading.Thread(target=self._run, name="first look", daemon=True).start()
        return self._over.wait(wait_s)

    def _run(self) -> None:
        try:
            while True:
                try:
                    self._look()
                except BudgetExceeded:
                    continue
                break
        except Exception:  # noqa: BLE001 - the edge of a thread
            # Who asks next meets the same, and says so where it is seen.
            _LOG.exception("the first look at all payments failed")
        finally:
            self._over.set()
