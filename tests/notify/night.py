"""Alerts written as the evaluation writes them, a clock that is set, and notifying beside it.

night.fire("failures")              # an alert of that rule fires and is announced
night.go(5)                         # five seconds later a round is made
night.deliveries()                  # what the journal has of what was sent
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vcanalytics.journal import Journal, alert_events, alert_writing, deliveries
from vcanalytics.journal.alert_records import AlertState, EventKind, Firing, Severity
from vcanalytics.journal.delivery_records import Delivery, State
from vcanalytics.notify.hours import Span
from vcanalytics.notify.messages import Fact, Part
from vcanalytics.notify.notifier import Notifier
from vcanalytics.notify.outbox import Outbox
from vcanalytics.notify.plan import Plan, read_plan
from vcanalytics.rules_file import RulesFile
from vcanalytics.settings import Settings

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def at_once(_name: str, job: Callable[[], None]) -> None:
    job()


class Sections:
    """Figures of a day, without any."""

    def __init__(self) -> None:
        self.asked: list[Span] = []

    def sections(self, span: Span, now: datetime) -> tuple[Part, ...]:
        self.asked.append(span)
        return (Part(title="Takings", level="info", facts=(Fact(label="Net", value="$1.00"),)),)


def plan_of(folder: Path, text: str, environ: dict[str, str] | None = None) -> Plan:
    path = folder / "rules.toml"
    path.write_text(text, encoding="utf-8")
    return read_plan(RulesFile.read(path), environ or {})


@dataclass
class Night:
    journal: Journal
    plan: Plan
    now: datetime = NOON
    settings: Settings = field(
        default_factory=lambda: Settings(public_url="https://console.example")
    )
    alive: Callable[[datetime], str | None] = lambda _now: None
    sections: Sections = field(default_factory=Sections)

    def __post_init__(self) -> None:
        self._keys = itertools.count(1)
        self.start_anew()

    def start_anew(self, **more: Any) -> None:
        """As after a restart: nothing is known but what the journal has."""
        parts: dict[str, Any] = {"clock": lambda: self.now, "start": at_once} | more
        self.outbox = Outbox(
            self.journal,
            zone=self.settings.zone,
            public_url=self.settings.public_url,
            jitter=lambda _low, _high: 1.0,
            **parts,
        )
        self.notifier = Notifier(
            self.journal,
            self.settings,
            self.sections,
            alive=self.alive,
            clock=lambda: self.now,
            keys=lambda: f"key-{next(self._keys)}",
            start=at_once,
            outbox=self.outbox,
        )

    def go(self, seconds: float = 0, *, rounds: int = 1) -> None:
        """Some time later, and a round."""
        for _ in range(rounds):
            self.now += timedelta(seconds=seconds)
            self.notifier.round(self.plan, self.now)

    def fire(
        self,
        rule: str = "failures",
        series: str = "",
        severity: str = "critical",
        *,
        announce: bool = True,
        **detail: str,
    ) -> int:
        said = {
            "rule": rule,
            "series": series,
            "severity": severity,
            "title": f"{rule.capitalize()} {series}".strip(),
            "what": "4 of 10 payments failed",
            "value": "40 %",
            "threshold": "10 %",
            "unit": "%",
            "since": (self.now - timedelta(minutes=1)).isoformat(),
            "runbook": "Look at PayPal's status page.",
            "page": "/alerts?alert=1",
            "group": rule,
        } | detail
        firing = Firing(
            rule=rule,
            series=series,
            severity=Severity(severity),
            title=said["title"],
            no_data=False,
            started_at=self.now - timedelta(minutes=1),
            value=40.0,
            threshold=10.0,
            unit="%",
            detail=dict(said),
        )
        with self.journal.write() as connection:
            number = alert_writing.opened(connection, self.now, firing)
            if announce:
                alert_writing.changed(connection, number, {"announced": AlertState.FIRING.value})
            alert_events.note(
                connection,
                self.now,
                EventKind.FIRED,
                alert=number,
                announce=announce,
                detail=said,
            )
        return number

    def resolve(
        self, number: int, rule: str = "failures", severity: str = "critical", **detail: str
    ) -> None:
        said = {"rule": rule, "severity": severity, "title": rule.capitalize(), "group": rule}
        said |= detail
        with self.journal.write() as connection:
            alert_writing.resolved(connection, number, self.now, 1.0)
            alert_events.note(
                connection,
                self.now,
                EventKind.RESOLVED,
                alert=number,
                announce=True,
                detail=said,
            )

    def deliveries(self, *states: State) -> list[Delivery]:
        with self.journal.read() as connection:
            found = deliveries.listed(connection, states or tuple(State))
        return found[::-1]

    def subjects(self, *states: State) -> list[str]:
        return [one.subject for one in self.deliveries(*states)]
