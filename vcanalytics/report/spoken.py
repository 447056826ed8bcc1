"""Differences in words, with the colour of what they mean."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from vcanalytics.display import formats
from vcanalytics.report.blocks import Said, Tone

Better = Literal["more", "less", "neither"]


def share(now: Decimal | float, before: Decimal | float | None, better: Better, name: str) -> Said:
    """A change as a share of what was before: ``+10.2 % vs Thu 19``."""
    if before is None:
        return Said(f"{formats.ABSENT} vs {name}")
    found = formats.share_of_change(now, before)
    if found is None:
        return Said(f"none, {name}")
    if not found:
        return Said(f"same as {name}")
    quiet = abs(found) < formats.QUIET_SHARE
    text = f"{formats.signed_percent(found)} vs {name}"
    return Said(text, _tone(found > 0, better, quiet=quiet))


def points(now: float | None, before: float | None, better: Better, name: str) -> Said:
    """A difference of rates, in percentage points."""
    if now is None or before is None:
        return Said(f"{formats.ABSENT} vs {name}")
    difference = now - before
    if (told := formats.signed_points(difference)) == "0":
        return Said(f"same as {name}")
    text = f"{told} vs {name}"
    return Said(text, _tone(difference > 0, better, quiet=abs(difference) < formats.QUIET_SHARE))


def _tone(rises: bool, better: Better, *, quiet: bool) -> Tone:
    if quiet or better == "neither":
        return "muted"
    return "good" if rises == (better == "more") else "critical"
