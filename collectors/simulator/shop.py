"""The demo shop as a daemon: it makes its past once, fills its gaps, and goes on selling."""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from collectors.simulator import database
from collectors.simulator.opening import add_samples, open_shop
from collectors.simulator.outages import Weather, planned_outages
from collectors.simulator.past import Past, Progress
from collectors.simulator.people import People
from collectors.simulator.present import Present
from vcanalytics.errors import SourceError
from vcanalytics.model.outages import Outage

HISTORY: Final = timedelta(days=90)
#: A pause longer than this is filled as past; a shorter one is lived through.
GAP: Final = timedelta(minutes=2)
#: A demo that is left alone must not fill the disk: beyond this it sells no more. At the default
#: rate that is about half a year.
SIZE_MAX_BYTES: Final = 1_000_000_000
#: How long one call of ``loop`` may make past, so that a stop is never kept waiting.
_MAKING_S: Final = 0.3
DEFAULT_SEED: Final = 20_261_008


def make_ready(simulator: Simulator, now: datetime) -> None:
    """Make the shop, or fill its gap up to ``now``, and close it again."""
    try:
        simulator.initialise()
        while not simulator.ready:
            simulator.loop(now)
    finally:
        simulator.shutdown()


class Simulator:
    """Sells at a shop of its own, in the database ``path``.

    ``payments_per_minute`` is the rate at which it goes on selling, on the average of the hours of
    a week; at 0 nobody comes, and a pause is not filled either. ``zone`` is that of its host: the
    naive local columns are in it. ``outages`` come besides those that its past has by itself, for
    ``history`` at most. The same seed and times give the same rows.
    """

    name = "simulator"

    def __init__(
        self,
        path: Path,
        *,
        payments_per_minute: float = 1.0,
        zone: ZoneInfo | None = None,
        outages: tuple[Outage, ...] = (),
        seed: int = DEFAULT_SEED,
        history: timedelta = HISTORY,
        progress: Progress | None = None,
    ) -> None:
        self.path = path
        self._rate = payments_per_minute
        self._zone = zone or ZoneInfo("UTC")
        self._outages = outages
        self._seed = seed
        self._history = history
        self._progress = progress
        self._connection: sqlite3.Connection | None = None
        self._people = People()
        self._opened: datetime | None = None
        self._past: Past | None = None
        self._present: Present | None = None
        self._new = False

    @property
    def ready(self) -> bool:
        """Whether the shop stands and has no gap behind it."""
        return self._present is not None and self._past is None

    def initialise(self) -> None:
        """Open the shop, if there is one.

        Raises SourceError where ``path`` holds a database that the demo shop did not make.
        """
        if not database.holds_demo(self.path):
            self._opened = self._present = None
            return
        try:
            self._connection = database.connect(self.path)
            if self._present is None:
                self._opened = database.opened_at(self._connection)
                self._people = database.remembered_people(self._connection)
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def loop(self, now: datetime) -> float:
        """Make a piece of the past, or live up to ``now``; returns seconds to the next call.

        Raises SourceError where the database cannot be used; ``initialise`` may mend that.
        """
        try:
            if self._past is None and self._connection is not None and self._present is None:
                self._look_back(self._connection, now)
            elif self._past is None and self._connection is None:
                self._begin_new(now)
            if self._past is not None and not self._make_past(self._past):
                return 0.0
            return self._live(now)
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        except OSError as error:
            raise SourceError(
                f"the demo shop cannot be written: {error.strerror}",
                where=str(self.path),
                hint="Make room or mend the folder's rights",
                heals=True,
            ) from error

    def shutdown(self) -> None:
        """Close the database. What was to come is remembered for a new ``initialise``."""
        if self._past is not None:
            # How much of it stands, the database knows.
            self._past = self._present = None
        self._new = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _begin_new(self, now: datetime) -> None:
        self._opened = now - self._history
        self._connection = database.create(self._aside)
        self._people = open_shop(self._connection, self._seed, self._opened)
        self._new = True
        self._past = self._past_between(self._connection, self._opened, now)

    def _look_back(self, connection: sqlite3.Connection, now: datetime) -> None:
        last = database.newest_at(connection, now)
        if last is None or (self._rate > 0 and now - last > GAP):
            # The newest row's time has lost its fraction: the same second is not lived twice.
            start = last + timedelta(seconds=1) if last else now - self._history
            start = max(start, now - self._history)
            self._past = self._past_between(connection, start, now)
        else:
            self._present = self._present_at(now)

    def _past_between(
        self, connection: sqlite3.Connection, start: datetime, until: datetime
    ) -> Past:
        planned = planned_outages(self._seed, start, until)
        return Past(
            connection,
            self._people,
            Weather((*planned, *self._outages)),
            seed=self._seed,
            zone=self._zone,
            opened=self._opened or start,
            start=start,
            until=until,
            progress=self._progress,
        )

    def _present_at(self, at: datetime) -> Present:
        return Present(
            self._people,
            Weather(self._outages),
            seed=self._seed,
            zone=self._zone,
            opened=self._opened or at,
            at=at,
            rate=self._rate,
        )

    def _make_past(self, past: Past) -> bool:
        """Make past for a while; returns whether it is all made and the shop stands."""
        stop = time.monotonic() + _MAKING_S
        while not past.advance():
            if time.monotonic() >= stop:
                return False
        if self._new and self._connection is not None:
            add_samples(self._connection, self._seed, past.until)
            database.finish(self._connection, self._aside, self.path)
            self._connection = database.connect(self.path)
        self._past, self._new = None, False
        if self._present is None:
            self._present = self._present_at(past.until)
        self._present.resume(past.until)
        self._present.take_over(past.rest, past.ids)
        return True

    def _live(self, now: datetime) -> float:
        connection, present = self._connection, self._present
        if connection is None or present is None or not self.path.exists():
            raise SourceError("the demo shop's database is gone", where=str(self.path), heals=True)
        if self._rate > 0 and now - present.at > GAP:
            # The host slept: what was due is done, then the pause is filled as after a restart.
            present.finish_due(connection, now)
            self._past = self._past_between(connection, max(present.at, now - self._history), now)
            return 0.0
        present.closed = self.path.stat().st_size > SIZE_MAX_BYTES
        return present.live(connection, now)

    @property
    def _aside(self) -> Path:
        return self.path.with_name(f"{self.path.name}.making")

    def _unusable(self, error: sqlite3.Error) -> SourceError:
        passing = isinstance(error, sqlite3.OperationalError)
        hint = "It is tried again" if passing else "Delete the file, and a new shop is made"
        return SourceError(
            f"the demo shop's database cannot be used: {error}",
            where=str(self.path),
            hint=hint,
            heals=passing,
        )
