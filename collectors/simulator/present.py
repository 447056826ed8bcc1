"""The living shop: payments, sessions and checks as they come, each step written when it is due."""

from __future__ import annotations

import heapq
import itertools
import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from collectors.simulator.cases import (
    ACTIVE,
    CASE_SHARE,
    Case,
    case_end,
    ending_steps,
    open_case,
    opening_steps,
)
from collectors.simulator.checkout import Checkout
from collectors.simulator.database import add_row, change_row
from collectors.simulator.machine import (
    day_words,
    health_checks,
    load_sample,
    outage_words,
    served,
)
from collectors.simulator.outages import Weather
from collectors.simulator.people import People, region_of
from collectors.simulator.repairs import due_repairs, repair_steps
from collectors.simulator.rhythm import (
    BUSTLE_MAX,
    PER_VISIT,
    bustle,
    chance,
    draw_count,
    draw_region,
)
from collectors.simulator.sessions import Sessions
from collectors.simulator.steps import NATURAL_KEYS, Step
from vcanalytics.model.times import read_instant

_ARRIVING: Final = {"visit": 1.0, **PER_VISIT}
_CAPTURED_SHARE: Final = 0.81
_WATCH_EVERY: Final = timedelta(minutes=1)
_DESK_EVERY: Final = timedelta(seconds=20)
_REPAIRS_EVERY: Final = timedelta(minutes=10)
_PAUSE_MAX_S: Final = 1.0
_PAUSE_MIN_S: Final = 0.02
#: A case is about one of so many newest payments.
_RECENT_PAYMENTS: Final = 3000
_CASES_AT_ONCE: Final = 500
_CLOCK_BACK: Final = timedelta(minutes=1)


