"""The daemon that evaluates the rules, every ten seconds, whether anybody looks or not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from collectors.daemon import LOG
from collectors.watch.post import Post
from vcanalytics.alerts.evaluation import Evaluation
from vcanalytics.alerts.moment import Moment, Told

ROUND_S: Final = 10.0


class Alerts:
    """Takes a snapshot, evaluates what is due. ``clock`` gives seconds that only grow."""

    name = "alerts"

    def __init__(self, post: Post, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Raises SettingError where the file of rules is wrong: the watchman does not start."""
        self._post = post
        self._clock = clock
        self._told = Told.of(post.settings)
        self._evaluation = Evaluation(post.settings.rules_file, post.journal)
        self._problem: str | None = None

    def initialise(self) -> None:
        """Everything is open."""

    def loop(self, now: datetime) -> float:
        """One round. Returns the seconds to the next one."""
        began = self._clock()
        post = self._post
        self._evaluation.evaluate(
            Moment(
                post.engine,
                post.reader.snapshot(),
                now,
                self._told,
                post.journal.read,
                self._evaluation.kept,
            )
        )
        problem = self._evaluation.problem
        if problem != self._problem:
            self._problem = problem
            LOG.warning("alerts: %s", f"the old rules stay: {problem}" if problem else "new rules")
        return max(0.0, ROUND_S - (self._clock() - began))

    def shutdown(self) -> None:
        """Nothing is held but what the post holds."""
