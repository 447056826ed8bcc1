"""Judging VectorCraft's own components by what its health rows say, and how old they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from vcanalytics.health.ages import ago, spoken
from vcanalytics.health.seen import Seen
from vcanalytics.model.health import Status, Verdict
from vcanalytics.model.health_thresholds import CHECK_OLD_AFTER

#: What VectorCraft is known to check; whatever else it names is shown as well.
COMPONENTS: Final = ("application", "database", "paypal_api", "email_service")
_COMPONENTS_MAX: Final = 50
_NAME_CHARS_MAX: Final = 64
_HINT: Final = "See VectorCraft's own log; the console only repeats what it says"
_KNOWN: Final = frozenset({Status.HEALTHY, Status.WARNING, Status.CRITICAL})


def components(seen: Seen) -> Iterator[Verdict]:
    """Each component: as its newest row has it, unknown where that is old or there is none."""
    rows = {str(row["component"])[:_NAME_CHARS_MAX]: row for row in seen.checks[:_COMPONENTS_MAX]}
    for name in dict.fromkeys((*COMPONENTS, *rows)):
        row, component = rows.get(name), f"vectorcraft:{name}"
        if row is None:
            yield Verdict(component, Status.UNKNOWN, "VectorCraft says nothing of it")
            continue
        at, said = row["happened_at"], str(row["status"]).lower()
        age = seen.age(at) or timedelta(0)
        if age >= CHECK_OLD_AFTER:
            what = f"nothing was said of it for {spoken(age)}; it was {said} then"
            hint = "VectorCraft's health checks have stopped, or its rows are not read"
            yield Verdict(component, Status.UNKNOWN, what, hint, at)
            continue
        status = Status(said) if said in _KNOWN else Status.UNKNOWN
        what = row["error_message"] or f"{said}, checked {ago(age)}"
        hint = "" if status is Status.HEALTHY else _HINT
        yield Verdict(component, status, str(what), hint, at)
