"""Breakers as the journal keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects.sqlite import insert

from vcanalytics.instants import instant, micros
from vcanalytics.journal.component_tables import breaker

#: Of an error's text so much is kept.
ERROR_CHARS_MAX: Final = 500
#: Whose reset is remembered is a user's name, or a command's caller.
_BY_CHARS_MAX: Final = 100


class State(StrEnum):
    """Closed lets everything through, open nothing, half-open one try."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerState:
    """One breaker. Times are UTC; ``failures`` are those in a row; the last error stays."""

    name: str
    state: State = State.CLOSED
    failures: int = 0
    opened_at: datetime | None = None
    next_try_at: datetime | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None
    reset_by: str | None = None
    reset_at: datetime | None = None


def find(connection: Connection, name: str) -> BreakerState | None:
    """The breaker of that name, None where it never failed."""
    row = connection.execute(select(breaker).where(breaker.c.name == name)).one_or_none()
    return None if row is None else _read(row)


def listed(connection: Connection) -> list[BreakerState]:
    """Every breaker that ever failed and still stands for something, by name."""
    return [_read(row) for row in connection.execute(select(breaker).order_by(breaker.c.name))]


def keep(connection: Connection, state: BreakerState) -> None:
    """Write a breaker as it is now."""
    values = {
        "state": str(state.state),
        "failures": state.failures,
        "opened_at": _kept(state.opened_at),
        "next_try_at": _kept(state.next_try_at),
        "last_error": state.last_error and state.last_error[:ERROR_CHARS_MAX],
        "last_error_at": _kept(state.last_error_at),
    }
    # Who reset it, and when, is written by ``reset`` alone.
    connection.execute(
        insert(breaker)
        .values(name=state.name, **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )


def reset(connection: Connection, name: str, by: str, now: datetime) -> bool:
    """Close a breaker by hand; false where there is none of that name."""
    closed = update(breaker).where(breaker.c.name == name)
    return bool(
        connection.execute(
            closed.values(
                state=str(State.CLOSED),
                failures=0,
                opened_at=None,
                next_try_at=None,
                reset_by=by[:_BY_CHARS_MAX],
                reset_at=micros(now),
            )
        ).rowcount
    )


def forget(connection: Connection, name: str) -> None:
    """Remove a breaker whose subject is gone: a probe or channel that no file names any more."""
    connection.execute(breaker.delete().where(breaker.c.name == name))


def _kept(moment: datetime | None) -> int | None:
    return None if moment is None else micros(moment)


def _read(row: Row[Any]) -> BreakerState:
    return BreakerState(
        name=row.name,
        state=State(row.state),
        failures=row.failures,
        opened_at=instant(row.opened_at),
        next_try_at=instant(row.next_try_at),
        last_error=row.last_error,
        last_error_at=instant(row.last_error_at),
        reset_by=row.reset_by,
        reset_at=instant(row.reset_at),
    )
