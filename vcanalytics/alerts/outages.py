"""Outages found over history: what the rules say of payments and of PayPal's times, and the rest.

The rules ``failure_rate`` and ``paypal_slow`` decide, as they are in force, so that limits stand
once: in hindsight each of their moments is judged, and what is too much in a row is one sign. What
checks, calls and mails tell of is in ``analytics.outages``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from vcanalytics.alerts.asking import read_past
from vcanalytics.alerts.judging import Reading, Verdict, limits, verdict
from vcanalytics.alerts.moment import Moment
from vcanalytics.alerts.payments import steps_of
from vcanalytics.alerts.quantities import written
from vcanalytics.alerts.rules import Rule
from vcanalytics.analytics.outages import GAP, PAYPAL, Outage, Sign, merged, told_by_streams
from vcanalytics.analytics.watched import Edges
from vcanalytics.display import formats

#: The rules whose limits hold.
FAILING: Final = "failure_rate"
SLOW: Final = "paypal_slow"
#: A longer range is cut to its last days.
DAYS_MAX: Final = 90
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_STEP: Final = timedelta(minutes=1)
#: What looks back for half an hour need not be asked each minute.
_WIDE_STEP: Final = timedelta(minutes=5)
#: As many moments are asked for at once: 31 days of minutes.
_AT_ONCE: Final = 44_640
#: In hindsight nobody is woken: half an hour of a shop that sells little is believed sooner.
_HINDSIGHT: Final = 0.0001
_PERCENT: Final = 100.0


def cut(start: datetime, end: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The part of a range that is looked through: until now, whole minutes, the last 90 days."""
    until = min(end, now)
    last = until.replace(second=0, microsecond=0)
    last = last if last == until else last + _STEP
    first = max(start, last - timedelta(days=DAYS_MAX)).replace(second=0, microsecond=0)
    return first, last


def outages(
    moment: Moment, rules: Mapping[str, Rule], *, start: datetime, end: datetime
) -> list[Outage]:
    """Outages in ``[start, end)``, the newest first; of a longer range its last 90 days.

    Rules that are switched off say nothing. Raises BudgetExceeded, StoreError.
    """
    first, last = cut(start, end, moment.now)
    if first >= last:
        return []
    signs = told_by_streams(
        moment.engine,
        moment.snapshot,
        start=first,
        end=last,
        now=moment.now,
        grace=moment.told.grace,
        sample_prefixes=moment.told.sample_prefixes,
    )
    failing, slow = rules.get(FAILING), rules.get(SLOW)
    if failing is not None and failing.enabled:
        signs += _failing(moment, failing, first, last)
    if slow is not None and slow.enabled:
        signs += _slow(moment, slow, first, last)
    return merged(signs)


