"""What accounts hand out: plain values, none of which prints a secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person or a program may do; each role may all that those before it may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"

    def allows(self, needed: Role) -> bool:
        """Whether this role may do what needs ``needed``."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a user by a session, or a program by an API token."""

    name: str
    role: Role
    session: int | None
    token: str | None

    @property
    def actor(self) -> str:
        """How the audit log names it; no user can have a token's."""
        return self.name if self.token is None else f"token:{self.token}"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. ``secret`` is the cookie's value; only its SHA-256 is kept."""

    secret: str = field(repr=False)
    principal: Principal


@dataclass(frozen=True, slots=True)
class User:
    """A user; ``sessions`` counts those that are live."""

    name: str
    role: Role
    disabled: bool
    created_at: datetime
    last_sign_in_at: datetime | None
    sessions: int


@dataclass(frozen=True, slots=True)
class Session:
    """A live session. It ends at ``expires_at`` at the latest, earlier where it stands idle."""

    number: int
    name: str
    role: Role
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str
    agent: str


@dataclass(frozen=True, slots=True)
class Token:
    """An API token that is not revoked."""

    name: str
    role: Role
    created_at: datetime
    created_by: str
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that may still be used. ``name`` is None for the first admin, who picks one."""

    name: str | None
    role: Role
    created_at: datetime
    created_by: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit log. ``actor`` is empty where nobody is known."""

    number: int
    at: datetime
    action: str
    actor: str
    target: str
    address: str
    detail: str


@dataclass(frozen=True, slots=True)
class SavedView:
    """A page as it was looked at: its path, and what stood in its address.

    ``start`` is of the user who asks: they land on it.
    """

    number: int
    name: str
    owner: str
    page: str
    params: tuple[tuple[str, str], ...]
    shared: bool
    saved_at: datetime
    start: bool = False
