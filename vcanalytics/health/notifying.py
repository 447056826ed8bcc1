"""Judging what tells people: whether summaries and heartbeats go out, and messages are looked for.

That one channel fails is its breaker's to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import Connection

from vcanalytics.health.ages import spoken
from vcanalytics.journal import rule_states
from vcanalytics.model.health import Status, Verdict
from vcanalytics.model.health_thresholds import RULES_OLD_AFTER

NAME: Final = "notifications"
_MEND: Final = "See the file of rules for its address, and the watchman's log; it is tried again"


@dataclass(frozen=True, slots=True)
class Notifying:
    """What those who tell people told of themselves last. ``at``: None, never."""

    at: datetime | None = None
    said: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: Connection) -> Self:
        """What the journal has of it."""
        told = rule_states.told(connection, rule_states.NOTIFYING)
        return cls() if told is None else cls(*told)


def notifications(told: Notifying, now: datetime) -> list[Verdict]:
    """Summaries and heartbeats; nothing where nobody is to be told of anything."""
    channels = int(told.said.get("channels") or 0)
    if told.at is None or not (channels or told.said.get("more")):
        return []
    age = now - told.at
    if age > RULES_OLD_AFTER:
        what = f"nothing was heard of it for {spoken(age)}"
        return [Verdict(NAME, Status.UNKNOWN, what, "See the component watchman", told.at)]
    problems = told.said.get("problems") or {}
    if problems:
        what = "; ".join(str(problems[name]) for name in sorted(problems))
        return [Verdict(NAME, Status.WARNING, what, _MEND, told.at)]
    named = "channel is" if channels == 1 else "channels are"
    return [Verdict(NAME, Status.HEALTHY, f"{channels:,} {named} minded", "", told.at)]
