"""What pages, the API and ``/healthz`` read of components: the journal's word, and its age.

Uptime of a day is healthy and warning time as a share of the time that is known; time that nobody
watched is unknown, and in neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final

from sqlalchemy import Connection

from vcanalytics.commits import Token
from vcanalytics.errors import StoreError
from vcanalytics.health.ages import spoken
from vcanalytics.journal import FILE_NAME, Journal, components
from vcanalytics.journal.components import Component, Day
from vcanalytics.model.health import Status, worst
from vcanalytics.model.health_thresholds import STALE_AFTER

#: So many days a strip shows.
STRIP_DAYS: Final = 90
WATCHMAN: Final = "watchman"
_START: Final = "See the collectors' log; VC_WATCHMAN must be on"


@dataclass(frozen=True, slots=True)
class Overview:
    """All components as of ``now``, the worst first, and the worst status of those known."""

    status: Status
    components: tuple[Component, ...]

    @property
    def critical(self) -> bool:
        return self.status is Status.CRITICAL


_ORDER: Final = (Status.CRITICAL, Status.WARNING, Status.UNKNOWN, Status.HEALTHY)


def overview(found: Sequence[Component], now: datetime, *, watched_since: datetime) -> Overview:
    """The components of the journal as of ``now``.

    What was not looked at for STALE_AFTER is unknown, with what was said last; then the watchman
    itself is critical. ``watched_since`` is when one began to look: nobody is called silent sooner.
    """
    shown = [_aged(one, now) for one in found if one.name != WATCHMAN]
    shown.append(_watchman(found, now, watched_since))
    shown.sort(key=lambda one: (_ORDER.index(one.status), one.name))
    return Overview(worst(one.status for one in shown), tuple(shown))


def _aged(one: Component, now: datetime) -> Component:
    age = now - one.checked_at
    if age <= STALE_AFTER:
        return one
    what = f"not looked at for {spoken(age)}; it was {one.status} then: {one.what}"
    return replace(one, status=Status.UNKNOWN, since=one.checked_at, what=what)


def _watchman(found: Sequence[Component], now: datetime, watched_since: datetime) -> Component:
    mine = next((one for one in found if one.name == WATCHMAN), None)
    looked_at = max((one.checked_at for one in found), default=None)
    if mine is not None and now - mine.checked_at <= STALE_AFTER:
        return mine
    silent = now - max(looked_at or watched_since, watched_since) > STALE_AFTER
    status = Status.CRITICAL if silent else Status.UNKNOWN
    if looked_at is None:
        what = "it has not looked yet"
    else:
        what = f"it has not looked for {spoken(now - looked_at)}"
    since = looked_at or watched_since
    return Component(WATCHMAN, status, since, since, looked_at, what, _START)


def strips(connection: Connection, now: datetime, days: int = STRIP_DAYS) -> dict[str, list[Day]]:
    """The last ``days`` days of UTC of each component, today the last, a Day each.

    A day that nobody watched at all has no seconds, and no uptime.
    """
    last = now.astimezone(UTC).date()
    wanted = [last - timedelta(days=back) for back in range(days - 1, -1, -1)]
    found = components.days(connection, wanted[0], last)
    strip: dict[str, list[Day]] = {}
    for name, some in found.items():
        known = {day.day: day for day in some}
        strip[name] = [known.get(day) or Day(day) for day in wanted]
    return strip


class HealthView:
    """The health of one store, read anew when the journal was written. Safe between threads.

    ``on``: whether a watchman is wanted (VC_WATCHMAN); without, nothing is known.
    """

    def __init__(self, store_dir: Path, *, on: bool, since: datetime) -> None:
        self._path = store_dir / FILE_NAME
        self._on = on
        self._since = since
        self._lock = Lock()
        self._journal: Journal | None = None
        self._token: Token | None = None
        self._found: tuple[Component, ...] = ()

    def journal(self) -> Journal | None:
        """The open journal, None where there is none yet. Raises StoreError."""
        with self._lock:
            return self._opened()

    def overview(self, now: datetime) -> Overview:
        """All components as of ``now``; nothing known where no watchman is wanted.

        Raises StoreError where the journal cannot be read.
        """
        if not self._on:
            return Overview(Status.UNKNOWN, ())
        with self._lock:
            journal = self._opened()
            if journal is not None:
                # Taken before it is read: a commit in between moves it, and it is read again.
                token = journal.token()
                if token is None or token != self._token:
                    with journal.read() as connection:
                        self._found = tuple(components.listed(connection))
                    self._token = token
            found = self._found
        return overview(found, now, watched_since=self._since)

    def last(self, now: datetime) -> Overview:
        """All components as they were read last, where the journal cannot be read now."""
        with self._lock:
            return overview(self._found, now, watched_since=self._since)

    def critical(self, now: datetime) -> bool:
        """Whether anything is known to be critical, the journal itself among it."""
        try:
            return self.overview(now).critical
        except StoreError:
            return True

    def close(self) -> None:
        with self._lock:
            if self._journal is not None:
                self._journal.close()
                self._journal = None

    def _opened(self) -> Journal | None:
        if self._journal is None and self._path.exists():
            self._journal = Journal.open(self._path.parent, create=False)
        return self._journal
