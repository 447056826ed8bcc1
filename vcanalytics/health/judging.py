"""One round: everything that was seen, judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vcanalytics.health import machine, reading, vectorcraft
from vcanalytics.health.notifying import Notifying, notifications
from vcanalytics.health.rules import Alerting, rules
from vcanalytics.health.seen import Seen
from vcanalytics.model.health import Verdict


def judge(
    seen: Seen,
    daemons: Mapping[str, Mapping[str, Any]],
    problems: Iterable[str] = (),
    alerting: Alerting | None = None,
    notifying: Notifying | None = None,
) -> list[Verdict]:
    """A verdict on each component but the probes.

    ``daemons`` are the watchman's own, as its heartbeat tells of them; ``problems`` keep it from
    doing as it was told; ``alerting`` is what the evaluation of rules told of itself, and
    ``notifying`` those who tell people. Where the store cannot be read, nothing that stands in it
    is known: those components are left out, and keep what was said of them until that is old.
    """
    found = [
        machine.store(seen),
        machine.disk(seen),
        reading.watchman(seen, daemons, problems),
        rules(alerting or Alerting(), seen.now),
        *notifications(notifying or Notifying(), seen.now),
    ]
    if seen.unreadable:
        return found
    return [
        *found,
        reading.source(seen),
        machine.host(seen),
        machine.backup(seen),
        *reading.collectors(seen),
        *reading.streams(seen),
        *vectorcraft.components(seen),
    ]
