"""A set of seconds, as the few spans it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

#: A pause up to so long does not part two spans: the seconds in it count as kept.
PAUSE_S: Final = 5
#: The oldest spans beyond so many are forgotten.
SPANS_MAX: Final = 100


class Spans:
    """Seconds (whole, since 1970), held as inclusive spans."""

    def __init__(self, pairs: Iterable[Sequence[int]] = ()) -> None:
        self._spans = sorted((int(first), int(last)) for first, last in pairs)

    def __contains__(self, second: int) -> bool:
        return any(first <= second <= last for first, last in self._spans)

    def pairs(self) -> list[list[int]]:
        """The spans, oldest first, as the constructor takes them."""
        return [[first, last] for first, last in self._spans]

    def with_seconds(self, seconds: Iterable[int]) -> Spans:
        """These and ``seconds``, joined where they touch."""
        joined: list[tuple[int, int]] = []
        for first, last in sorted([*self._spans, *((second, second) for second in seconds)]):
            if joined and first - joined[-1][1] <= PAUSE_S:
                joined[-1] = (joined[-1][0], max(joined[-1][1], last))
            else:
                joined.append((first, last))
        return Spans(joined[-SPANS_MAX:])
