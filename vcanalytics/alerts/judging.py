"""What a reading means to a rule: too much, over, in between, or nothing to tell from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from vcanalytics.alerts import chance
from vcanalytics.alerts.measures import Chance
from vcanalytics.alerts.quantities import written
from vcanalytics.alerts.rules import Rule
from vcanalytics.display import formats


class Verdict(Enum):
    """Too much; over; between the limit and where it is over; nothing to tell from."""

    BREACH = auto()
    CLEAR = auto()
    BETWEEN = auto()
    MISSING = auto()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a measure says of one series at one moment, in the measure's unit.

    ``value`` is None where there is nothing to tell from. ``volume`` and ``events`` are counts as
    the measure names them, ``usual`` its own figure of the last 7 days (None: not known), ``note``
    what else is to be said, like the money that is concerned.
    """

    series: str
    value: float | None
    volume: float = 0.0
    events: float = 0.0
    usual: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on it is too much, and from where on it is over, by what is usual now."""

    limit: float
    clear: float


_PERCENT: Final = 100.0


def limits(rule: Rule, reading: Reading) -> Limits:
    """The rule's limits for this reading: what is usual, or comes about by chance, raises them."""
    base = limit = rule.limit
    usual = reading.usual
    if usual is not None:
        limit = max(limit, rule.times_usual * usual)
        if rule.chance_below < 1:
            limit = max(limit, _by_chance(rule, reading, usual))
    # What is over is raised alike: an endpoint that always takes 3 s never comes below 150 ms.
    clear = rule.clear_at * (limit / base) if base and math.isfinite(limit) else rule.clear_at
    return Limits(limit, clear)


def _by_chance(rule: Rule, reading: Reading, usual: float) -> float:
    match rule.of.chance:
        case Chance.SHARE:
            volume = int(reading.volume)
            least = chance.least_share(volume, usual / _PERCENT, rule.chance_below)
            return least / volume * _PERCENT if 0 < least <= volume else math.inf
        case Chance.COUNT:
            return float(chance.least_count(usual, rule.chance_below))
        case _:
            return 0.0


def verdict(rule: Rule, reading: Reading | None) -> Verdict:
    """What the reading means; None: there was none of the series."""
    if reading is None or reading.value is None or reading.volume < rule.min_volume:
        return Verdict.MISSING
    value = reading.value
    if not _beyond(rule, value, rule.limit):
        # What is usual only raises limits: below the rule's own there is no need to know it.
        clearly = value <= rule.clear_at if rule.rising else value >= rule.clear_at
        if clearly or not rule.rising:
            return Verdict.CLEAR if clearly else Verdict.BETWEEN
    found = limits(rule, reading)
    if _beyond(rule, value, found.limit) and _told_from_enough(rule, reading):
        return Verdict.BREACH
    over = value <= found.clear if rule.rising else value >= found.clear
    # Where no other limit for that is given, what is no longer too much is over.
    return Verdict.CLEAR if over or _cleared(rule, value, found) else Verdict.BETWEEN


def _cleared(rule: Rule, value: float, found: Limits) -> bool:
    return rule.clear is None and not _beyond(rule, value, found.limit)


def _beyond(rule: Rule, value: float, limit: float) -> bool:
    if rule.rising:
        return value > limit if rule.strict else value >= limit
    return value < limit if rule.strict else value <= limit


def _told_from_enough(rule: Rule, reading: Reading) -> bool:
    if reading.events < rule.min_events:
        return False
    if rule.of.chance is Chance.DROP and rule.chance_below < 1:
        found = chance.of_drop(int(reading.events), int(reading.volume))
        return found < rule.chance_below
    return True


def worse(rule: Rule, one: float | None, other: float | None) -> float | None:
    """The worse of two values."""
    known = [value for value in (one, other) if value is not None]
    return (max if rule.rising else min)(known, default=None)


def sentence(rule: Rule, reading: Reading) -> str:
    """The figures in words: the value, its limit, what it was told from and what is usual."""
    if reading.value is None:
        return f"nothing is known of it; {rule.of.meaning}"
    unit, found = rule.of.unit, limits(rule, reading)
    limit = found.limit if math.isfinite(found.limit) else rule.limit
    parts = [f"{written(reading.value, unit)}, the limit is {written(limit, unit)}"]
    if rule.of.volume and rule.of.events:
        events = formats.count(int(reading.events))
        parts.append(f"{events} {rule.of.events} of {told_from(rule, reading)}")
    elif rule.of.volume:
        parts.append(f"of {told_from(rule, reading)}")
    if rule.of.usual and reading.usual is not None:
        parts.append(f"usually {written(reading.usual, unit)}")
    if reading.note:
        parts.append(reading.note)
    return "; ".join(parts)


def told_from(rule: Rule, reading: Reading) -> str:
    """What a value was told from, like ``12 payments``."""
    return f"{formats.count(int(reading.volume))} {rule.of.volume}"
