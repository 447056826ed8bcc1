"""What every question of a measure is asked with, and what is kept from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from vcanalytics.alerts.judging import Reading
from vcanalytics.alerts.rules import Rule
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.watched import Edges
from vcanalytics.settings import Settings
from vcanalytics.store import Snapshot

#: What is usual is what was so in the days before the window.
USUAL: Final = timedelta(days=7)
#: A week does not change in ten minutes.
_KEPT_FOR: Final = timedelta(minutes=10)
_KEPT_MAX: Final = 200
#: A share of fewer than so many is not called usual.
USUAL_LEAST: Final = 20

_Found = TypeVar("_Found")
Reads: TypeAlias = Callable[[], AbstractContextManager[Connection]]
#: Of each series a reading an edge, None where there is none.
Readings: TypeAlias = Mapping[str, Sequence[Reading | None]]
Ask: TypeAlias = "Callable[[Moment, Rule, Edges], Readings]"


@dataclass(frozen=True, slots=True)
class Told:
    """What of the settings measures hang on."""

    zone: ZoneInfo
    currency: str
    grace: timedelta
    stuck: timedelta
    captured_errors: tuple[str, ...]
    sample_prefixes: tuple[str, ...]

    @classmethod
    def of(cls, settings: Settings) -> Told:
        return cls(
            zone=settings.zone,
            currency=settings.currency,
            grace=timedelta(minutes=settings.grace_minutes),
            stuck=timedelta(minutes=settings.stuck_minutes),
            captured_errors=settings.captured_errors,
            sample_prefixes=settings.sample_prefixes,
        )


class Kept:
    """What changes slowly, kept for ten minutes from one evaluation to the next."""

    def __init__(self) -> None:
        self._found: dict[object, tuple[datetime, Any]] = {}

    def known(self, key: object, now: datetime, ask: Callable[[], _Found]) -> _Found:
        """What ``ask`` said of ``key`` lately, else what it says now."""
        kept = self._found.get(key)
        # A clock that was set back makes what is kept one of the future: it is asked anew.
        if kept is None or not timedelta() <= now - kept[0] < _KEPT_FOR:
            if len(self._found) >= _KEPT_MAX:
                self._found.clear()
            kept = self._found[key] = (now, ask())
        found: _Found = kept[1]
        return found


@dataclass(frozen=True, slots=True)
class Moment:
    """One evaluation: the store as of a snapshot, at ``now``. Its answers are shared by rules."""

    engine: Engine
    snapshot: Snapshot
    now: datetime
    told: Told
    journal: Reads
    kept: Kept = field(default_factory=Kept)
    _asked: dict[object, Any] = field(default_factory=dict)

    def once(self, key: object, ask: Callable[[], _Found]) -> _Found:
        """What ``ask`` says, asked once a moment."""
        if key not in self._asked:
            self._asked[key] = ask()
        found: _Found = self._asked[key]
        return found

    def live(self, edges: Edges) -> bool:
        """Whether it is this moment that is asked for, and not history."""
        return edges.count == 1 and edges.first == self.now
