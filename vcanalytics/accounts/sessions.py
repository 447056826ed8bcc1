"""Sessions: rows that live until they end, stand idle too long, or grow too old."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from vcanalytics.accounts import keys
from vcanalytics.accounts.audit import SHORT_CHARS_MAX, written_out
from vcanalytics.accounts.records import Principal, Role, Session, SignedIn
from vcanalytics.accounts.schema import session, user
from vcanalytics.accounts.throttle import place_of
from vcanalytics.instants import instant, micros

#: A user has at most so many sessions: one more ends the one that was seen longest ago.
PER_USER_MAX: Final = 50
#: So long an address counts as a user's own after a sign-in; rows are kept as long.
KNOWN_FOR: Final = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lives unused, and how long at all."""

    idle: timedelta = timedelta(hours=12)
    whole: timedelta = timedelta(days=7)

    def live(self, created_at: datetime, last_seen_at: datetime, now: datetime) -> bool:
        """Whether a session that was not ended lives at ``now``."""
        return now - created_at < self.whole and now - last_seen_at < self.idle

    def condition(self, now: datetime) -> ColumnElement[bool]:
        """``live`` as a condition on rows, of sessions not ended and users not disabled."""
        return (
            session.c.ended_at.is_(None)
            & (session.c.created_at > micros(now - self.whole))
            & (session.c.last_seen_at > micros(now - self.idle))
            & user.c.disabled_at.is_(None)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """A session that was not ended, of a user who is not disabled."""

    principal: Principal
    created_at: datetime
    last_seen_at: datetime


_JOINED: Final = session.join(user)


def find(connection: Connection, digest: bytes) -> Found | None:
    """The session of that digest, None where there is none or it was ended."""
    query = (
        select(session, user.c.name, user.c.role)
        .select_from(_JOINED)
        .where(
            session.c.digest == digest, session.c.ended_at.is_(None), user.c.disabled_at.is_(None)
        )
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    principal = Principal(row.name, Role(row.role), row.id, None)
    return Found(principal, instant(row.created_at), instant(row.last_seen_at))


def begin(
    connection: Connection, row: Row[Any], now: datetime, *, address: str, agent: str
) -> SignedIn:
    """A new session of the user ``row``; past the limit it ends the one unused for longest."""
    live = (session.c.user_id == row.id) & session.c.ended_at.is_(None)
    newest = select(session.c.id).where(live).order_by(session.c.last_seen_at.desc())
    too_many = newest.limit(-1).offset(PER_USER_MAX - 1)
    connection.execute(
        update(session).where(session.c.id.in_(too_many)).values(ended_at=micros(now))
    )
    connection.execute(
        delete(session).where(session.c.created_at < micros(now - KNOWN_FOR), ~_recent(now))
    )
    secret = keys.new_secret()
    values = {
        "user_id": row.id,
        "digest": keys.digest(secret),
        "created_at": micros(now),
        "last_seen_at": micros(now),
        "address": _place(address),
        "agent": written_out(agent, SHORT_CHARS_MAX),
    }
    number = connection.execute(
        insert(session).values(**values).returning(session.c.id)
    ).scalar_one()
    return SignedIn(secret, Principal(row.name, Role(row.role), number, None))


def _recent(now: datetime) -> ColumnElement[bool]:
    return session.c.ended_at.is_(None) & (session.c.last_seen_at > micros(now - KNOWN_FOR))


def _place(address: str) -> str:
    return written_out(address, SHORT_CHARS_MAX)


def known_from(connection: Connection, user_id: int, address: str, now: datetime) -> bool:
    """Whether the user signed in from that address lately."""
    since = micros(now - KNOWN_FOR)
    query = select(session.c.address).where(
        session.c.user_id == user_id, session.c.created_at > since
    )
    place = place_of(address)
    return any(place_of(known) == place for known in connection.execute(query).scalars())


def listed(
    connection: Connection, lifetime: Lifetime, now: datetime, user_id: int | None
) -> list[Session]:
    """The live sessions, of one user or all, the last seen first."""
    query = (
        select(session, user.c.name, user.c.role)
        .select_from(_JOINED)
        .where(lifetime.condition(now))
        .order_by(session.c.last_seen_at.desc(), session.c.id.desc())
    )
    if user_id is not None:
        query = query.where(session.c.user_id == user_id)
    return [
        Session(
            number=row.id,
            name=row.name,
            role=Role(row.role),
            created_at=instant(row.created_at),
            last_seen_at=instant(row.last_seen_at),
            expires_at=instant(row.created_at) + lifetime.whole,
            address=row.address,
            agent=row.agent,
        )
        for row in connection.execute(query)
    ]


def live_numbers(
    connection: Connection, lifetime: Lifetime, now: datetime, numbers: Iterable[int]
) -> set[int]:
    """Which of the numbers are those of live sessions."""
    query = select(session.c.id).select_from(_JOINED).where(lifetime.condition(now))
    wanted = set(numbers)
    return wanted.intersection(connection.execute(query).scalars())


def named(connection: Connection, number: int) -> str | None:
    """Whose session that is, None where there is none that was not ended."""
    query = (
        select(user.c.name)
        .select_from(_JOINED)
        .where(session.c.id == number, session.c.ended_at.is_(None))
    )
    return connection.execute(query).scalar()


def end(connection: Connection, number: int, now: datetime) -> None:
    """End one session."""
    connection.execute(
        update(session)
        .where(session.c.id == number, session.c.ended_at.is_(None))
        .values(ended_at=micros(now))
    )


def end_all(connection: Connection, user_id: int, now: datetime, *, but: int | None = None) -> int:
    """End every session of a user but one; how many that were."""
    ended = update(session).where(session.c.user_id == user_id, session.c.ended_at.is_(None))
    if but is not None:
        ended = ended.where(session.c.id != but)
    return connection.execute(ended.values(ended_at=micros(now))).rowcount


def touch(connection: Connection, number: int, now: datetime) -> None:
    """Note that the session was used."""
    connection.execute(
        update(session)
        .where(session.c.id == number, session.c.last_seen_at < micros(now))
        .values(last_seen_at=micros(now))
    )
