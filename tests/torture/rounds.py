"""What one round was, and what a fault in it is."""

from __future__ import annotations

from dataclasses import dataclass


class Wrong(AssertionError):
    """Something was lost, doubled or untrue."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did, and what stood in the store after it."""

    kind: str
    did: str
    versions: int
    requests: int
    segments: int
    left_over: int
    seconds: float
