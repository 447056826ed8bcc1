"""Channels and what went through them, as the Alerts page shows them; tests and retries by hand.

Nothing here is cached, and nothing secret leaves: of a channel its name and kind alone.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from vcanalytics.cached.alerts import opened
from vcanalytics.cached.console import settings
from vcanalytics.errors import StoreError
from vcanalytics.journal import deliveries
from vcanalytics.journal.delivery_records import Delivery, State
from vcanalytics.notify import by_hand
from vcanalytics.notify.plan import Plan, read_plan
from vcanalytics.rules_file import RulesFile

__all__ = ["Delivery", "State", "counts", "dead", "kinds", "retry", "send_test", "told_of"]


def _plan() -> Plan:
    return read_plan(RulesFile.read(settings().rules_file))


def kinds() -> dict[str, str]:
    """The kind of each channel in the rules file. Raises SettingError where that is wrong."""
    return {name: channel.type for name, channel in _plan().channels.items()}


def counts() -> dict[tuple[str, State], int]:
    """How many messages there are, by channel and state."""
    journal = opened()
    if journal is None:
        return {}
    with journal.read() as connection:
        return deliveries.counts(connection)


def told_of(alert: int, *, limit: int) -> list[Delivery]:
    """What was sent to whom about an alert, the oldest first."""
    journal = opened()
    if journal is None:
        return []
    with journal.read() as connection:
        return deliveries.of_alert(connection, alert, limit)


def dead(*, limit: int) -> list[Delivery]:
    """Messages that were given up, the newest first."""
    journal = opened()
    if journal is None:
        return []
    with journal.read() as connection:
        return deliveries.listed(connection, (State.DEAD,), limit=limit)


def send_test(name: str, *, by: str) -> Delivery:
    """Send a test to a channel now; what became of it. Raises UsageError, StoreError."""
    journal = opened()
    if journal is None:
        raise StoreError("there is no watchman yet", hint="Start the collectors: VC_WATCHMAN=on")
    return by_hand.send_test(
        journal,
        _plan(),
        name,
        by=by,
        now=datetime.now(UTC),
        key=secrets.token_hex(8),
        public_url=settings().public_url,
    )


def retry(number: int, *, by: str) -> None:
    """One more round of tries for a message that was given up. Raises UsageError."""
    journal = opened()
    if journal is None:
        raise StoreError("there is no watchman yet", hint="Start the collectors: VC_WATCHMAN=on")
    by_hand.retry(journal, number, by=by, now=datetime.now(UTC))
