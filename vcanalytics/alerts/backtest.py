"""When a rule would have fired: its measure asked over history, step by step, and judged alike.

History is what the store has of it now: a payment that was mailed later is none that was not. Steps
are coarser than the live rounds, so that a rule that is over within a step may have fired unseen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from vcanalytics.alerts.asking import read_past
from vcanalytics.alerts.judging import Reading, Verdict, limits, verdict, worse
from vcanalytics.alerts.machine import Change, Stand, Standing, Timing, look
from vcanalytics.alerts.moment import Moment
from vcanalytics.alerts.rules import Rule
from vcanalytics.alerts.standing import timing
from vcanalytics.analytics.watched import EDGES_MAX, Edges
from vcanalytics.errors import UsageError

DAYS_MAX: Final = 90
#: So many times that it fired are told.
EPISODES_MAX: Final = 1_000
#: As many moments are asked for at once.
_AT_ONCE: Final = 5_040
_MINUTE: Final = timedelta(minutes=1)
_WEEK_MINUTES: Final = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Episode:
    """Once that it would have fired. Values are in the measure's unit.

    ``began_at`` is when the condition began to hold, ``resolved_at`` is None where it still would
    be firing at the end. ``no_data``: because nothing could be told.
    """

    series: str
    began_at: datetime
    fired_at: datetime
    resolved_at: datetime | None
    peak: float | None
    limit: float
    no_data: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """What came out: in steps of ``step``; ``more`` episodes than EPISODES_MAX are counted only."""

    episodes: tuple[Episode, ...]
    more: int
    step: timedelta
    start: datetime
    end: datetime


def replay(moment: Moment, rule: Rule, start: datetime, end: datetime) -> Replay:
    """Judge the rule at each step of ``(start, end]``.

    Raises UsageError for a measure that has no history, or a range that is too long;
    BudgetExceeded, StoreError where its question cannot be answered.
    """
    if end - start > timedelta(days=DAYS_MAX):
        raise UsageError(f"at most {DAYS_MAX} days can be replayed", where="--days")
    step = step_of(rule, end - start)
    known = timing(rule, step)
    series: dict[str, _Series] = {}
    for edges in _in_parts(start, end, step):
        # What was asked for one part is let go of before the next: memory does not grow with it.
        part, moments = replace(moment, _asked={}), list(edges)
        for name, readings in read_past(part, rule, edges).items():
            one = series.setdefault(name, _Series(name))
            for edge, reading in zip(moments, readings, strict=True):
                if reading is not None or not one.well:
                    one.take(rule, known, reading, edge, step)
        for one in series.values():
            one.up_to(rule, known, edges, step)
    found = [episode for one in series.values() for episode in one.ended()]
    found.sort(key=lambda episode: (episode.fired_at, episode.series))
    kept = tuple(found[:EPISODES_MAX])
    return Replay(kept, len(found) - len(kept), step, start, end)


def minutes_of(rule: Rule) -> int:
    """The most minutes that each of the rule's windows is a multiple of."""
    return math.gcd(*(one // _MINUTE for one in (rule.span, *rule.narrower)))


def step_of(rule: Rule, length: timedelta) -> timedelta:
    """How finely history is replayed: the measure's step, or what fits window and length."""
    step = rule.of.step
    if step is None:
        raise UsageError(
            f"{rule.measure} is known of this moment alone",
            where="alerts test",
            hint="Of such rules the history of alerts says when they fired",
        )
    if not rule.span:
        return max(step, length / EDGES_MAX)
    window = minutes_of(rule)
    minutes = math.gcd(step // _MINUTE, window)
    least = length / _MINUTE / EDGES_MAX
    # What is usual is counted over a week in the same steps.
    fits = [
        one
        for one in range(minutes, window + 1)
        if window % one == 0 and _WEEK_MINUTES % one == 0 and one >= least
    ]
    if not fits:
        raise UsageError(
            f"a window of {rule.span // _MINUTE} minutes cannot be replayed over so long",
            where="alerts test",
            hint=f"Ask for fewer days, at most {EDGES_MAX * minutes // 1_440}",
        )
    return fits[0] * _MINUTE


def _in_parts(start: datetime, end: datetime, step: timedelta) -> Iterator[Edges]:
    count = (end - start) // step
    first = end - (count - 1) * step
    for done in range(0, count, _AT_ONCE):
        yield Edges(first + done * step, step, min(_AT_ONCE, count - done))


class _Series:
    """One series on its way through history."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._stand = Stand()
        self._peak: float | None = None
        self._limit = 0.0
        self._began: datetime | None = None
        self._fired: tuple[datetime, bool] | None = None
        self._found: list[Episode] = []

    @property
    def well(self) -> bool:
        return self._stand.standing is Standing.OK

    def take(
        self, rule: Rule, known: Timing, reading: Reading | None, edge: datetime, step: timedelta
    ) -> None:
        found = verdict(rule, reading)
        stand = self._stand
        if stand.standing is Standing.OK and (
            found in {Verdict.CLEAR, Verdict.BETWEEN}
            or (found is Verdict.MISSING and known.no_data != "no_data")
        ):
            return
        # Of what is well nothing was kept in between; somebody looked all the same.
        self._stand, changes = look(replace(stand, looked_at=edge - step), found, edge, known)
        if found is Verdict.BREACH and reading is not None:
            self._peak = worse(rule, self._peak, reading.value)
            self._limit = limits(rule, reading).limit
        for change in changes:
            if change is Change.RESOLVED:
                self._end(edge)
            else:
                self._fired = (edge, change is Change.NO_DATA)
                self._began = self._stand.since
        if self._stand.standing is Standing.OK:
            self._peak = None

    def up_to(self, rule: Rule, known: Timing, edges: Edges, step: timedelta) -> None:
        """Go on where a part of history had nothing at all of the series."""
        looked_at = self._stand.looked_at
        if self._stand.standing is not Standing.OK and looked_at is not None:
            for edge in edges:
                if edge > looked_at:
                    self.take(rule, known, None, edge, step)

    def ended(self) -> list[Episode]:
        """What there was; what still goes on has no end."""
        self._end(None)
        return self._found

    def _end(self, edge: datetime | None) -> None:
        if self._fired is not None:
            fired_at, no_data = self._fired
            self._found.append(
                Episode(
                    series=self._name,
                    began_at=self._began or fired_at,
                    fired_at=fired_at,
                    resolved_at=edge,
                    peak=None if no_data else self._peak,
                    limit=self._limit,
                    no_data=no_data,
                )
            )
        self._fired = None
