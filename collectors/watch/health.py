"""The daemon that judges every component, every half minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from collectors import memory
from collectors.daemon import LOG
from collectors.watch.post import Post
from vcanalytics.health.asking import ask
from vcanalytics.health.judging import judge
from vcanalytics.health.notifying import Notifying
from vcanalytics.health.prober import Prober
from vcanalytics.health.probes import Probe, probes
from vcanalytics.health.rules import Alerting
from vcanalytics.health.seen import look
from vcanalytics.journal import components
from vcanalytics.model.health import Status, Verdict
from vcanalytics.model.health_thresholds import ROUND
from vcanalytics.rules_file import Followed
from vcanalytics.store.facts import WATCHMAN_DAEMONS

#: Where VC_KEEP_HEALTH_DAYS says nothing: a year of days, and some to compare it with.
_KEEP: Final = timedelta(days=400)
_LET_GO_EVERY: Final = timedelta(hours=6)
_WRONG: Final = frozenset({Status.WARNING, Status.CRITICAL})


class Health:
    """Judges, asks probes, writes what changed. ``clock`` gives seconds that only grow."""

    name = "health"

    def __init__(
        self,
        post: Post,
        *,
        clock: Callable[[], float] = time.monotonic,
        asking: Callable[[Probe], str] = ask,
    ) -> None:
        self._post = post
        self._clock = clock
        self._prober = Prober(post.journal, asking)
        self._let_go_at: datetime | None = None
        # Read once, so that a file that is wrong is refused when the watchman starts.
        self._rules = Followed(post.settings.rules_file, probes)
        self._prober.follow(self._rules.value)

    def initialise(self) -> None:
        """Everything is open."""

    def loop(self, now: datetime) -> float:
        """One round. Returns the seconds to the next one."""
        began = self._clock()
        if self._rules.look():
            self._prober.follow(self._rules.value)
        post = self._post
        seen = look(post.catalogue, post.reader, post.engine, now)
        problem = self._rules.problem
        with post.journal.read() as connection:
            alerting, notifying = Alerting.read(connection), Notifying.read(connection)
        daemons = seen.fact(WATCHMAN_DAEMONS)
        verdicts = judge(seen, daemons, [problem] if problem else [], alerting, notifying)
        # What may be silent for seconds is asked once all else is written.
        self._write(now, verdicts, unreadable=bool(seen.unreadable))
        if self._prober.ask_due(now):
            later = now + timedelta(seconds=self._clock() - began)
            self._write(later, verdicts, unreadable=bool(seen.unreadable))
        self._let_go(now)
        # What all the watchman's questions left free, every half minute: 1 ms.
        memory.give_back()
        return max(0.0, ROUND.total_seconds() - (self._clock() - began))

    def shutdown(self) -> None:
        """Nothing is held but what the post holds."""

    def _write(self, now: datetime, verdicts: list[Verdict], *, unreadable: bool) -> None:
        found = [*verdicts, *self._prober.verdicts()]
        with self._post.journal.write() as connection:
            # What could not be looked at is left to age, not taken for gone.
            left = None if unreadable else frozenset(self._prober.unasked)
            changed = components.keep(connection, now, found, left=left)
        for one in found:
            if one.name in changed:
                _tell(one, changed[one.name])

    def _let_go(self, now: datetime) -> None:
        # abs: a clock that was set back must not put it off for years.
        if self._let_go_at is not None and abs(now - self._let_go_at) < _LET_GO_EVERY:
            return
        keep = self._post.settings.keep.get("health", _KEEP)
        with self._post.journal.write() as connection:
            components.let_go(connection, now.astimezone(UTC) - keep)
        self._let_go_at = now


def _tell(verdict: Verdict, before: Status | None) -> None:
    """A line in the log for what got worse, and for what is well again."""
    if verdict.status in _WRONG:
        LOG.warning("health: %s is %s: %s", verdict.name, verdict.status, verdict.what)
    elif before in _WRONG:
        LOG.info("health: %s is %s again: %s", verdict.name, verdict.status, verdict.what)
