"""The daemon that has cases follow the source, every four seconds, whether anybody looks or not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from collectors.daemon import LOG
from collectors.watch.post import Post
from vcanalytics.analytics.candidates import Candidates
from vcanalytics.analytics.desk import BY_HAND, WORKED, standing
from vcanalytics.analytics.reconcile import kept_findings, terms
from vcanalytics.errors import BudgetExceeded
from vcanalytics.journal import case_following

#: A case is to show within ten seconds of its row and the grace period.
ROUND_S: Final = 4.0
_BOOKS: Final = frozenset({"transactions", "disputes"})


class Cases:
    """Looks for findings, and opens and closes cases. ``clock`` gives seconds that only grow."""

    name = "cases"

    def __init__(self, post: Post, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._post = post
        self._clock = clock
        self._kept = Candidates()

    def initialise(self) -> None:
        """Everything is open."""

    def loop(self, now: datetime) -> float:
        """One round. Returns the seconds to the next one."""
        began = self._clock()
        self._look(now)
        return max(0.0, ROUND_S - (self._clock() - began))

    def shutdown(self) -> None:
        """Nothing is held but what the post holds."""

    def _look(self, now: datetime) -> None:
        post, told = self._post, self._post.settings
        snapshot = post.reader.snapshot()
        if any(one.stream in _BOOKS for one in snapshot.damage):
            # Rows that cannot be read are no findings, and their cases would look resolved.
            return
        if any(snapshot.state(name).reading_history for name in _BOOKS):
            # What is half read looks unfinished: a thousand cases would open, and close again.
            return
        try:
            found = kept_findings(
                post.engine,
                snapshot,
                self._kept,
                as_of=now,
                **terms(told),
                only=WORKED,
            )
        except BudgetExceeded:
            # History is gone through in steps that are kept: the next round goes on there.
            return
        with post.journal.write() as connection:
            done = case_following.follow(connection, now, standing(found), only_known=BY_HAND)
        if done.opened or done.returned or done.resolved:
            LOG.info(
                "cases: %d opened, %d opened again, %d resolved at the source",
                done.opened,
                done.returned,
                done.resolved,
            )
