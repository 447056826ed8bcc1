"""A call to an outside monitor every minute, while everything here is alive.

Nobody inside can say that the console is dead: the monitor raises the alarm when it hears nothing.
So nothing is sent while a part that would notice trouble stands still.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from vcanalytics.errors import ConsoleError
from vcanalytics.notify.errors import SendError
from vcanalytics.notify.http import call
from vcanalytics.notify.plan import Heartbeat


class Pulse:
    """Beats when it is time. ``problem`` is why the last beat was not sent, or not taken."""

    def __init__(self, alive: Callable[[datetime], str | None]) -> None:
        """``alive`` says what stands still, None where nothing does."""
        self._alive = alive
        self._beat_at: datetime | None = None
        self.problem: str | None = None

    def takes_turn(self, plan: Heartbeat, now: datetime) -> bool:
        """Whether it is time; the next is due a period later, however this one ends.

        A clock that was set back does not stop it.
        """
        period = timedelta(seconds=plan.every_s)
        if self._beat_at is not None and timedelta(0) <= now - self._beat_at < period:
            return False
        self._beat_at = now
        return True

    def beat(self, plan: Heartbeat, now: datetime) -> None:
        """Send one, or say why not."""
        try:
            if (still := self._alive(now)) is not None:
                self.problem = f"no heartbeat is sent: {still}"
                return
            call(plan.target, method=plan.method, headers={"User-Agent": "VectorCraft-console"})
        except SendError as error:
            self.problem = f"the heartbeat was not taken: {error}".replace(plan.target.url, "***")
        except ConsoleError as error:
            self.problem = f"no heartbeat is sent: {error}"
        else:
            self.problem = None
