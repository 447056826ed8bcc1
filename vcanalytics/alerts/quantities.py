"""Amounts with their units and lengths of time, as the rules write them: "200 ms", "5 min"."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from typing import Final

from vcanalytics.display import formats

_QUANTITY: Final = re.compile(r"\s*(-?[0-9]+(?:\.[0-9]+)?)\s*([^\s0-9].*?)?\s*")
_LENGTHS: Final = {
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
LONGEST: Final = timedelta(days=30)
#: How many decimals people read of each unit.
_DIGITS: Final = {"%": 1, "d": 1, "h": 1}
_PARTS: Final = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def quantity(text: str) -> tuple[float, str]:
    """``200 ms`` as (200.0, "ms"); raises ValueError for what is no number with a unit."""
    found = _QUANTITY.fullmatch(text)
    if found is None or not math.isfinite(float(found.group(1))):
        raise ValueError(f"{text!r} is no number with its unit, like '200 ms'")
    return float(found.group(1)), found.group(2) or ""


def length(text: str) -> timedelta:
    """``5 min`` as a length of time, of s, min, h or d, up to 30 d. Raises ValueError."""
    number, unit = quantity(text)
    if unit not in _LENGTHS:
        raise ValueError(f"{text!r} is no length of time in s, min, h or d, like '5 min'")
    found = number * _LENGTHS[unit]
    if not timedelta() <= found <= LONGEST:
        raise ValueError(f"{text!r} lies outside of 0 s to 30 d")
    return found


def written(value: float, unit: str) -> str:
    """A value with its unit, as people read it."""
    digits = _DIGITS.get(unit, 0)
    if digits == 0 and value != round(value) and abs(value) < 10:
        digits = 2
    return f"{formats.number(value, digits, trimmed=True)} {unit}".strip()


def length_written(span: timedelta) -> str:
    """A length of time in the largest unit that tells it whole."""
    seconds = int(span.total_seconds())
    for size, unit in _PARTS:
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return "0 s"
