"""Components as the journal keeps them: what each is, when it changed, how long it was what.

Time between two rounds counts as what the earlier one found. Where more than ``GAP_MAX`` lies
between them nobody watched, and all of it counts as unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from vcanalytics.instants import instant, micros
from vcanalytics.journal.component_tables import component, component_change, component_day
from vcanalytics.model.health import Status, Verdict

#: Three rounds: a shorter pause is one that a busy host may make.
GAP_MAX: Final = timedelta(seconds=90)
#: A gap that goes back further says nothing more: its days are unknown anyway.
_GAP_DAYS_MAX: Final = 400
TEXT_CHARS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Component:
    """One component as it was found last. Times are UTC."""

    name: str
    status: Status
    since: datetime
    checked_at: datetime
    data_at: datetime | None
    what: str
    hint: str


@dataclass(frozen=True, slots=True)
class Change:
    """When a component came into a status, and what was found then."""

    at: datetime
    status: Status
    what: str


@dataclass(frozen=True, slots=True)
class Day:
    """How long a component was what, on a day of UTC, in seconds."""

    day: date
    healthy_s: float = 0.0
    warning_s: float = 0.0
    critical_s: float = 0.0
    unknown_s: float = 0.0

    @property
    def known_s(self) -> float:
        return self.healthy_s + self.warning_s + self.critical_s

    @property
    def uptime(self) -> float | None:
        """Uptime, from 0 to 1: healthy and warning time of what is known; None where none is."""
        return (self.healthy_s + self.warning_s) / self.known_s if self.known_s else None


def keep(
    connection: Connection,
    now: datetime,
    verdicts: Iterable[Verdict],
    *,
    left: Collection[str] | None = frozenset(),
) -> dict[str, Status | None]:
    """Take over one round; of each component whose status changed, what it was before.

    Components that were not judged go; what was kept of their days and changes stays. Those in
    ``left`` (None: all) are left as they are, and grow old.
    """
    before = {one.name: one for one in listed(connection)}
    changed: dict[str, Status | None] = {}
    found: set[str] = set()
    for verdict in verdicts:
        found.add(verdict.name)
        last = before.get(verdict.name)
        if last is not None:
            _count(connection, last, now)
        since = now
        if last is not None and last.status is verdict.status:
            since = last.since
        else:
            changed[verdict.name] = None if last is None else last.status
            _note(connection, verdict, now)
        _write(connection, verdict, since, now)
    for name in before.keys() - found - set(before if left is None else left):
        _count(connection, before[name], now)
        connection.execute(delete(component).where(component.c.name == name))
    return changed


def _write(connection: Connection, verdict: Verdict, since: datetime, now: datetime) -> None:
    values = {
        "status": str(verdict.status),
        "since": micros(since),
        "checked_at": micros(now),
        "data_at": None if verdict.data_at is None else micros(verdict.data_at),
        "what": verdict.what[:TEXT_CHARS_MAX],
        "hint": verdict.hint[:TEXT_CHARS_MAX],
    }
    connection.execute(
        insert(component)
        .values(name=verdict.name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def _note(connection: Connection, verdict: Verdict, now: datetime) -> None:
    connection.execute(
        component_change.insert().values(
            component=verdict.name,
            at=micros(now),
            status=str(verdict.status),
            what=verdict.what[:TEXT_CHARS_MAX],
        )
    )


def _count(connection: Connection, last: Component, now: datetime) -> None:
    """Add the time since the last round to the days it lies in."""
    watched = now - last.checked_at <= GAP_MAX
    column = f"{last.status if watched else Status.UNKNOWN}_s"
    for day, seconds in _split(last.checked_at, now):
        values = dict.fromkeys(("healthy_s", "warning_s", "critical_s", "unknown_s"), 0.0)
        connection.execute(
            insert(component_day)
            .values(component=last.name, day=day, **(values | {column: seconds}))
            .on_conflict_do_update(
                index_elements=["component", "day"],
                set_={column: component_day.c[column] + seconds},
            )
        )


def _split(start: datetime, end: datetime) -> Iterator[tuple[date, float]]:
    """The days of UTC between two instants, with the seconds of each; none where time went back."""
    start = max(start, end - timedelta(days=_GAP_DAYS_MAX))
    while start < end:
        midnight = datetime.combine(start.date() + timedelta(days=1), time(), UTC)
        until = min(midnight, end)
        yield start.date(), (until - start).total_seconds()
        start = until


def listed(connection: Connection) -> list[Component]:
    """Every component, by name."""
    return [_read(row) for row in connection.execute(select(component).order_by(component.c.name))]


def changes(connection: Connection, name: str, limit: int = 100) -> list[Change]:
    """The changes of one component, the newest first."""
    table = component_change
    query = select(table).where(table.c.component == name)
    newest = query.order_by(table.c.at.desc(), table.c.id.desc()).limit(limit)
    return [
        Change(instant(row.at), Status(row.status), row.what) for row in connection.execute(newest)
    ]


def days(connection: Connection, first: date, last: date) -> dict[str, list[Day]]:
    """The days of each component from ``first`` to ``last``, the oldest first.

    Days of which nothing is known at all are left out.
    """
    table = component_day
    query = select(table).where(table.c.day.between(first, last))
    found: dict[str, list[Day]] = {}
    for row in connection.execute(query.order_by(table.c.component, table.c.day)):
        found.setdefault(row.component, []).append(
            Day(row.day, row.healthy_s, row.warning_s, row.critical_s, row.unknown_s)
        )
    return found


def let_go(connection: Connection, before: datetime) -> int:
    """Delete changes and days older than that; how many rows went.

    The newest change of each component stays: it is what it has been since.
    """
    newest = select(func.max(component_change.c.id)).group_by(component_change.c.component)
    old = component_change.c.at < micros(before)
    gone = connection.execute(
        delete(component_change).where(old, component_change.c.id.not_in(newest))
    ).rowcount
    day = before.astimezone(UTC).date()
    gone += connection.execute(delete(component_day).where(component_day.c.day < day)).rowcount
    still: Sequence[str] = connection.execute(select(component.c.name)).scalars().all()
    table = component_change
    # Of a probe that was taken from the rules nothing needs to stay once it is old.
    gone += connection.execute(delete(table).where(old, table.c.component.not_in(still))).rowcount
    return gone


def _read(row: Row[Any]) -> Component:
    return Component(
        name=row.name,
        status=Status(row.status),
        since=instant(row.since),
        checked_at=instant(row.checked_at),
        data_at=instant(row.data_at),
        what=row.what,
        hint=row.hint,
    )
