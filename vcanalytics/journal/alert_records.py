"""Alerts, their events and silences as they are handed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """How bad it is, the worst first."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class AlertState(StrEnum):
    """Whether it still goes on."""

    FIRING = "firing"
    RESOLVED = "resolved"


class EventKind(StrEnum):
    """What happened to an alert. REOPENED: it fired again soon after it was resolved."""

    FIRED = "fired"
    RESOLVED = "resolved"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    REOPENED = "reopened"
    SILENCED = "silenced"
    SILENCE_ENDED = "silence_ended"
    ESCALATED = "escalated"
    NO_DATA = "no_data"


class SilenceKind(StrEnum):
    """Why nobody is told: of one rule, or of everything while something is worked on."""

    SILENCE = "silence"
    MAINTENANCE = "maintenance"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. ``value``, ``peak`` (the worst) and ``threshold`` are in ``unit``.

    ``started_at`` is when the condition began to hold, ``fired_at`` when it had held long enough.
    ``announced`` is what was last told of it: None where nobody was. ``detail`` has what messages
    say, all text: ``rule``, ``series``, ``measure``, ``title``, ``severity``, ``what`` (a sentence
    with the figures), ``value`` and ``threshold`` (with unit), ``unit``, ``since`` (ISO 8601),
    ``runbook``, ``page`` (a path of the console), ``group``.
    """

    number: int
    rule: str
    series: str
    severity: Severity
    title: str
    state: AlertState
    no_data: bool
    started_at: datetime
    fired_at: datetime
    resolved_at: datetime | None
    value: float | None
    peak: float | None
    threshold: float
    unit: str
    flapping: bool
    announced: AlertState | None
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    note: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """What happened to an alert, or to all (``alert`` is None). ``by`` is who, where it was one.

    ``announce`` is false for what is only recorded: in a silence, while it flaps, or where what it
    says was told already. ``detail`` is that of the alert then; of silences ``silence`` (number),
    ``rule``, ``series``, ``starts_at``, ``ends_at``, ``note``.
    """

    number: int
    alert: int | None
    at: datetime
    kind: str
    by: str | None
    announce: bool
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Silence:
    """A time in which nobody is told of ``rule`` (``*``: of any), of one ``series`` or all (None).

    It ends at ``ends_at``, or before that at ``ended_at``, by ``ended_by``.
    """

    number: int
    kind: SilenceKind
    rule: str
    series: str | None
    starts_at: datetime
    ends_at: datetime
    by: str
    note: str
    ended_at: datetime | None
    ended_by: str | None

    def covers(self, rule: str, series: str, now: datetime) -> bool:
        """Whether nobody is to be told of that series of a rule at ``now``."""
        until = self.ends_at if self.ended_at is None else self.ended_at
        return (
            self.starts_at <= now < until
            and self.rule in {rule, "*"}
            and self.series in {series, None}
        )


@dataclass(frozen=True, slots=True)
class AlertFilters:
    """Which alerts; what is None or empty leaves nothing out.

    Those that were firing at any time in ``[start, end)``.
    """

    states: tuple[AlertState, ...] = ()
    severities: tuple[Severity, ...] = ()
    rules: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    acknowledged: bool | None = None


@dataclass(slots=True)
class Firing:
    """What an alert is opened with, or opened again."""

    rule: str
    series: str
    severity: Severity
    title: str
    no_data: bool
    started_at: datetime
    value: float | None
    threshold: float
    unit: str
    detail: dict[str, Any] = field(default_factory=dict)
