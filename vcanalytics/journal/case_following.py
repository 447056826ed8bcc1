"""Cases follow the source: opened with their finding, closed when it is gone, opened again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from vcanalytics.instants import micros
from vcanalytics.journal import cases
from vcanalytics.journal.case_records import TO_DO, CaseEventKind, CaseState, Facts, Key
from vcanalytics.journal.case_tables import desk_case, desk_event

#: Payments looked up at once: SQLite takes some tens of thousands of parameters.
_PIECE: Final = 500


@dataclass(frozen=True, slots=True)
class Followed:
    """How many cases a look at the source opened, opened again, and closed."""

    opened: int = 0
    returned: int = 0
    resolved: int = 0


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    state: CaseState
    standing: bool


def follow(
    connection: Connection,
    now: datetime,
    found: Mapping[Key, Facts],
    *,
    only_known: Collection[str] = frozenset(),
) -> Followed:
    """Bring cases to what is found now: ``found`` must be all of it.

    Of the findings in ``only_known`` none is opened by itself: a case that a person began is
    followed, and closed with its finding. A case that is closed stays so while its finding stands.
    """
    kept = _standing(connection)
    gone = [(key, one) for key, one in kept.items() if key not in found]
    news = [key for key in found if key not in kept]
    before = _known(connection, news)
    back = [(key, before[key]) for key in news if key in before]
    new = [key for key in news if key not in before and key.finding not in only_known]
    resolved = _gone(connection, now, gone)
    _back(connection, now, back, found)
    _open(connection, now, new, found)
    return Followed(len(new), len(back), resolved)


def _columns() -> tuple[Any, ...]:
    table = desk_case.c
    return table.id, table.finding, table.transaction_id, table.state, table.standing


def _standing(connection: Connection) -> dict[Key, _Kept]:
    rows = connection.execute(select(*_columns()).where(desk_case.c.standing))
    return _keyed(rows)


def _known(connection: Connection, keys: list[Key]) -> dict[Key, _Kept]:
    ids = sorted({key.transaction_id for key in keys})
    known: dict[Key, _Kept] = {}
    for first in range(0, len(ids), _PIECE):
        mine = desk_case.c.transaction_id.in_(ids[first : first + _PIECE])
        known |= _keyed(connection.execute(select(*_columns()).where(mine)))
    return known


def _keyed(rows: Any) -> dict[Key, _Kept]:
    return {
        Key(finding, payment): _Kept(number, CaseState(state), standing)
        for number, finding, payment, state, standing in rows
    }


def _gone(connection: Connection, now: datetime, gone: list[tuple[Key, _Kept]]) -> int:
    to_do = [one.number for _, one in gone if one.state in TO_DO]
    closed = [one.number for _, one in gone if one.state not in TO_DO]
    at = micros(now)
    done = {"state": CaseState.DONE.value, "closed_at": at, "closed_by": None}
    _changed(connection, now, to_do, {"standing": False} | done)
    _changed(connection, now, closed, {"standing": False})
    _note(connection, now, CaseEventKind.RESOLVED, to_do)
    _note(connection, now, CaseEventKind.GONE, closed)
    return len(to_do)


def _back(
    connection: Connection,
    now: datetime,
    back: list[tuple[Key, _Kept]],
    found: Mapping[Key, Facts],
) -> None:
    """Whoever worked on it before still does: what was noted stands."""
    for key, one in back:
        facts = found[key]
        values: dict[str, Any] = {
            "standing": True,
            "state": CaseState.OPEN.value,
            "returns": desk_case.c.returns + 1,
            "waits_from": micros(now),
            "closed_at": None,
            "closed_by": None,
            "amount": None if facts.amount is None else str(facts.amount),
            "currency": facts.currency,
        }
        _changed(connection, now, [one.number], values)
    _note(connection, now, CaseEventKind.RETURNED, [one.number for _, one in back])


def _open(
    connection: Connection, now: datetime, new: list[Key], found: Mapping[Key, Facts]
) -> None:
    if not new:
        return
    # Cases are never deleted, and this is the only writer until it has committed.
    first = int(connection.execute(select(func.max(desk_case.c.id))).scalar() or 0) + 1
    rows = [
        cases.opening(now, key, found[key]) | {"id": number}
        for number, key in enumerate(sorted(new), first)
    ]
    connection.execute(insert(desk_case), rows)
    _note(connection, now, CaseEventKind.OPENED, [row["id"] for row in rows])


def _changed(
    connection: Connection, now: datetime, numbers: list[int], values: dict[str, Any]
) -> None:
    more = {"version": desk_case.c.version + 1, "changed_at": micros(now), "changed_by": None}
    for first in range(0, len(numbers), _PIECE):
        mine = desk_case.c.id.in_(numbers[first : first + _PIECE])
        connection.execute(update(desk_case).where(mine).values(values | more))


def _note(connection: Connection, now: datetime, kind: CaseEventKind, numbers: list[int]) -> None:
    if numbers:
        rows = [
            {"case_id": number, "at": micros(now), "kind": kind.value, "note": ""}
            for number in numbers
        ]
        connection.execute(insert(desk_event), rows)
