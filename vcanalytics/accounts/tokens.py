"""API tokens: named, with a role, until revoked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from vcanalytics.accounts import keys
from vcanalytics.accounts.errors import AccountError
from vcanalytics.accounts.names import folded
from vcanalytics.accounts.records import Principal, Role, Token
from vcanalytics.accounts.schema import token
from vcanalytics.instants import instant, micros

TOKENS_MAX: Final = 1_000
_IN_USE: Final = token.c.revoked_at.is_(None)


@dataclass(frozen=True, slots=True)
class Found:
    """A token that is not revoked."""

    principal: Principal
    id: int
    last_used_at: datetime | None


def create(connection: Connection, name: str, role: Role, actor: str, now: datetime) -> str:
    """A new token. Raises AccountError where the name is in use."""
    in_use = select(token.c.id).where(token.c.folded == folded(name), _IN_USE)
    if connection.execute(in_use).first() is not None:
        raise AccountError(
            "there is a token of that name already", hint="Revoke it, or choose another name"
        )
    if connection.execute(select(func.count()).where(_IN_USE)).scalar_one() >= TOKENS_MAX:
        raise AccountError(f"there are {TOKENS_MAX:,} tokens", hint="Revoke those not needed")
    secret = keys.new_token()
    connection.execute(
        insert(token).values(
            name=name,
            folded=folded(name),
            role=role,
            digest=keys.token_digest(secret),
            created_at=micros(now),
            created_by=actor,
        )
    )
    return secret


def find(connection: Connection, digest: bytes) -> Found | None:
    """The token of that digest, None where there is none or it was revoked."""
    row = connection.execute(select(token).where(token.c.digest == digest, _IN_USE)).one_or_none()
    if row is None:
        return None
    principal = Principal(row.name, Role(row.role), None, row.name)
    return Found(principal, row.id, instant(row.last_used_at))


def listed(connection: Connection) -> list[Token]:
    """Tokens in use, by name."""
    rows = connection.execute(select(token).where(_IN_USE).order_by(token.c.folded))
    return [
        Token(
            name=row.name,
            role=Role(row.role),
            created_at=instant(row.created_at),
            created_by=row.created_by,
            last_used_at=instant(row.last_used_at),
        )
        for row in rows
    ]


def revoke(connection: Connection, name: str, now: datetime) -> str:
    """Revoke the token and return its name. Raises AccountError where there is none."""
    revoked = (
        update(token)
        .where(token.c.folded == folded(name), _IN_USE)
        .values(revoked_at=micros(now))
        .returning(token.c.name)
    )
    found: str | None = connection.execute(revoked).scalar()
    if found is None:
        raise AccountError("there is no such token", hint="See `token list` for those there are")
    return found


def touch(connection: Connection, token_id: int, now: datetime) -> None:
    """Note that the token was used."""
    connection.execute(update(token).where(token.c.id == token_id).values(last_used_at=micros(now)))
