"""The course of what an alert is about: its figure step by step, from some windows before on.

The same questions as in a replay, of one series and a bounded time. History is what the store has
of it now.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vcanalytics.alerts.asking import read_past
from vcanalytics.alerts.backtest import minutes_of, step_of
from vcanalytics.alerts.judging import Reading, limits, sentence
from vcanalytics.alerts.moment import Moment
from vcanalytics.alerts.recording import shortened
from vcanalytics.alerts.rules import Rule
from vcanalytics.analytics.watched import Edges

#: As many points as a chart tells apart.
POINTS_MAX: Final = 120
#: Of an alert that goes on for longer, the first days.
LENGTH_MAX: Final = timedelta(days=7)
_AFTER: Final = timedelta(hours=1)
_WINDOWS_BEFORE: Final = 6
_BEFORE_LEAST: Final = timedelta(minutes=30)
_BEFORE_MOST: Final = timedelta(days=1)
#: Before what has no window, so many steps.
_STEPS_BEFORE: Final = 30
_MINUTE: Final = timedelta(minutes=1)
_SECOND: Final = timedelta(seconds=1)
#: Steps divide a day, and with it the week of what is usual.
_DAY_MINUTES: Final = 1_440


@dataclass(frozen=True, slots=True)
class Point:
    """The figure at one moment, in the measure's unit; None where there was nothing to tell from.

    ``limit`` is the one that held then, None where none could be passed. ``told`` says all of it in
    a sentence, empty where there was no reading at all.
    """

    at: datetime
    value: float | None
    limit: float | None
    told: str


def around(
    rule: Rule, started_at: datetime, resolved_at: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """From some windows before it began until ``now``, or an hour after its end."""
    step = rule.of.step or _MINUTE
    before = _WINDOWS_BEFORE * rule.span if rule.span else _STEPS_BEFORE * step
    start = started_at - min(max(before, _BEFORE_LEAST), max(_BEFORE_MOST, rule.span))
    end = now if resolved_at is None else min(resolved_at + _AFTER, now)
    # Clocks are set: there is always something to look at.
    return start, min(max(end, started_at + step), start + LENGTH_MAX)


def course(
    moment: Moment, rule: Rule, series: str, start: datetime, end: datetime
) -> tuple[Point, ...]:
    """The figure of one series, as alerts name it, in ``(start, end]``: at most POINTS_MAX points.

    Where steps are finer than points, each stands for the worst of its steps. Empty where nothing
    is known of the series. Raises UsageError for a measure that has no history; BudgetExceeded,
    StoreError where its question cannot be answered.
    """
    step = _step(rule, end - start)
    count = max((end - start) // step, 2)
    edges = Edges(end - (count - 1) * step, step, count)
    found = read_past(moment, rule, edges)
    mine = next((readings for name, readings in found.items() if shortened(name) == series), None)
    if mine is None:
        return ()
    points = [_point(rule, at, reading) for at, reading in zip(edges, mine, strict=True)]
    every = -(-count // POINTS_MAX)
    return tuple(worst(rule, points[i : i + every]) for i in range(0, count, every))


def _step(rule: Rule, length: timedelta) -> timedelta:
    """What divides the window, and gives no more points than wanted where that can be."""
    finest = step_of(rule, timedelta())
    if not rule.span:
        wanted = math.ceil(length / POINTS_MAX / _SECOND) * _SECOND
        return max(finest, wanted)
    window = math.gcd(minutes_of(rule), _DAY_MINUTES)
    fits = [one for one in range(finest // _MINUTE, window + 1) if window % one == 0]
    least = length / _MINUTE / POINTS_MAX
    return next((one for one in fits if one >= least), fits[-1]) * _MINUTE


def _point(rule: Rule, at: datetime, reading: Reading | None) -> Point:
    if reading is None or reading.value is None:
        return Point(at, None, None, "")
    limit = limits(rule, reading).limit
    return Point(
        at, reading.value, limit if math.isfinite(limit) else None, sentence(rule, reading)
    )


def worst(rule: Rule, points: Sequence[Point]) -> Point:
    """The worst of ``points``, by the rule; the first where there is no figure among them."""
    known = [(point.value, point) for point in points if point.value is not None]
    if not known:
        return points[0]
    return (max if rule.rising else min)(known, key=lambda one: one[0])[1]
