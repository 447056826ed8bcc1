"""One-time links: the first admin's, and invitations."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, func, insert, select

from vcanalytics.accounts import keys
from vcanalytics.accounts.errors import AccountError
from vcanalytics.accounts.names import folded
from vcanalytics.accounts.records import Invitation, Role
from vcanalytics.accounts.schema import link, user
from vcanalytics.instants import instant, micros

FIRST_LINK_LASTS: Final = timedelta(hours=24)
INVITATIONS_MAX: Final = 1_000


def make(
    connection: Connection,
    name: str | None,
    role: Role,
    *,
    actor: str,
    actor_id: int | None,
    now: datetime,
    lasts: timedelta,
) -> str:
    """A new link, in place of an earlier one for the same name.

    Raises AccountError where too many invitations are open.
    """
    key = None if name is None else folded(name)
    earlier = link.c.folded.is_(None) if key is None else link.c.folded == key
    connection.execute(delete(link).where(earlier | (link.c.expires_at <= micros(now))))
    if connection.execute(select(func.count()).select_from(link)).scalar_one() >= INVITATIONS_MAX:
        raise AccountError(f"there are {INVITATIONS_MAX:,} open invitations")
    secret = keys.new_secret()
    connection.execute(
        insert(link).values(
            digest=keys.digest(secret),
            name=name,
            folded=key,
            role=role,
            created_at=micros(now),
            created_by=actor,
            created_by_id=actor_id,
            expires_at=micros(now + lasts),
        )
    )
    return secret


def find(connection: Connection, digest: bytes, now: datetime) -> Row[Any] | None:
    """The link of that digest where it may still be used.

    The first admin's is of no use once there is any user.
    """
    query = select(link).where(link.c.digest == digest, link.c.expires_at > micros(now))
    row = connection.execute(query).one_or_none()
    if row is None or row.folded is not None:
        return row
    return None if connection.execute(select(user.c.id).limit(1)).first() else row


def read(row: Row[Any]) -> Invitation:
    """The link without its digest."""
    return Invitation(
        name=row.name,
        role=Role(row.role),
        created_at=instant(row.created_at),
        created_by=row.created_by,
        expires_at=instant(row.expires_at),
    )


def listed(connection: Connection, now: datetime) -> list[Invitation]:
    """Open invitations, by name; the first admin's link is none."""
    query = select(link).where(link.c.folded.is_not(None), link.c.expires_at > micros(now))
    return [read(row) for row in connection.execute(query.order_by(link.c.folded))]


def use(connection: Connection, row: Row[Any]) -> None:
    """The link was used: it is gone, and with the first admin's any other of its kind."""
    kind = link.c.folded.is_(None) if row.folded is None else link.c.id == row.id
    connection.execute(delete(link).where(kind))


def withdraw(connection: Connection, name: str) -> bool:
    """Take back the invitation of that name; whether there was one."""
    return connection.execute(delete(link).where(link.c.folded == folded(name))).rowcount > 0


def withdraw_by(connection: Connection, user_id: int) -> int:
    """Take back what a user invited who is no admin any more; how many that were."""
    return connection.execute(delete(link).where(link.c.created_by_id == user_id)).rowcount
