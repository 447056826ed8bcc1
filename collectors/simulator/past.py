"""A stretch of the shop's past, made day by day: the 90 days behind a new shop, or a gap."""

from __future__ import annotations

import random
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from collectors.simulator.checkout import Checkout
from collectors.simulator.database import change_row, last_ids
from collectors.simulator.machine import (
    day_words,
    health_checks,
    load_sample,
    outage_words,
    served,
)
from collectors.simulator.outages import Weather
from collectors.simulator.people import People, region_of
from collectors.simulator.rhythm import (
    PER_VISIT,
    REGIONS,
    bustle,
    chance,
    draw_count,
    visits_per_day,
    visits_per_hour,
)
from collectors.simulator.schema import TABLES
from collectors.simulator.sessions import Sessions
from collectors.simulator.steps import NATURAL_KEYS, Made, Step, fold

#: progress(done, total, what): days made, days to make, and the day or table at work.
Progress = Callable[[int, int, str], None]

_HOUR: Final = timedelta(hours=1)
_WATCH_EVERY: Final = timedelta(minutes=15)
#: Steps of a story that the living shop takes over, if they come soon after ``until``.
_TAKEN_OVER: Final = timedelta(hours=12)


class Past:
    """Makes every row of ``(start, until]``; what it makes hangs on seed and times alone.

    ``rest`` holds the steps of unfinished stories after ``until``, ``ids`` the ids of the rows
    they are about, by (table, name), where the table has no natural key.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        people: People,
        weather: Weather,
        *,
        seed: int,
        zone: ZoneInfo,
        opened: datetime,
        start: datetime,
        until: datetime,
        progress: Progress | None = None,
    ) -> None:
        self.rest: list[Step] = []
        self.ids: dict[tuple[str, str], int] = {}
        self.until = until
        self._connection = connection
        self._people = people
        self._weather = weather
        self._seed = seed
        self._zone = zone
        self._opened = opened
        self._start = start
        self._at = start
        self._progress = progress
        self._sessions = Sessions(zone)
        self._checkout = Checkout(people, weather, self._sessions, zone, seed)
        self._waiting: list[Made] = []
        self._last_id = last_ids(connection)
        self._columns = {table: _columns(connection, table) for table in TABLES}

    def advance(self) -> bool:
        """Make one more day, in a transaction of its own; returns whether all is made."""
        end = min(_next_day(self._at), self.until)
        if end > self._at:
            self._make(self._at, end)
        self._at = end
        done = self._at >= self.until
        if done:
            wanted = {(step.table, step.row) for step in self.rest}
            self.ids = {place: number for place, number in self.ids.items() if place in wanted}
        if self._progress:
            total = max((self.until - self._start).days, 1)
            made = total if done else min((self._at - self._start).days, total)
            self._progress(made, total, f"{self._at:%Y-%m-%d}")
        return done

    def _make(self, after: datetime, end: datetime) -> None:
        ready: list[Made] = []
        waiting: list[Made] = []
        loose: list[Step] = []
        for story, later in self._stories(after, end):
            rows, rest = fold([*story, *later], self.until)
            for row in rows:
                (ready if row.at <= end else waiting).append(row)
            loose += [step for step in rest if step.at <= self.until]
            self._take_over(rest, later)
        for row in self._waiting:
            (ready if row.at <= end else waiting).append(row)
        self._waiting = waiting
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._write(ready)
            for step in loose:
                if step.table in NATURAL_KEYS:
                    change_row(self._connection, step.table, step.row, step.values)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def _take_over(self, rest: list[Step], later: list[Step]) -> None:
        # Cases are not handed on: the living shop knows their end from their ids.
        not_handed = {id(step) for step in later}
        soon = self.until + _TAKEN_OVER
        self.rest += [
            step for step in rest if self.until < step.at <= soon and id(step) not in not_handed
        ]

    def _stories(self, after: datetime, end: datetime) -> Iterator[tuple[list[Step], list[Step]]]:
        """Every story that begins in ``(after, end]``, with what comes of it days later."""
        hour = after.replace(minute=0, second=0, microsecond=0)
        while hour <= end:
            yield from self._hour(hour, after, end)
            hour += _HOUR
        for outage in self._weather.starting(after, end):
            yield outage_words(chance(self._seed, "words", outage.start), outage), []
        day = _midnight(after)
        while day < end:
            yield [step for step in day_words(self._seed, day) if step.at > after], []
            day += timedelta(days=1)

    def _hour(
        self, hour: datetime, after: datetime, end: datetime
    ) -> Iterator[tuple[list[Step], list[Step]]]:
        rng = chance(self._seed, "hour", int(hour.timestamp()))
        for region in REGIONS:
            for at in _moments(rng, hour, visits_per_hour(region, hour, self._opened)):
                if after < at <= end:
                    yield self._checkout.visit(chance(self._seed, "visit", at), at, region)
        visits = bustle(hour) * visits_per_day(hour, self._opened) / 24
        for at in _moments(rng, hour, visits * PER_VISIT["session"]):
            own = chance(self._seed, "session", at)
            user = self._people.user(own)
            if user and after < at <= end:
                yield self._sessions.session(own, at, user, region_of(own)), []
        for at in _moments(rng, hour, visits * PER_VISIT["served"]):
            if after < at <= end:
                yield [served(rng, at, self._zone)], []
        at = hour
        while at < hour + _HOUR:
            if after < at <= end:
                own = chance(self._seed, "watch", at)
                checks = health_checks(own, at, self._weather)
                yield [*checks, load_sample(own, at, self._opened, self._zone)], []
            at += _WATCH_EVERY

    def _write(self, rows: Iterable[Made]) -> None:
        by_table: dict[str, list[Made]] = defaultdict(list)
        for row in rows:
            by_table[row.table].append(row)
        for table, made in by_table.items():
            made.sort(key=lambda row: row.at)
            columns = self._columns[table]
            cells = []
            for row in made:
                number = self._number(table, row)
                cells.append((number, *map(row.values.get, columns)))
            marks = ", ".join("?" for _ in range(len(columns) + 1))
            # A clock that was set back may bring the same moments, and so the same ids, again.
            verb = "INSERT OR IGNORE" if table in NATURAL_KEYS else "INSERT"
            sql = f"{verb} INTO {table} (id, {', '.join(columns)}) VALUES ({marks})"
            self._connection.executemany(sql, cells)

    def _number(self, table: str, row: Made) -> int:
        if table == "users":
            return int(row.values["id"] or 0)
        self._last_id[table] += 1
        if row.row and table not in NATURAL_KEYS:
            self.ids[table, row.row] = self._last_id[table]
        return self._last_id[table]


def _moments(rng: random.Random, hour: datetime, mean: float) -> list[datetime]:
    """When something happens within the hour that happens ``mean`` times on the average."""
    count = draw_count(rng, mean)
    return sorted(hour + timedelta(seconds=rng.uniform(0, 3600)) for _ in range(count))


def _columns(connection: sqlite3.Connection, table: str) -> tuple[str, ...]:
    rows = connection.execute(f"PRAGMA table_info({table})").fetchall()
    return tuple(str(row[1]) for row in rows if row[1] != "id")


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _next_day(at: datetime) -> datetime:
    return _midnight(at) + timedelta(days=1)
