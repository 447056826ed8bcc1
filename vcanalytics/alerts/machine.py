"""How a rule stands for a series, and how that changes with each look. Pure: no clock, no store.

    ok -> pending -> firing -> ok        too much for ``for``; over for ``clear_for``
    ok -> pending -> no_data -> ok       nothing to tell from, where the rule wants to know of that

What holds is counted in time that was looked at: time in which nobody looked (a restart, a clock
that was set) does not count, and the look after it changes nothing. So neither fires anything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from vcanalytics.alerts.judging import Verdict

#: A gap between two looks of so many times what it should be is one in which nobody looked.
_GAPS: Final = 3
_SLACK: Final = timedelta(seconds=15)
#: So many changes within so long are flapping.
FLAPS: Final = 5
FLAPS_WITHIN: Final = timedelta(hours=1)
_CHANGES_KEPT: Final = 20


class Standing(StrEnum):
    """How a rule stands for a series."""

    OK = "ok"
    PENDING = "pending"
    FIRING = "firing"
    NO_DATA = "no_data"


class Change(StrEnum):
    """What a look changed."""

    FIRED = "fired"
    RESOLVED = "resolved"
    NO_DATA = "no_data"


@dataclass(frozen=True, slots=True)
class Timing:
    """What of a rule the machine needs. ``every`` is how often somebody looks."""

    every: timedelta
    hold: timedelta
    clear_for: timedelta
    no_data: str = "ok"
    no_data_for: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Stand:
    """A series as the last look left it.

    ``since`` is when what is pending or firing began, ``clear_since`` when it began to be over,
    ``held`` for how long the one or the other has been seen to hold. ``missing``: what is pending
    is that nothing can be told. ``changes`` are the last times it fired or was resolved.
    """

    standing: Standing = Standing.OK
    since: datetime | None = None
    clear_since: datetime | None = None
    held: timedelta = timedelta()
    missing: bool = False
    changes: tuple[datetime, ...] = ()
    looked_at: datetime | None = None

    @property
    def alerting(self) -> bool:
        return self.standing in {Standing.FIRING, Standing.NO_DATA}

    def flapping(self, now: datetime) -> bool:
        """Whether it changed too often lately to be told of each time."""
        return sum(now - change < FLAPS_WITHIN for change in self.changes) >= FLAPS


def look(
    stand: Stand, verdict: Verdict, now: datetime, timing: Timing
) -> tuple[Stand, tuple[Change, ...]]:
    """What becomes of a series by one look, and what that changed."""
    gap = timedelta() if stand.looked_at is None else now - stand.looked_at
    seen = replace(stand, looked_at=now)
    if not timedelta() <= gap <= timing.every * _GAPS + _SLACK:
        return seen, ()
    match stand.standing:
        case Standing.FIRING:
            return _firing(seen, verdict, now, gap, timing)
        case Standing.NO_DATA:
            return _no_data(seen, verdict, now, timing)
        case _:
            return _quiet(seen, verdict, now, gap, timing)


def _quiet(
    stand: Stand, verdict: Verdict, now: datetime, gap: timedelta, timing: Timing
) -> tuple[Stand, tuple[Change, ...]]:
    """Of one that is ok or pending."""
    missing = verdict is Verdict.MISSING
    if missing and timing.no_data == "keep":
        return stand, ()
    if verdict is not Verdict.BREACH and not (missing and timing.no_data == "no_data"):
        return replace(stand, standing=Standing.OK, since=None, held=timedelta(), missing=False), ()
    going_on = stand.standing is Standing.PENDING and stand.missing is missing
    held = stand.held + gap if going_on else timedelta()
    since = stand.since if going_on else now
    pending = replace(stand, standing=Standing.PENDING, since=since, held=held, missing=missing)
    if held < (timing.no_data_for if missing else timing.hold):
        return pending, ()
    standing = Standing.NO_DATA if missing else Standing.FIRING
    change = Change.NO_DATA if missing else Change.FIRED
    return _changed(replace(pending, standing=standing, held=timedelta()), now), (change,)


def _firing(
    stand: Stand, verdict: Verdict, now: datetime, gap: timedelta, timing: Timing
) -> tuple[Stand, tuple[Change, ...]]:
    over = verdict is Verdict.CLEAR or (verdict is Verdict.MISSING and timing.no_data == "ok")
    if not over:
        return replace(stand, clear_since=None, held=timedelta()), ()
    begun = stand.clear_since is not None
    held = stand.held + gap if begun else timedelta()
    if held < timing.clear_for:
        since = stand.clear_since if begun else now
        return replace(stand, clear_since=since, held=held), ()
    return _resolved(stand, now), (Change.RESOLVED,)


def _no_data(
    stand: Stand, verdict: Verdict, now: datetime, timing: Timing
) -> tuple[Stand, tuple[Change, ...]]:
    if verdict is Verdict.MISSING and timing.no_data != "ok":
        return stand, ()
    # Something is known again: that ends it, and is looked at as if it were the first time.
    after, more = _quiet(_resolved(stand, now), verdict, now, timedelta(), timing)
    return after, (Change.RESOLVED, *more)


def _resolved(stand: Stand, now: datetime) -> Stand:
    ended = replace(
        stand,
        standing=Standing.OK,
        since=None,
        clear_since=None,
        held=timedelta(),
        missing=False,
    )
    return _changed(ended, now)


def _changed(stand: Stand, now: datetime) -> Stand:
    recent = [change for change in stand.changes if timedelta() <= now - change < FLAPS_WITHIN]
    return replace(stand, changes=(*recent, now)[-_CHANGES_KEPT:])