def _parts(start: datetime, end: datetime, step: timedelta = _STEP) -> Iterator[Edges]:
    """Moments that are the same whenever is asked: whole steps of UTC, the last one to its end."""
    before = start - (start - _EPOCH) % step
    first, count = before + step, -((before - end) // step)
    for done in range(0, count, _AT_ONCE):
        yield Edges(first + done * step, step, min(_AT_ONCE, count - done))


@dataclass(slots=True)
class _Stretch:
    """Moments at which it was too much, none far from the next; and the worst of them."""

    first: datetime
    last: datetime
    worst: Reading


def _may_be(rule: Rule, reading: Reading) -> bool:
    """Whether it can be too much at all: what comes about by chance is dear to tell."""
    least = max(rule.limit, rule.times_usual * (reading.usual or 0.0))
    return reading.value is not None and reading.value >= least


def _stretches(
    rule: Rule, edges: Edges, readings: Sequence[Reading | None], gap: timedelta
) -> list[_Stretch]:
    found: list[_Stretch] = []
    for edge, reading in zip(edges, readings, strict=True):
        if reading is None or not _may_be(rule, reading):
            continue
        if verdict(rule, reading) is not Verdict.BREACH:
            continue
        if not found or edge - found[-1].last > gap:
            found.append(_Stretch(edge, edge, reading))
            continue
        found[-1].last = edge
        if (reading.value or 0.0) > (found[-1].worst.value or 0.0):
            found[-1].worst = reading
    return found


def _changed(rule: Rule, **changes: Any) -> Rule:
    """The rule with other values of its keys, and nothing kept of what they came to."""
    copy = rule.model_copy(update=changes)
    for name in set(vars(copy)) - set(Rule.model_fields):
        vars(copy).pop(name)
    return copy


def _failing(moment: Moment, rule: Rule, start: datetime, end: datetime) -> list[Sign]:
    """Payments fail: by the rule's window, and by its wider one."""
    alone = _changed(rule, wider=None, narrower=())
    views = [(alone, _STEP)]
    if rule.wider is not None:
        chance = max(rule.chance_below, _HINDSIGHT)
        step = _STEP if rule.wider % _WIDE_STEP else _WIDE_STEP
        views.append((_changed(alone, window=rule.wider, chance_below=chance), step))
    signs = []
    for view, step in views:
        for edges in _parts(start, end, step):
            # What was asked for one part is let go of before the next: memory does not grow with
            # it.
            part = replace(moment, _asked={})
            readings = read_past(part, view, edges).get("", (None,) * edges.count)
            found = _stretches(view, edges, readings, GAP)
            signs += [_narrowed(part, view, one) for one in found]
    return [sign for sign in signs if sign is not None]


def _narrowed(moment: Moment, rule: Rule, one: _Stretch) -> Sign | None:
    """The part of a stretch, with the windows that led to it, in which most failed beyond usual.

    A window says that too many failed in it, not since when: of all parts the one is taken whose
    failures exceed by most what lies halfway between the usual and the worst share.
    """
    origin = one.first - rule.span
    minutes = Edges(origin + _STEP, _STEP, (one.last - origin) // _STEP)
    failed, begun = steps_of(moment, minutes, _STEP)
    usual, worst = (one.worst.usual or 0.0) / _PERCENT, (one.worst.value or 0.0) / _PERCENT
    scores = failed - (usual + worst) / 2 * begun
    first, last = best_part(scores)
    if first >= last:
        return None
    many, of = int(failed[first:last].sum()), int(begun[first:last].sum())
    found_at, until = origin + first * _STEP, origin + last * _STEP
    open_still = moment.now - one.last <= GAP
    share = written(many / of * _PERCENT, "%")
    told = [f"{formats.count(many)} of {formats.count(of)} payments failed, {share}"]
    if one.worst.usual is not None:
        told.append(f"usually {written(one.worst.usual, '%')}")
    end = moment.now if open_still else until
    return Sign(PAYPAL, "failing", found_at, end, open_still, ", ".join(told))


def best_part(scores: Iterable[float]) -> tuple[int, int]:
    """The places ``[first, last)`` whose scores add up to most; the shortest of equal ones."""
    best, span = 0.0, (0, 0)
    running, since = 0.0, 0
    for place, score in enumerate(scores):
        if running <= 0:
            running, since = 0.0, place
        running += score
        if running > best:
            best, span = running, (since, place + 1)
    return span


def _slow(moment: Moment, rule: Rule, start: datetime, end: datetime) -> list[Sign]:
    """PayPal's API takes too long, by endpoint."""
    signs = []
    for edges in _parts(start, end):
        part = replace(moment, _asked={})
        for endpoint, readings in read_past(part, rule, edges).items():
            for one in _stretches(rule, edges, readings, GAP):
                peak = written(one.worst.value or 0.0, rule.of.unit)
                limit = written(limits(rule, one.worst).limit, rule.of.unit)
                told = f"PayPal's API took {peak}, the limit is {limit}"
                still = moment.now - one.last < _STEP
                until = min(one.last, moment.now)
                signs.append(
                    Sign(PAYPAL, "slow", one.first - rule.span, until, still, told, endpoint)
                )
    return signs
