"""The daemon that tells people: every second, what is to be sent; every minute, a heartbeat."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from collectors.daemon import LOG, State
from collectors.watch.post import Post
from vcanalytics.notify.figures import Figures
from vcanalytics.notify.notifier import Notifier
from vcanalytics.notify.plan import read_plan
from vcanalytics.rules_file import Followed
from vcanalytics.store import Catalogue
from vcanalytics.store.facts import (
    DAEMONS,
    SILENT_AFTER,
    SUPERVISOR,
    WATCHMAN_DAEMONS,
    as_time,
)

#: A daemon of the watchman that has ended no round for so long stands still: health's take half a
#: minute, and each has a budget for what it asks.
_STILL_AFTER: Final = timedelta(minutes=3)


def standing_still(catalogue: Catalogue, now: datetime, since: datetime) -> str | None:
    """What of collectors and watchman does not live, None where all does.

    A daemon that waits because its source is gone lives: there are alerts for that. ``since`` is
    when the watchman was started: nobody is called still sooner.
    """
    beat = as_time(_dict(catalogue.fact(SUPERVISOR)).get("beat_at"))
    if beat is None or now - beat > SILENT_AFTER:
        return "the collectors are silent"
    for name, state in _dict(catalogue.fact(DAEMONS)).items():
        if _dict(state).get("state") == State.STOPPED:
            return f"the collector {name} has stopped"
    for name, state in _dict(catalogue.fact(WATCHMAN_DAEMONS)).items():
        at = as_time(_dict(state).get("beat_at")) or since
        if now - max(at, since) > _STILL_AFTER:
            return f"the watchman's {name} stands still"
    return None


def _dict(fact: Any) -> dict[str, Any]:
    return fact if isinstance(fact, dict) else {}


class Notify:
    """Takes events of alerts, sends what is due, sums up, beats."""

    name = "notify"

    def __init__(self, post: Post) -> None:
        self._post = post
        # Read once, so that a file that is wrong is refused when the watchman starts.
        self._plan = Followed(post.settings.rules_file, read_plan)
        self._problem: str | None = None
        self._notifier = Notifier(
            post.journal,
            post.settings,
            Figures(post.engine, post.reader, post.journal, post.settings),
            alive=lambda now: standing_still(post.catalogue, now, post.started_at),
        )

    def initialise(self) -> None:
        """Everything is open. What was on its way before a failure still is."""

    def loop(self, now: datetime) -> float:
        """One round. Returns the seconds to the next one."""
        self._plan.look()
        if self._plan.problem is not None and self._plan.problem != self._problem:
            LOG.warning("notify: what held before goes on: %s", self._plan.problem)
        self._problem = self._plan.problem
        return self._notifier.round(self._plan.value, now)

    def shutdown(self) -> None:
        """Tries that are under way end by themselves, or with the process and are made again."""
