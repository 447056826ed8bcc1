"""How likely it is that so many come about by chance alone, where so many are usual."""

from __future__ import annotations

import math
from typing import Final

#: A term that changes nothing any more ends a sum.
_NOTHING: Final = 1e-18
_TERMS_MAX: Final = 100_000


def of_share(events: int, volume: int, usual: float) -> float:
    """That at least ``events`` of ``volume`` come about, each with the chance ``usual``."""
    if events <= 0:
        return 1.0
    if events > volume or usual <= 0:
        return 0.0
    if usual >= 1:
        return 1.0
    log = (
        math.lgamma(volume + 1)
        - math.lgamma(events + 1)
        - math.lgamma(volume - events + 1)
        + events * math.log(usual)
        + (volume - events) * math.log1p(-usual)
    )
    odds = usual / (1 - usual)
    term = total = math.exp(log)
    for count in range(events, min(volume, events + _TERMS_MAX)):
        term *= (volume - count) / (count + 1) * odds
        total += term
        if term < total * _NOTHING:
            break
    # Below the mean the sum may have begun at a term too small to be a number.
    return 1.0 if events <= volume * usual else min(total, 1.0)


def of_count(events: int, usual: float) -> float:
    """That at least ``events`` come about where ``usual`` do on the average."""
    if events <= usual:
        return 1.0
    if usual <= 0:
        return 0.0
    term = total = math.exp(events * math.log(usual) - usual - math.lgamma(events + 1))
    for count in range(events + 1, events + _TERMS_MAX):
        term *= usual / count
        total += term
        if term < total * _NOTHING:
            break
    return min(total, 1.0)


def of_drop(now: int, before: int) -> float:
    """That of two alike times one has at most ``now``, where the other has ``before``."""
    return of_share(before, before + now, 0.5)


def least_share(volume: int, usual: float, chance: float) -> int:
    """The least ``events`` of ``volume`` with less than that chance; more than all for none."""
    low, high = 0, volume + 1
    while low < high:
        middle = (low + high) // 2
        if of_share(middle, volume, usual) < chance:
            high = middle
        else:
            low = middle + 1
    return low


def least_count(usual: float, chance: float) -> int:
    """The least number whose chance is below ``chance``, where ``usual`` are usual."""
    low, high = 0, int(usual + 40 * math.sqrt(usual + 1) + 40)
    while low < high:
        middle = (low + high) // 2
        if of_count(middle, usual) < chance:
            high = middle
        else:
            low = middle + 1
    return low
