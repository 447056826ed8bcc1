"""Full comparisons in turn: payments first, then what hangs on them, a short read at a time.

Payments go first in every cycle because they show best whether the source is still the one that
was read before; nothing else is believed to be gone before they were compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final

from collectors.capture import Capture, Tally
from collectors.swapped import Swapped

CYCLE_S: Final = 15.0
#: A source whose stamp has not moved since the last cycle is compared this seldom.
CYCLE_AT_LEAST_S: Final = 300.0


class Sweeps:
    """Runs the captures' sweeps, one after the other, again and again.

    A stream whose source was swapped is compared again in every cycle: it heals when the right
    source is back.
    """

    def __init__(self, captures: Sequence[Capture], rest_per_cpu_second: float) -> None:
        self._captures = captures
        self._rest = rest_per_cpu_second
        self._turn: int | None = None
        self._steps: Iterator[Tally] | None = None
        self._began_at = 0.0
        self._due_at = 0.0
        self._forced_at = 0.0
        self._step_at = 0.0
        self._token: tuple[object, ...] | None = None
        self._accept = False
        self._now: datetime | None = None
        self._swept: set[str] = set()
        self.swapped: dict[str, Swapped] = {}
        #: Whether a whole cycle found every stream in its place, since the start or ``forget``.
        self.believed = False

    def is_swept(self, name: str) -> bool:
        """Whether the stream was compared whole since the start, or since the file changed."""
        return name in self._swept

    def hurry(self) -> None:
        """Begin a cycle with the next step, unless one is under way."""
        self._due_at, self._token = 0.0, None

    def restart(self, *, accept: bool = False) -> None:
        """Compare everything anew before a poll; ``accept`` takes deletions as meant."""
        self._turn, self._steps, self._accept = None, None, accept
        self._swept.clear()
        self.believed = False
        self.hurry()

    def interrupted(self) -> None:
        """The source could not be read: the table under way is begun anew."""
        self._steps = None

    @property
    def stopped(self) -> bool:
        """Whether the payments themselves are not believed: then nothing else is."""
        return self._captures[0].subject.name in self.swapped

    def step(
        self,
        token: tuple[object, ...],
        moment: float,
        now: datetime,
        readable: Callable[[Capture], bool],
    ) -> bool:
        """The next short read, if due. Whether a first read is under way and wants to go on.

        Raises SourceError where the source cannot be read.
        """
        self._now = now
        if moment < self._step_at or not self._is_due(token, moment):
            return False
        capture = self._captures[self._turn or 0]
        name = capture.subject.name
        if not readable(capture):
            self._next_turn(moment)
            return False
        if self._steps is None:
            self._steps = capture.sweep(lambda: self._now or now, accept=self._accept)
        started = time.thread_time()
        try:
            over = next(self._steps, None) is None
        except Swapped as swapped:
            self.swapped[name] = swapped
            self._next_turn(moment)
            return False
        finally:
            known = name in self._swept or name in self.swapped
            if known:
                self._step_at = moment + (time.thread_time() - started) * self._rest
        if over:
            self._swept.add(name)
            self.swapped.pop(name, None)
            self._next_turn(moment)
        return not known or len(self._swept | self.swapped.keys()) < len(self._captures)

    def _is_due(self, token: tuple[object, ...], moment: float) -> bool:
        if self._turn is None:
            unmoved = bool(token) and token == self._token and moment < self._forced_at
            if moment < self._due_at or unmoved:
                return False
            self._turn, self._steps, self._began_at = 0, None, moment
            self._token, self._forced_at = token, moment + CYCLE_AT_LEAST_S
        return True

    def _next_turn(self, moment: float) -> None:
        self._steps = None
        turn = (self._turn or 0) + 1
        if turn < len(self._captures) and not self.stopped:
            self._turn = turn
            return
        self._turn, self._accept = None, False
        self.believed = not self.swapped
        self._due_at = max(self._began_at + CYCLE_S, moment)
