"""Users, invitations, API tokens and the audit log: what an admin sees and changes."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from vcanalytics.accounts import audit, links, schema, sessions, throttle, tokens, users
from vcanalytics.accounts.audit import Action
from vcanalytics.accounts.entering import Entering
from vcanalytics.accounts.errors import AccountError
from vcanalytics.accounts.names import read_name
from vcanalytics.accounts.passwords import check_password
from vcanalytics.accounts.records import (
    Entry,
    Invitation,
    Principal,
    Role,
    Token,
    User,
)
from vcanalytics.accounts.saved_views import SavedViews
from vcanalytics.instants import instant, micros


class Accounts(Entering, SavedViews):
    """Who may come in, and what each may do. Safe between threads and processes.

    Whatever changes something notes it in the audit log, in the same transaction. ``by`` is who
    does it: a principal, who must be an admin at that moment, or the name of a command's user.
    Every method raises StoreError where the file cannot be had.
    """

    # Users

    def users(self) -> list[User]:
        """Every user, by name."""
        with self._database.read() as connection:
            live = Counter(
                session.name
                for session in sessions.listed(connection, self._lifetime, self._clock(), None)
            )
            rows = connection.execute(select(schema.user).order_by(schema.user.c.folded))
            return [
                User(
                    name=row.name,
                    role=Role(row.role),
                    disabled=row.disabled_at is not None,
                    created_at=instant(row.created_at),
                    last_sign_in_at=instant(row.last_sign_in_at),
                    sessions=live[row.name],
                )
                for row in rows
            ]

    def add_user(self, name: str, password: str, role: Role, *, by: Principal | str) -> None:
        """Add a user. Raises WeakPassword, AccountError where the name is taken or none."""
        name = read_name(name)
        encoded = self._encoded(password, name)
        with self._changing(by, Action.USER_ADDED, name) as (connection, now):
            users.add(connection, name, encoded, role, now)
            links.withdraw(connection, name)
            self._noted(connection, now, Action.USER_ADDED, by, name, role)

    def set_role(self, name: str, role: Role, *, by: Principal | str) -> None:
        """Give a user another role, at once in every session.

        Raises AccountError for an unknown user and for the last admin.
        """
        with self._changing(by, Action.ROLE_CHANGED, name) as (connection, now):
            row = users.needed(connection, name)
            if row.role == role:
                return
            users.keep_an_admin(connection, row)
            users.change(connection, row.id, role=role)
            self._lowered(connection, row)
            change = f"{row.role} to {role}"
            self._noted(connection, now, Action.ROLE_CHANGED, by, row.name, change)

    def disable(self, name: str, *, by: Principal | str) -> None:
        """Keep a user out, at once in every session, and take back what they invited.

        Raises AccountError for an unknown user and for the last admin.
        """
        with self._changing(by, Action.USER_DISABLED, name) as (connection, now):
            row = users.needed(connection, name)
            if row.disabled_at is not None:
                return
            users.keep_an_admin(connection, row)
            users.change(connection, row.id, disabled_at=micros(now))
            sessions.end_all(connection, row.id, now)
            self._lowered(connection, row)
            self._noted(connection, now, Action.USER_DISABLED, by, row.name)

    def enable(self, name: str, *, by: Principal | str) -> None:
        """Let a user in again; their old sessions stay ended. Raises AccountError."""
        with self._changing(by, Action.USER_ENABLED, name) as (connection, now):
            row = users.needed(connection, name)
            if row.disabled_at is None:
                return
            users.change(connection, row.id, disabled_at=None)
            self._noted(connection, now, Action.USER_ENABLED, by, row.name)

    def set_password(self, name: str, password: str, *, by: Principal | str) -> None:
        """Give a user a new password and end their sessions, but for the admin's own.

        A user's own way is ``change_password``, which asks for the old one. Raises WeakPassword,
        AccountError for an unknown user.
        """
        with self._database.read() as connection:
            name = users.needed(connection, name).name
        encoded = self._encoded(password, name)
        with self._changing(by, Action.PASSWORD_CHANGED, name) as (connection, now):
            row = users.needed(connection, name)
            users.change(connection, row.id, password=encoded)
            own = by.session if isinstance(by, Principal) and by.name == row.name else None
            sessions.end_all(connection, row.id, now, but=own)
            throttle.forget_user(connection, row.id)
            self._noted(connection, now, Action.PASSWORD_CHANGED, by, row.name)

    def _encoded(self, password: str, name: str) -> str:
        text = check_password(password, name)
        with self._slots.taken():
            return self._hasher.hash(text)

    def _lowered(self, connection: Connection, row: Row[Any]) -> None:
        if row.role == Role.ADMIN:
            links.withdraw_by(connection, row.id)

    def _noted(
        self,
        connection: Connection,
        now: datetime,
        action: Action,
        by: Principal | str,
        target: str,
        detail: str = "",
    ) -> None:
        actor = audit.actor_of(by)
        audit.note(connection, now, action, actor=actor, target=target, detail=detail)

    # Invitations

    def invite(self, name: str, role: Role, *, by: Principal | str) -> str:
        """The secret of a link by which its holder becomes the user ``name``; an earlier one dies.

        Raises AccountError where the name is taken or none.
        """
        name = read_name(name)
        with self._changing(by, Action.LINK_MADE, name) as (connection, now):
            if users.find(connection, name) is not None:
                raise AccountError("there is a user of that name already")
            inviting = users.find(connection, by.name) if isinstance(by, Principal) else None
            secret = links.make(
                connection,
                name,
                role,
                actor=audit.actor_of(by),
                actor_id=None if inviting is None else inviting.id,
                now=now,
                lasts=self._invitation_lasts,
            )
            self._noted(connection, now, Action.LINK_MADE, by, name, role)
            return secret

    def invitations(self) -> list[Invitation]:
        """Open invitations, by name."""
        with self._database.read() as connection:
            return links.listed(connection, self._clock())

    def withdraw(self, name: str, *, by: Principal | str) -> None:
        """Take an open invitation back. Raises AccountError where there is none."""
        with self._changing(by, Action.LINK_WITHDRAWN, name) as (connection, now):
            if not links.withdraw(connection, name):
                raise AccountError("there is no open invitation of that name")
            self._noted(connection, now, Action.LINK_WITHDRAWN, by, name)

    # API tokens

    def create_token(self, name: str, role: Role, *, by: Principal | str) -> str:
        """A new API token, given out this once. Raises AccountError where the name is in use."""
        name = read_name(name)
        with self._changing(by, Action.TOKEN_CREATED, name) as (connection, now):
            secret = tokens.create(connection, name, role, audit.actor_of(by), now)
            self._noted(connection, now, Action.TOKEN_CREATED, by, name, role)
            return secret

    def tokens(self) -> list[Token]:
        """Tokens in use, by name."""
        with self._database.read() as connection:
            return tokens.listed(connection)

    def revoke_token(self, name: str, *, by: Principal | str) -> None:
        """End an API token, at once. Raises AccountError where there is none of that name."""
        with self._changing(by, Action.TOKEN_REVOKED, name) as (connection, now):
            found = tokens.revoke(connection, name, now)
            self._noted(connection, now, Action.TOKEN_REVOKED, by, found)

    # The audit log

    def audit(
        self,
        *,
        limit: int = 200,
        offset: int = 0,
        start: datetime | None = None,
        end: datetime | None = None,
        actor: str | None = None,
        action: str | None = None,
    ) -> list[Entry]:
        """Entries in ``[start, end)``, the newest first, at most 100,000 at once."""
        with self._database.read() as connection:
            return audit.entries(
                connection,
                limit=limit,
                offset=offset,
                start=start,
                end=end,
                actor=actor,
                action=action,
            )

    def audit_count(
        self,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        actor: str | None = None,
        action: str | None = None,
    ) -> int:
        """How many entries ``audit`` has in all."""
        with self._database.read() as connection:
            return audit.count(connection, start=start, end=end, actor=actor, action=action)

    def audit_actors(self) -> list[str]:
        """Everybody the log names, for choosing among them."""
        with self._database.read() as connection:
            return audit.actors(connection)

    def audit_actions(self) -> list[str]:
        """Every action the log names, for choosing among them."""
        with self._database.read() as connection:
            return audit.actions(connection)
