"""What the parts of ``Accounts`` share: the file, the clock, and who may change anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from sqlalchemy import Connection

from vcanalytics.accounts import audit, sessions, tokens, users
from vcanalytics.accounts.database import Database
from vcanalytics.accounts.errors import Forbidden
from vcanalytics.accounts.looked_up import LookedUp
from vcanalytics.accounts.passwords import Argon2, Hasher, Slots
from vcanalytics.accounts.records import Principal, Role
from vcanalytics.accounts.sessions import Lifetime
from vcanalytics.commits import Token as CommitToken
from vcanalytics.instants import Clock, utc_now

TRIES: Final = 5
LIFETIME: Final = Lifetime()
INVITATION_LASTS: Final = timedelta(hours=72)
REFUSED: Final = "refused"


class Base:
    """The open accounts."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        hasher: Hasher,
        lifetime: Lifetime,
        invitation_lasts: timedelta,
        tries: int,
    ) -> None:
        self._database = database
        self._clock = clock
        self._hasher = hasher
        self._lifetime = lifetime
        self._invitation_lasts = invitation_lasts
        self._tries = tries
        self._slots = Slots()
        self._nobody = hasher.nobody()
        self._sessions = LookedUp(database, sessions.find)
        self._tokens = LookedUp(database, tokens.find)

    @classmethod
    def open(
        cls,
        data_dir: Path,
        *,
        create: bool = True,
        clock: Clock = utc_now,
        hasher: Hasher | None = None,
        lifetime: Lifetime = LIFETIME,
        invitation_lasts: timedelta = INVITATION_LASTS,
        tries: int = TRIES,
    ) -> Self:
        """Open the accounts in ``data_dir``, by default making them where they are missing.

        ``tries`` are the wrong passwords that cost no wait. Raises StoreError where the file is
        missing or cannot be made, is damaged, or is of a newer version.
        """
        return cls(
            Database.open(data_dir, create=create),
            clock=clock,
            hasher=hasher or Argon2(),
            lifetime=lifetime,
            invitation_lasts=invitation_lasts,
            tries=tries,
        )

    def close(self) -> None:
        """Close the file. Nothing may be asked afterwards."""
        self._database.close()

    def token(self) -> CommitToken | None:
        """Changes whenever accounts changed, in any process; some 20 microseconds."""
        return self._database.token()

    def note(
        self, action: str, *, actor: str, target: str = "", address: str = "", detail: str = ""
    ) -> None:
        """Add an entry to the audit log."""
        with self._database.write() as connection:
            audit.note(
                connection,
                self._clock(),
                action,
                actor=actor,
                target=target,
                address=address,
                detail=detail,
            )

    @contextmanager
    def _changing(
        self, by: Principal | str, what: str, target: str, *, own: str | None = None
    ) -> Iterator[tuple[Connection, datetime]]:
        """One write transaction of an admin, or of the user ``own``.

        Text stands for the machine's own operator, who has the files in any case. What a principal
        may do is read anew: a page may have been open since before they were lowered. A refusal is
        noted. Raises Forbidden.
        """
        try:
            with self._database.write() as connection:
                now = self._clock()
                if isinstance(by, Principal):
                    self._allow(connection, by, now, own)
                yield connection, now
        except Forbidden:
            actor = audit.actor_of(by)
            self.note(REFUSED, actor=actor, target=target, detail=what)
            raise

    def _allow(self, connection: Connection, by: Principal, now: datetime, own: str | None) -> None:
        role: Role | None = by.role
        if by.session is not None:
            numbers = [by.session]
            live = sessions.live_numbers(connection, self._lifetime, now, numbers)
            row = users.find(connection, by.name)
            role = Role(row.role) if live and row is not None else None
        elif by.token is not None:
            role = next((t.role for t in tokens.listed(connection) if t.name == by.token), None)
        if role is None:
            raise Forbidden("the session or token has ended", hint="Sign in again")
        mine = by.token is None and own is not None and own == by.name
        if not mine and not role.allows(Role.ADMIN):
            raise Forbidden("only an admin may do this", hint="Ask one of them")
