"""All of notifying, a round at a time: take, escalate, send, sum up, beat."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from vcanalytics.errors import ConsoleError
from vcanalytics.journal import Journal, deliveries, rule_states
from vcanalytics.notify import summaries, taking
from vcanalytics.notify.heartbeat import Pulse
from vcanalytics.notify.outbox import Outbox, Start, in_thread
from vcanalytics.notify.plan import Heartbeat, Plan
from vcanalytics.notify.summaries import Due, Sections
from vcanalytics.notify.taking import Keys, Setting
from vcanalytics.settings import Settings

LOG: Final = logging.getLogger("notify")
PAUSE_S: Final = 1.0
#: Summaries, escalation and old deliveries are looked for this often; new events every round.
_LOOK_EVERY: Final = timedelta(seconds=5)
_SUMMARY_AGAIN: Final = timedelta(minutes=5)
_PRUNE_EVERY: Final = timedelta(hours=1)
_TOLD_EVERY: Final = timedelta(minutes=1)
#: So long it is kept what was sent to whom. As long as alerts are.
KEPT_FOR: Final = timedelta(days=400)
#: Events of so many transactions are taken in one round: the outbox gets its turn in between.
_TAKES_MAX: Final = 20


def utc_now() -> datetime:
    """The host's clock."""
    return datetime.now(UTC)


def new_key() -> str:
    """A name that no other message has."""
    return secrets.token_hex(16)


class Notifier:
    """One a process. ``alive`` says what stands still, for the heartbeat."""

    def __init__(
        self,
        journal: Journal,
        settings: Settings,
        sections: Sections,
        *,
        alive: Callable[[datetime], str | None],
        clock: Callable[[], datetime] = utc_now,
        keys: Keys = new_key,
        start: Start = in_thread,
        outbox: Outbox | None = None,
    ) -> None:
        self._journal = journal
        self._settings = settings
        self._sections = sections
        self._keys = keys
        self._start = start
        self._pulse = Pulse(alive)
        self._outbox = outbox or Outbox(
            journal,
            zone=settings.zone,
            public_url=settings.public_url,
            clock=clock,
            start=start,
        )
        self._token: object = None
        self._looked_at: datetime | None = None
        self._pruned_at: datetime | None = None
        self._due_at: datetime | None = None
        self._summing_up: set[str] = set()
        self._summary_failed_at: datetime | None = None
        self._said: dict[str, str | None] = {}
        self._told: dict[str, object] = {}
        self._told_at: datetime | None = None

    def round(self, plan: Plan, now: datetime) -> float:
        """Do what is due at ``now``; the seconds until it should be called again.

        Raises StoreError where the journal cannot be read or written: call it again later.
        """
        look = self._looked_at is None or not timedelta(0) <= now - self._looked_at < _LOOK_EVERY
        # Somebody wrote: an event, a retry, or the end of a try.
        token = self._journal.token()
        moved = token is None or token != self._token
        if look or moved:
            self._take(Setting(plan, self._settings.zone, now, self._keys))
            with self._journal.read() as connection:
                self._due_at = deliveries.next_due(connection, now)
        # Not the one after taking: what came in between would be missed.
        self._token = token
        if self._due_at is not None and self._due_at <= now:
            self._outbox.round(plan.channels, now)
            self._token = None
        if look:
            self._looked_at = now
            self._outbox.follow(plan.channels)
            self._sum_up(plan, now)
            self._prune(now)
        if plan.heartbeat is not None and self._pulse.takes_turn(plan.heartbeat, now):
            self._start("heartbeat", partial(self._beat, plan.heartbeat, now))
        self._say("outbox", self._outbox.problem)
        self._tell(plan, now)
        return PAUSE_S

    def _take(self, setting: Setting) -> None:
        with self._journal.read() as connection:
            if not taking.waiting(connection, setting):
                return
        with self._journal.write() as connection:
            taking.escalate(connection, setting)
        for _ in range(_TAKES_MAX):
            with self._journal.write() as connection:
                if not taking.take(connection, setting):
                    break

    def _sum_up(self, plan: Plan, now: datetime) -> None:
        with self._journal.read() as connection:
            found = summaries.due(connection, plan, self._settings.zone, now)
        found = [one for one in found if one.name not in self._summing_up]
        failed_at = self._summary_failed_at
        resting = failed_at is not None and timedelta(0) <= now - failed_at < _SUMMARY_AGAIN
        if not found or resting:
            return
        with self._journal.write() as connection:
            found = summaries.first_seen(connection, found)
        for one in found:
            self._summing_up.add(one.name)
            self._start("summary", partial(self._summary, plan, one, now))

    def _summary(self, plan: Plan, one: Due, now: datetime) -> None:
        settings = self._settings
        # Until it has ended well: then it is noted nowhere, and tried again.
        self._summary_failed_at = now
        try:
            span = summaries.span_of(one, settings.zone, settings.week_start)
            message = summaries.summary(
                one,
                span,
                self._sections.sections(span, now),
                zone=settings.zone,
                now=now,
                public_url=settings.public_url,
            )
            summaries.deliver(self._journal, plan, one, message, new_key=self._keys, now=now)
            self._summary_failed_at = None
            self._say("summary", None)
        except ConsoleError as error:
            self._say("summary", f"the {one.name} summary: {error}")
        finally:
            self._summing_up.discard(one.name)

    def _beat(self, heartbeat: Heartbeat, now: datetime) -> None:
        self._pulse.beat(heartbeat, now)
        self._say("heartbeat", self._pulse.problem)

    def _prune(self, now: datetime) -> None:
        if self._pruned_at is not None and timedelta(0) <= now - self._pruned_at < _PRUNE_EVERY:
            return
        self._pruned_at = now
        with self._journal.write() as connection:
            deliveries.prune(connection, now - KEPT_FOR)

    def _tell(self, plan: Plan, now: datetime) -> None:
        """Leave in the journal, for Health, what is amiss: when that changes, and each minute."""
        if plan.heartbeat is None:
            self._said.pop("heartbeat", None)
        told = {
            "channels": len(plan.channels),
            "more": plan.heartbeat is not None,
            "problems": {name: why for name, why in dict(self._said).items() if why},
        }
        at = self._told_at
        if told == self._told and at is not None and timedelta(0) <= now - at < _TOLD_EVERY:
            return
        with self._journal.write() as connection:
            rule_states.tell(connection, now, rule_states.NOTIFYING, told)
        self._told, self._told_at = told, now

    def _say(self, what: str, problem: str | None) -> None:
        """Into the log, once for as long as it stays."""
        if problem is not None and problem != self._said.get(what):
            LOG.warning("%s", problem)
        self._said[what] = problem