class Present:
    """What is under way at the shop. ``at`` is how far it has been lived.

    ``rate`` is payments per minute. Steps wait in memory until they are due; one that fails stays.
    """

    def __init__(
        self,
        people: People,
        weather: Weather,
        *,
        seed: int,
        zone: ZoneInfo,
        opened: datetime,
        at: datetime,
        rate: float,
    ) -> None:
        self.at = at
        self._people = people
        self._weather = weather
        self._seed = seed
        self._zone = zone
        self._opened = opened
        self._rate = rate
        self._rng = chance(seed, "present", at.isoformat())
        self._sessions = Sessions(zone)
        self._checkout = Checkout(people, weather, self._sessions, zone, seed)
        self._due: list[tuple[datetime, int, Step]] = []
        self._order = itertools.count()
        self._ids: dict[tuple[str, str], int] = {}
        self._next: dict[str, datetime] = {}
        #: Set where the shop has grown enough: nobody comes any more, what is under way goes on.
        self.closed = False
        self.resume(at)

    def take_over(self, rest: Iterable[Step], ids: dict[tuple[str, str], int]) -> None:
        """Go on with stories that a made past has left unfinished."""
        self._push(rest)
        self._ids.update(ids)

    def resume(self, at: datetime) -> None:
        """Go on from ``at``, whatever happened since: a pause that was filled, a clock set."""
        self.at = at
        self._watch_at = at.replace(second=0, microsecond=0) + _WATCH_EVERY
        self._desk_at = at + _DESK_EVERY
        self._repairs_at = at + _DESK_EVERY
        if self._rate > 0:
            self._next = {kind: self._after(kind, at) for kind in _ARRIVING}

    def live(self, connection: sqlite3.Connection, now: datetime) -> float:
        """Everything due up to ``now``; returns the seconds until something is due again."""
        if now < self.at - _CLOCK_BACK:
            self.resume(now)
        self._arrive(now)
        self._watch(now)
        if self._desk_at <= now:
            self._push(self._desk(connection, now))
            self._desk_at = now + _DESK_EVERY
        if self._repairs_at <= now:
            for unserved in due_repairs(connection, self._seed, now):
                self._push(repair_steps(self._seed, unserved, self._zone))
            self._repairs_at = now + _REPAIRS_EVERY
        self.at = max(self.at, now)
        self.finish_due(connection, now)
        soonest = [self._watch_at, self._desk_at, *self._next.values()]
        if self._due:
            soonest.append(self._due[0][0])
        pause_s = (min(soonest) - now).total_seconds()
        return min(max(pause_s, _PAUSE_MIN_S), _PAUSE_MAX_S)

    def finish_due(self, connection: sqlite3.Connection, now: datetime) -> None:
        """Do the steps that are due: those of payments one by one, as the app does."""
        plain: list[Step] = []
        while self._due and self._due[0][0] <= now:
            step = self._due[0][2]
            if step.row or not step.new:
                self._do(connection, step)
            else:
                plain.append(step)
            heapq.heappop(self._due)
        if not plain:
            return
        # Samples and log lines that nothing refers to share one commit: fewer syncs.
        try:
            connection.execute("BEGIN IMMEDIATE")
            for step in plain:
                add_row(connection, step.table, step.values)
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._push(plain)
            raise

    def _do(self, connection: sqlite3.Connection, step: Step) -> None:
        place = (step.table, step.row)
        natural = step.table in NATURAL_KEYS
        if step.new:
            number = add_row(connection, step.table, step.values)
            if not natural:
                self._ids[place] = number
        elif natural:
            change_row(connection, step.table, step.row, step.values)
        else:
            number = self._ids.get(place, 0)
            change_row(connection, step.table, number, step.values)
            # Each such row is updated once; its id is needed no more.
            self._ids.pop(place, None)

    def _arrive(self, now: datetime) -> None:
        for kind, at in self._next.items():
            moment = at
            while moment <= now:
                if self.closed:
                    moment = self._after(kind, now)
                    break
                self._push(self._story(kind, moment))
                moment = self._after(kind, moment)
            self._next[kind] = moment

    def _story(self, kind: str, at: datetime) -> list[Step]:
        rng = self._rng
        if kind == "visit":
            # The cases in `later` belong to the made past: here the desk opens them.
            return self._checkout.visit(rng, at, draw_region(rng, at)).steps
        if kind == "served":
            return [served(rng, at, self._zone)]
        user = self._people.user(rng)
        return self._sessions.session(rng, at, user, region_of(rng)) if user else []

    def _after(self, kind: str, at: datetime) -> datetime:
        """When the next of a kind comes: ``rate`` is the average over the week's busy hours."""
        per_second = self._rate * _ARRIVING[kind] / 60 * BUSTLE_MAX
        while True:
            at += timedelta(seconds=self._rng.expovariate(per_second))
            if self._rng.random() * BUSTLE_MAX < bustle(at):
                return at

    def _watch(self, now: datetime) -> None:
        for outage in self._weather.starting(self.at, now):
            self._push(outage_words(chance(self._seed, "words", outage.start), outage))
        while self._watch_at <= now:
            at = self._watch_at
            self._push(health_checks(self._rng, at, self._weather))
            self._push([load_sample(self._rng, at, self._opened, self._zone)])
            if at.hour == at.minute == 0:
                self._push(day_words(self._seed, at))
            self._watch_at = at + _WATCH_EVERY

    def _desk(self, connection: sqlite3.Connection, now: datetime) -> list[Step]:
        """What the operator at the disputes desk does: new cases in, old ones to their end."""
        steps = self._ended_cases(connection, now)
        mean = self._rate * _DESK_EVERY.total_seconds() / 60 * _CAPTURED_SHARE * CASE_SHARE
        for _ in range(0 if self.closed else draw_count(self._rng, mean)):
            case = self._new_case(connection, now)
            if case:
                steps += opening_steps(case, self._zone)
        return steps

    def _ended_cases(self, connection: sqlite3.Connection, now: datetime) -> list[Step]:
        steps: list[Step] = []
        rows = connection.execute(
            "SELECT case_id, transaction_id, customer_email, dispute_type, amount, created_at,"
            " communication_log, status FROM dispute_cases"
            " WHERE status IN (SELECT value FROM json_each(?)) ORDER BY id DESC LIMIT ?",
            (json.dumps(sorted(ACTIVE)), _CASES_AT_ONCE),
        ).fetchall()
        for case_id, about, email, kind, amount, opened_text, log, status in rows:
            opened = read_instant(opened_text)
            if opened is None:
                continue
            entries = tuple(json.loads(log or "[]"))
            case = Case(case_id, about, email, kind, amount, opened, entries)
            end = case_end(self._seed, case.case_id, case.kind, opened)
            if end.at <= now and end.status != status:
                steps += ending_steps(case, end)
        return steps

    def _new_case(self, connection: sqlite3.Connection, now: datetime) -> Case | None:
        newest = connection.execute("SELECT max(id) FROM transactions").fetchone()[0] or 1
        number = self._rng.randrange(max(1, newest - _RECENT_PAYMENTS), newest + 1)
        row = connection.execute(
            "SELECT transaction_id, email, metadata FROM transactions AS paid"
            " WHERE id >= ? AND status = 'completed' AND transaction_id LIKE 'VC%'"
            " AND NOT EXISTS (SELECT 1 FROM dispute_cases"
            " WHERE transaction_id = paid.transaction_id) ORDER BY id LIMIT 1",
            (number,),
        ).fetchone()
        if row is None:
            return None
        transaction_id, email, metadata = row
        amount = float(json.loads(metadata)["amount"])
        return open_case(self._rng, transaction_id, email, amount, now)

    def _push(self, steps: Iterable[Step]) -> None:
        for step in steps:
            heapq.heappush(self._due, (step.at, next(self._order), step))
