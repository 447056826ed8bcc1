"""The source's breaker: what the reader's waits look like from outside, and how to end them.

The reader waits by itself between tries, a quarter of a second at first and five at most, since a
source that is back must be read at once. The breaker ``source`` in the journal shows that, and an
admin's reset of it ends the wait. Trouble with the journal never keeps anybody from reading.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from collectors.daemon import LOG
from vcanalytics.errors import StoreError
from vcanalytics.journal import FILE_NAME, Journal
from vcanalytics.journal.breakers import BreakerState, State, find, keep

NAME: Final = "source"
#: A source that is locked for a moment is no fault: so many failures in a row open the breaker.
OPENS_AFTER: Final = 3
#: How often a reset is looked for, while it is open.
_LOOK_EVERY_S: Final = 1.0


class SourceBreaker:
    """Used by the reader's thread alone. While all is well it opens and writes nothing."""

    def __init__(self, store_dir: Path) -> None:
        self._store_dir = store_dir
        self._journal: Journal | None = None
        self._state = BreakerState(NAME)
        # An earlier run may have left it open.
        self._known = not (store_dir / FILE_NAME).exists()
        self._look_at = 0.0

    def failed(self, now: datetime, error: str, wait_s: float) -> None:
        """A read failed; the next comes after ``wait_s``."""
        failures = self._state.failures + 1
        is_open = failures >= OPENS_AFTER
        self._state = BreakerState(
            NAME,
            State.OPEN if is_open else State.CLOSED,
            failures,
            opened_at=(self._state.opened_at or now) if is_open else None,
            next_try_at=now + timedelta(seconds=wait_s) if is_open else None,
            last_error=error,
            last_error_at=now,
        )
        if is_open:
            self._keep()

    def succeeded(self) -> None:
        """A read went well: the breaker is closed."""
        if self._known and not self._state.failures:
            return
        was_open = self._state.state is State.OPEN
        try:
            if not self._known:
                was_open = self._load() or was_open
        except StoreError as error:
            LOG.warning("source: its breaker cannot be read: %s", error)
        self._known = True
        state = self._state
        self._state = BreakerState(
            NAME, last_error=state.last_error, last_error_at=state.last_error_at
        )
        if was_open:
            self._keep()

    def was_reset(self, moment: float) -> bool:
        """Whether an admin closed it meanwhile. ``moment`` is in seconds that only grow."""
        if self._state.state is not State.OPEN or moment < self._look_at:
            return False
        self._look_at = moment + _LOOK_EVERY_S
        try:
            with self._opened().read() as connection:
                found = find(connection, NAME)
        except StoreError:
            return False
        if found is None or found.state is not State.CLOSED:
            return False
        self._state = found
        return True

    def close(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def _load(self) -> bool:
        """Take over what an earlier run kept; whether it was open then."""
        with self._opened().read() as connection:
            found = find(connection, NAME)
        if found is None:
            return False
        if self._state.last_error is None:
            self._state = found
        return found.state is not State.CLOSED

    def _keep(self) -> None:
        try:
            with self._opened().write() as connection:
                keep(connection, self._state)
        except StoreError as error:
            LOG.warning("source: its breaker cannot be kept: %s", error)

    def _opened(self) -> Journal:
        if self._journal is None:
            self._journal = Journal.open(self._store_dir)
        return self._journal
