"""Ages and times as sentences have them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def spoken(age: timedelta) -> str:
    """``3 minutes``: the largest unit that fits, rounded down."""
    seconds = max(0, int(age.total_seconds()))
    for size, name in _UNITS:
        if seconds >= size:
            count = seconds // size
            return f"{count:,} {name}{'' if count == 1 else 's'}"
    return "no time"


def ago(age: timedelta) -> str:
    """``3 minutes ago``, ``just now``."""
    return "just now" if age < timedelta(seconds=1) else f"{spoken(age)} ago"
