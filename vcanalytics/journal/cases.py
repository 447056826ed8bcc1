"""Cases of the desk: worked on by people, opened and closed by what the source says.

A case is a finding of a payment. Nothing noted is ever lost: a case stays when its finding is gone,
and is the same one when it comes back. Who may change what is for the caller to know.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update

from vcanalytics.errors import UsageError
from vcanalytics.instants import instant, micros
from vcanalytics.journal.case_records import (
    RULES,
    TO_DO,
    Asked,
    Case,
    CaseEvent,
    CaseEventKind,
    CaseState,
    Facts,
    Key,
    Step,
)
from vcanalytics.journal.case_tables import desk_case, desk_event

NOTE_CHARS_MAX: Final = 2_000
NAME_CHARS_MAX: Final = 200
#: Events of one case that are read at once: the newest.
EVENTS_MAX: Final = 1_000


class ChangedMeanwhile(UsageError):
    """Somebody changed the case since it was looked at: nothing is overwritten."""


def newest(connection: Connection) -> int:
    """The number of the newest event, 0 where there is none: it moves with every change."""
    return int(connection.execute(select(func.max(desk_event.c.id))).scalar() or 0)


def find(connection: Connection, key: Key) -> Case | None:
    """The case of that finding and payment; None where none was ever opened."""
    row = connection.execute(select(desk_case).where(*_is(key))).one_or_none()
    return None if row is None else _case(row)


def every(connection: Connection) -> list[Case]:
    """All cases there ever were, in the order they were opened."""
    return [_case(row) for row in connection.execute(select(desk_case).order_by(desk_case.c.id))]


def events(connection: Connection, number: int) -> list[CaseEvent]:
    """What happened to a case, in order: the newest thousand."""
    query = (
        select(desk_event)
        .where(desk_event.c.case_id == number)
        .order_by(desk_event.c.id.desc())
        .limit(EVENTS_MAX)
    )
    return [
        CaseEvent(row.id, instant(row.at), row.kind, row.by, row.note)
        for row in reversed(connection.execute(query).all())
    ]


def change(
    connection: Connection, now: datetime, asked: Asked, *, by: str, facts: Facts | None = None
) -> Case:
    """Take a step with a case, and note it; the case as it is then.

    ``facts`` are those of its finding, by which a case is opened that nobody opened yet. Raises
    ChangedMeanwhile where it is not as it was looked at, UsageError where the step is not allowed
    or lacks its note, and where there is no such case.
    """
    case = find(connection, asked.key)
    if case is None:
        if facts is None:
            raise UsageError("there is no such case", where=_name(asked.key))
        case = _open(connection, now, asked.key, facts)
    if case.version != asked.version:
        what = f"{case.changed_by or 'the source'} changed it: it is {_said(case)} now"
        raise ChangedMeanwhile(what, where=_name(asked.key), hint="Look at it again")
    note = asked.note.strip()[:NOTE_CHARS_MAX]
    _check(case, asked, note)
    rule = RULES[asked.step]
    values: dict[str, Any] = {"assignee": _assignee(case, asked, by)}
    if rule.to is not None:
        values["state"] = rule.to.value
        closed = rule.to not in TO_DO
        values["closed_at"] = micros(now) if closed else None
        values["closed_by"] = by[:NAME_CHARS_MAX] if closed else None
    _update(connection, now, case, by, values)
    if asked.step is Step.ASSIGN:
        note = f"to {asked.assignee}" + (f": {note}" if note else "")
    _note(connection, now, case.number, rule.noted, by=by, note=note)
    found = find(connection, asked.key)
    assert found is not None  # noqa: S101 - it was changed in this transaction
    return found


def _check(case: Case, asked: Asked, note: str) -> None:
    """Raise UsageError where the step does not lead from here."""
    where = _name(asked.key)
    if case.state not in RULES[asked.step].of:
        raise UsageError(f"it is {_said(case)} already", where=where, hint="Look at it again")
    if asked.step in {Step.NOTE, Step.DISMISS} and not note:
        what = "a note says something" if asked.step is Step.NOTE else "say why it is dismissed"
        raise UsageError(what, where=where, hint="Write it into the note")
    if asked.step is Step.ASSIGN and not (asked.assignee or "").strip():
        raise UsageError("say who is to work on it", where=where)
    if asked.step is Step.REOPEN and not case.standing:
        raise UsageError(
            "its finding is gone at the source: there is nothing to do",
            where=where,
            hint="It opens again by itself if the finding comes back",
        )


def _assignee(case: Case, asked: Asked, by: str) -> str | None:
    match asked.step:
        case Step.TAKE:
            return by[:NAME_CHARS_MAX]
        case Step.ASSIGN:
            return (asked.assignee or "").strip()[:NAME_CHARS_MAX]
        case Step.GIVE_BACK | Step.REOPEN:
            return None
        case Step.DONE | Step.DISMISS:
            return case.assignee or by[:NAME_CHARS_MAX]
        case Step.NOTE:
            return case.assignee


def _open(connection: Connection, now: datetime, key: Key, facts: Facts) -> Case:
    row = connection.execute(
        insert(desk_case).values(opening(now, key, facts)).returning(desk_case)
    )
    case = _case(row.one())
    _note(connection, now, case.number, CaseEventKind.OPENED)
    return case


def opening(now: datetime, key: Key, facts: Facts) -> dict[str, Any]:
    """The row a case begins with."""
    return {
        "finding": key.finding,
        "transaction_id": key.transaction_id,
        "state": CaseState.OPEN.value,
        "standing": True,
        "version": 0,
        "returns": 0,
        "opened_at": micros(now),
        "waits_from": micros(facts.since),
        "changed_at": micros(now),
        "amount": None if facts.amount is None else str(facts.amount),
        "currency": facts.currency,
    }


def _update(
    connection: Connection, now: datetime, case: Case, by: str | None, values: dict[str, Any]
) -> None:
    values |= {
        "version": case.version + 1,
        "changed_at": micros(now),
        "changed_by": None if by is None else by[:NAME_CHARS_MAX],
    }
    connection.execute(update(desk_case).where(desk_case.c.id == case.number).values(values))


def _note(
    connection: Connection,
    now: datetime,
    number: int,
    kind: CaseEventKind,
    *,
    by: str | None = None,
    note: str = "",
) -> None:
    values = {
        "case_id": number,
        "at": micros(now),
        "kind": kind.value,
        "by": None if by is None else by[:NAME_CHARS_MAX],
        "note": note,
    }
    connection.execute(insert(desk_event).values(values))


def _is(key: Key) -> tuple[Any, Any]:
    return desk_case.c.finding == key.finding, desk_case.c.transaction_id == key.transaction_id


def _name(key: Key) -> str:
    return f"case {key.finding} of {key.transaction_id}"


def _said(case: Case) -> str:
    with_whom = f" with {case.assignee}" if case.assignee else ""
    return case.state.value.replace("_", " ") + with_whom


def _case(row: Row[Any]) -> Case:
    return Case(
        number=row.id,
        key=Key(row.finding, row.transaction_id),
        state=CaseState(row.state),
        standing=row.standing,
        assignee=row.assignee,
        version=row.version,
        returns=row.returns,
        opened_at=instant(row.opened_at),
        waits_from=instant(row.waits_from),
        changed_at=instant(row.changed_at),
        changed_by=row.changed_by,
        closed_at=instant(row.closed_at),
        closed_by=row.closed_by,
        amount=None if row.amount is None else Decimal(row.amount),
        currency=row.currency,
    )
