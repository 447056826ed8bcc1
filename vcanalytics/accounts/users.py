"""Users: who there is, and what may be changed about them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from vcanalytics.accounts.errors import AccountError
from vcanalytics.accounts.names import folded
from vcanalytics.accounts.records import Role
from vcanalytics.accounts.schema import user
from vcanalytics.instants import micros

USERS_MAX: Final = 10_000


def any_user(connection: Connection) -> bool:
    """Whether there is a user at all, disabled or not."""
    return bool(connection.execute(select(exists().where(user.c.id.is_not(None)))).scalar())


def find(connection: Connection, name: str) -> Row[Any] | None:
    """The user of that name in any case, or None."""
    return connection.execute(select(user).where(user.c.folded == folded(name))).one_or_none()


def needed(connection: Connection, name: str) -> Row[Any]:
    """The user of that name. Raises AccountError where there is none."""
    found = find(connection, name)
    if found is None:
        raise AccountError("there is no such user", hint="See `user list` for those there are")
    return found


def add(connection: Connection, name: str, encoded: str, role: Role, now: datetime) -> int:
    """Add the user and return their id. Raises AccountError where the name is taken."""
    if find(connection, name) is not None:
        raise AccountError("there is a user of that name already", hint="Choose another name")
    if connection.execute(select(func.count()).select_from(user)).scalar_one() >= USERS_MAX:
        raise AccountError(f"there are {USERS_MAX:,} users, and no more may be added")
    row = insert(user).values(
        name=name, folded=folded(name), role=role, password=encoded, created_at=micros(now)
    )
    added: int = connection.execute(row.returning(user.c.id)).scalar_one()
    return added


def keep_an_admin(connection: Connection, row: Row[Any]) -> None:
    """Raise AccountError where ``row`` is the last admin who can sign in."""
    admins = select(func.count()).where(
        user.c.role == Role.ADMIN, user.c.disabled_at.is_(None), user.c.id != row.id
    )
    is_admin = row.role == Role.ADMIN and row.disabled_at is None
    if is_admin and connection.execute(admins).scalar_one() == 0:
        raise AccountError(
            "this is the last admin who can sign in", hint="Make another user an admin first"
        )


def change(connection: Connection, user_id: int, **values: Any) -> None:
    """Set columns of a user."""
    connection.execute(update(user).where(user.c.id == user_id).values(**values))
