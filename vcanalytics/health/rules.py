"""Judging what watches for alerts: the file of rules, and whether every rule can be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

from sqlalchemy import Connection

from vcanalytics.health.ages import ago, spoken
from vcanalytics.journal import rule_states
from vcanalytics.model.health import Status, Verdict
from vcanalytics.model.health_thresholds import RULES_OLD_AFTER
from vcanalytics.store.facts import as_time

NAME: Final = "rules"
_MEND: Final = "The rules before it hold on; mend the file, it is read again by itself"
_ASK: Final = "Their alerts stay as they were; see whether the host is busy, and `check` the store"
_FEWER: Final = "Leave out series with `except`, or name those that count with `series`"


@dataclass(frozen=True, slots=True)
class Alerting:
    """What the evaluation told of itself last: see ``journal.rule_states``. ``at``: None, never."""

    at: datetime | None = None
    file: Mapping[str, Any] = field(default_factory=dict)
    unanswered: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: Connection) -> Self:
        """What the journal has of it."""
        file = rule_states.told(connection, rule_states.RULES)
        unanswered = rule_states.told(connection, rule_states.UNANSWERED)
        if file is None:
            return cls()
        return cls(file[0], file[1], {} if unanswered is None else unanswered[1])


def rules(told: Alerting, now: datetime) -> Verdict:
    """The rules: evaluated lately, of a file that holds, every one of them answered.

    Nothing is told of a rule that cannot be answered; where that is all of them, nobody would be
    told of anything, and it is critical.
    """
    if told.at is None:
        return Verdict(NAME, Status.UNKNOWN, "no rule has been evaluated yet")
    age = now - told.at
    if age > RULES_OLD_AFTER:
        what = f"no rule has been evaluated for {spoken(age)}"
        return Verdict(NAME, Status.UNKNOWN, what, "See the component watchman", told.at)
    enabled = int(told.file.get("enabled") or 0)
    unanswered = told.unanswered
    if unanswered and len(unanswered) >= enabled:
        return Verdict(NAME, Status.CRITICAL, _why(unanswered, enabled), _ASK, told.at)
    if problem := told.file.get("problem"):
        since = as_time(told.file.get("refused_at"))
        when = "" if since is None else f", refused {ago(now - since)}"
        return Verdict(NAME, Status.WARNING, f"{problem}{when}", _MEND, told.at)
    if unanswered:
        return Verdict(NAME, Status.WARNING, _why(unanswered, enabled), _ASK, told.at)
    if left_out := told.file.get("left_out"):
        name, count = max(left_out.items(), key=lambda one: one[1])
        what = f"{count:,} series of {name} are not looked at: there are too many"
        return Verdict(NAME, Status.WARNING, what, _FEWER, told.at)
    rules_are = "rule is" if enabled == 1 else "rules are"
    return Verdict(NAME, Status.HEALTHY, f"{enabled:,} {rules_are} evaluated", "", told.at)


def _why(unanswered: Mapping[str, str], enabled: int) -> str:
    name, reason = min(unanswered.items())
    return f"{len(unanswered):,} of {enabled:,} rules cannot be answered; {name}: {reason}"
