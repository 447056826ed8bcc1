"""Full comparisons in turn: payments first, then what hangs on them, a short read at a time.

Payments go first in every cycle because they show best whether the source is still the one that
was read before; nothing else is believed to be gone before they were compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from collectors.capture import Capture, Swapped, Tally

CYCLE_S: Final = 15.0
#: A source whose stamp has not moved since the last cycle is compared this seldom.
CYCLE_AT_LEAST_S: Final = 300.0


class Sweeps:
    """Runs the captures' sweeps, one after the other, again and again."""

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
        self._swept: set[str] = set()
        self.swapped: dict[str, Swapped] = {}

    def is_swept(self, name: str) -> bool:
        """Whether the stream was compared whole since the start, or since the file changed."""
        return name in self._swept

    def hurry(self) -> None:
        """Begin a cycle with the next step, unless one is under way."""
        self._due_at, self._token = 0.0, None

    def restart(self, *, accept: bool = False, forget: bool = False) -> None:
        """Begin a new cycle; ``accept`` takes deletions as meant, ``forget`` polls after it."""
        self._turn, self._steps, self._accept = None, None, accept
        if accept:
            self.swapped.clear()
        if forget:
            self._swept.clear()
        self.hurry()

    def interrupted(self) -> None:
        """The source could not be read: the table under way is begun anew."""
        self._steps = None

    @property
    def stopped(self) -> bool:
        """Whether the payments themselves are not believed: then nothing else is."""
        return self._captures[0].subject.name in self.swapped

    def step(
        self, token: tuple[object, ...], moment: float, readable: Callable[[Capture], bool]
    ) -> bool:
        """The next short read, if due. Whether a first read is under way and wants to go on.

        Raises SourceError where the source cannot be read.
        """
        if self.stopped or moment < self._step_at:
            return False
        if self._turn is None:
            unmoved = bool(token) and token == self._token and moment < self._forced_at
            if moment < self._due_at or unmoved:
                return False
            self._turn, self._steps, self._began_at = 0, None, moment
            self._token, self._forced_at = token, moment + CYCLE_AT_LEAST_S
        capture = self._captures[self._turn]
        name = capture.subject.name
        started = time.thread_time()
        if name in self.swapped or not readable(capture):
            self._next_turn(moment)
            return False
        if self._steps is None:
            self._steps = capture.sweep(lambda: datetime.now(UTC), accept=self._accept)
        try:
            over = next(self._steps, None) is None
        except Swapped as swapped:
            self.swapped[name] = swapped
            self._next_turn(moment)
            return False
        if over:
            self._swept.add(name)
            self._next_turn(moment)
        first = name not in self._swept
        if not first:
            self._step_at = moment + (time.thread_time() - started) * self._rest
        return first or len(self._swept | self.swapped.keys()) < len(self._captures)

    def _next_turn(self, moment: float) -> None:
        self._steps = None
        if self._turn is not None and self._turn + 1 < len(self._captures):
            self._turn += 1
            return
        self._turn, self._accept = None, False
        self._due_at = max(self._began_at + CYCLE_S, moment)
