"""One circuit breaker, kept in the journal: closed, open, half-open, closed.

Own code, because the library at hand (pybreaker) reads the host's clock, pauses for the same time
after every failure, and asks its storage several times a call, each a transaction here. What is
wanted: the time passed in, pauses that grow, one transaction a failure, none while all is well, and
a reset by another process that counts at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from vcanalytics.errors import ConsoleError
from vcanalytics.journal import Journal
from vcanalytics.journal import breakers as kept
from vcanalytics.journal.breakers import BreakerState, State

#: Failures in a row until a breaker opens.
OPENS_AFTER: Final = 3
#: How long it stays open, the first time, the second, and so on; then as the last one.
PAUSES_S: Final = (30.0, 60.0, 120.0, 300.0)


class Open(ConsoleError):
    """The breaker is open: what is behind it was not asked."""

    def __init__(self, state: BreakerState) -> None:
        super().__init__(
            f"{state.name} keeps failing: {state.last_error or 'unknown'}",
            hint="It is tried again by itself; an admin may reset its breaker",
            heals=True,
        )
        self.next_try_at = state.next_try_at


class Breaker:
    """Lets calls through or not. Used by one thread of one process; others may reset it.

    ``name`` is like ``source``, ``probe:<name>``, ``channel:<name>``. Times are passed in, UTC.
    Raises StoreError where the journal cannot be read or written.
    """

    def __init__(
        self,
        journal: Journal,
        name: str,
        *,
        opens_after: int = OPENS_AFTER,
        pauses_s: Sequence[float] = PAUSES_S,
    ) -> None:
        self.name = name
        self._journal = journal
        self._opens_after = opens_after
        self._pauses_s = tuple(pauses_s)

    def state(self) -> BreakerState:
        """As it is kept now; a closed one where it never failed."""
        with self._journal.read() as connection:
            return self._state(connection)

    def allows(self, now: datetime) -> bool:
        """Whether a call may be made now. Of an open one whose time has come: one, as a try.

        Who was let through says how it went by ``succeeded`` or ``failed``; if nobody does (the
        process was killed), the next try comes after another pause.
        """
        if _closed(self.state()):
            return True
        with self._journal.write() as connection:
            # Read anew: it may have been reset in between.
            state = self._state(connection)
            if _closed(state):
                return True
            if state.next_try_at is not None and now < state.next_try_at:
                return False
            try_at = now + self._pause(state.failures)
            kept.keep(connection, replace(state, state=State.HALF_OPEN, next_try_at=try_at))
        return True

    def succeeded(self, now: datetime) -> None:  # noqa: ARG002 as failed has it
        """The call went well: the breaker is closed. Writes nothing where it was."""
        state = self.state()
        if _closed(state) and not state.failures:
            return
        with self._journal.write() as connection:
            closed = BreakerState(
                self.name, last_error=state.last_error, last_error_at=state.last_error_at
            )
            kept.keep(connection, closed)

    def failed(
        self, now: datetime, error: str, *, next_try_at: datetime | None = None
    ) -> BreakerState:
        """The call failed. Opens the breaker after so many in a row, and after a failed try.

        ``next_try_at``: where the caller has waits of its own.
        """
        with self._journal.write() as connection:
            before = self._state(connection)
            failures = before.failures + 1
            state = replace(before, failures=failures, last_error=error, last_error_at=now)
            if failures >= self._opens_after or not _closed(before):
                state = replace(
                    state,
                    state=State.OPEN,
                    opened_at=before.opened_at or now,
                    next_try_at=next_try_at or now + self._pause(failures),
                )
            kept.keep(connection, state)
        return state

    @contextmanager
    def trying(self, now: datetime) -> Iterator[None]:
        """One call: Open is raised where it may not be made; a ConsoleError counts as a failure.

        What else is raised says nothing of what is behind the breaker, and is counted for nothing.
        """
        if not self.allows(now):
            raise Open(self.state())
        try:
            yield
        except ConsoleError as error:
            self.failed(now, str(error))
            raise
        self.succeeded(now)

    def _state(self, connection: Connection) -> BreakerState:
        return kept.find(connection, self.name) or BreakerState(self.name)

    def _pause(self, failures: int) -> timedelta:
        opened = max(0, failures - self._opens_after)
        return timedelta(seconds=self._pauses_s[min(opened, len(self._pauses_s) - 1)])


def _closed(state: BreakerState) -> bool:
    return state.state is State.CLOSED


def reset(connection: Connection, name: str, by: str, *, now: datetime) -> bool:
    """Close a breaker by hand, noting who did; false where there is none of that name.

    Whether ``by`` may is for the caller to know: admins alone. It counts at once in every process.
    """
    return kept.reset(connection, name, by, now)
