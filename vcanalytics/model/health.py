"""How a component is: four words, from best to worst, and a verdict on one component.

No data is never healthy: where nothing is known, or what is known is old, the word is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """How a component is."""

    HEALTHY = "healthy"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


_RANKS = (Status.HEALTHY, Status.WARNING, Status.CRITICAL)


def worst(statuses: Iterable[Status]) -> Status:
    """The worst of those that are known; unknown where none is."""
    known = [_RANKS.index(status) for status in statuses if status is not Status.UNKNOWN]
    return _RANKS[max(known)] if known else Status.UNKNOWN


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one component was found to be.

    ``what`` and ``hint`` are for people: what is wrong and what to do, or how well it is.
    ``data_at`` (UTC) is the time of what the verdict rests on, None where there was nothing.
    """

    name: str
    status: Status
    what: str
    hint: str = ""
    data_at: datetime | None = None
