"""The question of each measure; ``measures`` says what they mean."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Final

from vcanalytics.alerts import payments, plant, states
from vcanalytics.alerts.judging import Reading
from vcanalytics.alerts.moment import Ask, Moment, Readings
from vcanalytics.alerts.rules import Rule
from vcanalytics.analytics.watched import Edges

_NO_WINDOW: Final = timedelta(seconds=1)
QUESTIONS: Final[dict[str, Ask]] = {
    "failure_share": payments.failure_share,
    "stuck_share": payments.stuck_share,
    "takings_drop": payments.takings_drop,
    "paid_not_mailed": payments.findings,
    "paid_no_account": payments.findings,
    "captured_but_failed": payments.findings,
    "error_logs": plant.error_logs,
    **plant.TIMES,
    "cpu": partial(plant.samples, "cpu_percent"),
    "memory": partial(plant.samples, "memory_percent"),
    "disk": partial(plant.samples, "disk_percent"),
    "disk_full_in": plant.disk_full_in,
    "component_critical": states.component_critical,
    "stream_lag": states.stream_lag,
    "backup_age": states.backup_age,
}


def read_now(moment: Moment, rule: Rule) -> dict[str, Reading]:
    """What the rule's measure says at this moment, by series; those the rule is about.

    Raises BudgetExceeded, StoreError.
    """
    edges = Edges.now(moment.now, rule.span or _NO_WINDOW)
    found = QUESTIONS[rule.measure](moment, rule, edges)
    return {
        series: readings[0]
        for series, readings in found.items()
        if readings[0] is not None and rule.watches(series)
    }


def read_past(moment: Moment, rule: Rule, edges: Edges) -> Readings:
    """What it said at each of the edges, by series. Raises BudgetExceeded, StoreError."""
    found = QUESTIONS[rule.measure](moment, rule, edges)
    return {series: readings for series, readings in found.items() if rule.watches(series)}
