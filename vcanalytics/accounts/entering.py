"""Coming in and going out: sign-in, sessions, API tokens, one-time links."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row

from vcanalytics.accounts import audit, keys, links, sessions, throttle, tokens, users
from vcanalytics.accounts.audit import Action
from vcanalytics.accounts.base import Base
from vcanalytics.accounts.errors import AccountError, Refused
from vcanalytics.accounts.names import folded, read_name
from vcanalytics.accounts.passwords import CHARS_MAX, check_password, normalised
from vcanalytics.accounts.records import Invitation, Principal, Role, Session, SignedIn
from vcanalytics.errors import StoreError
from vcanalytics.instants import micros

#: When a session or token was last used is written at most so often.
_TOUCHED_EVERY: Final = timedelta(minutes=1)
_WRONG: Final = "the name or the password is wrong"
_NO_LINK: Final = "the link is no good any more"
_ASK_AGAIN: Final = "Ask for a new one"


class Entering(Base):
    """The doors."""

    def has_users(self) -> bool:
        """Whether there is any user, disabled ones too."""
        with self._database.read() as connection:
            return users.any_user(connection)

    # Passwords

    def sign_in(self, name: str, password: str, *, address: str, agent: str = "") -> SignedIn:
        """A new session for the user of that name.

        One hash is computed whoever is asked for. Raises Refused where the name, the password or
        the user is no good, and Throttled, at once and without hashing, where there were too many
        tries or too many are being looked at.
        """
        row = self._proven(name, password, address)
        renewed = None
        if self._hasher.outdated(row.password):
            with self._slots.taken():
                renewed = self._hasher.hash(normalised(password))
        with self._database.write() as connection:
            # Between the hash and here the user may have been disabled or given another password.
            current = users.find(connection, row.name)
            if current is None or current.disabled_at or current.password != row.password:
                raise Refused(_WRONG)
            if renewed is not None:
                users.change(connection, row.id, password=renewed)
            return self._begin(connection, current, address, agent, "password")

    def _proven(self, name: str, password: str, address: str) -> Row[Any]:
        """The user whose password it is; raises Refused or Throttled."""
        try:
            key = folded(read_name(name))
        except AccountError:
            key = ""
        with self._database.read() as connection:
            now = self._clock()
            row = users.find(connection, key) if key else None
            known = row is not None and sessions.known_from(connection, row.id, address, now)
            counters = throttle.counters(
                None if row is None else row.id,
                key or name[:CHARS_MAX],
                address,
                known=known,
                tries=self._tries,
            )
            throttle.check(connection, counters, now)
        fits = len(password) <= CHARS_MAX
        encoded = row.password if row is not None and fits else self._nobody
        text = normalised(password) if fits else ""
        with self._slots.taken():
            with self._database.write() as connection:
                throttle.count(connection, counters, self._clock())
            right = self._hasher.verify(encoded, text)
        if row is None or not right or row.disabled_at is not None:
            # The name that was typed is not noted where it is nobody's: it may be a password.
            why = "unknown name" if row is None else "wrong password" if not right else "disabled"
            with self._database.write() as connection:
                audit.note(
                    connection,
                    self._clock(),
                    Action.SIGN_IN_FAILED,
                    actor="" if row is None else row.name,
                    address=address,
                    detail=why,
                )
            raise Refused(_WRONG, hint="Check both and try again")
        with self._database.write() as connection:
            throttle.forgive(connection, *counters)
        return row

    def change_password(self, current: str, new: str, *, by: Principal, address: str = "") -> None:
        """Give ``by``, a user, a new password, and end their other sessions.

        Raises Refused where ``current`` is not theirs, Throttled as ``sign_in`` does, and
        WeakPassword.
        """
        if by.token is not None or by.session is None:
            raise Refused("a token has no password")
        text = check_password(new, by.name)
        row = self._proven(by.name, current, address)
        with self._slots.taken():
            encoded = self._hasher.hash(text)
        with self._changing(by, Action.PASSWORD_CHANGED, by.name, own=by.name) as (connection, now):
            if row.name != by.name:
                raise Refused(_WRONG)
            users.change(connection, row.id, password=encoded)
            sessions.end_all(connection, row.id, now, but=by.session)
            audit.note(
                connection,
                now,
                Action.PASSWORD_CHANGED,
                actor=by.actor,
                target=row.name,
                address=address,
            )

    def _begin(
        self, connection: Connection, row: Row[Any], address: str, agent: str, how: str
    ) -> SignedIn:
        now = self._clock()
        users.change(connection, row.id, last_sign_in_at=micros(now))
        signed_in = sessions.begin(connection, row, now, address=address, agent=agent)
        audit.note(
            connection,
            now,
            Action.SIGN_IN,
            actor=row.name,
            address=address,
            detail=f"by {how}, session {signed_in.principal.session}",
        )
        return signed_in

    # Sessions

    def principal(self, secret: str, *, touch: bool = True) -> Principal | None:
        """Who the session of that secret is, None where it does not live (any more).

        Cheap: read once a commit. ``touch=False`` leaves it as idle as it was, for looks that
        are not the user's doing.
        """
        digest = keys.digest(secret)
        found = None if digest is None else self._sessions.get(digest)
        now = self._clock()
        if found is None or not self._lifetime.live(found.created_at, found.last_seen_at, now):
            return None
        number = found.principal.session
        if touch and number is not None and now - found.last_seen_at >= _TOUCHED_EVERY:
            # Kept out for a locked file or a full disk nobody is: the next request tries again.
            with suppress(StoreError), self._database.hasty() as connection:
                sessions.touch(connection, number, now)
        return found.principal

    def live_sessions(self, numbers: Iterable[int]) -> set[int]:
        """Which of the numbers are live sessions': what hangs on the others is to be closed."""
        with self._database.read() as connection:
            return sessions.live_numbers(connection, self._lifetime, self._clock(), numbers)

    def sign_out(self, secret: str) -> None:
        """End the session of that secret; nothing happens where there is none."""
        digest = keys.digest(secret)
        if digest is None:
            return
        with self._database.write() as connection:
            found = sessions.find(connection, digest)
            if found is None or found.principal.session is None:
                return
            now = self._clock()
            sessions.end(connection, found.principal.session, now)
            audit.note(
                connection,
                now,
                Action.SIGN_OUT,
                actor=found.principal.name,
                detail=f"session {found.principal.session}",
            )

    def sign_out_everywhere(self, name: str, *, by: Principal | str) -> int:
        """End every session of a user, how many that were. For the user and for admins.

        Raises AccountError, Forbidden.
        """
        with self._changing(by, Action.SESSION_ENDED, name, own=name) as (connection, now):
            row = users.needed(connection, name)
            ended = sessions.end_all(connection, row.id, now)
            audit.note(
                connection,
                now,
                Action.SESSION_ENDED,
                actor=audit.actor_of(by),
                target=row.name,
                detail=f"all {ended} sessions",
            )
            return ended

    def sessions(self, name: str | None = None) -> list[Session]:
        """Live sessions, of one user or all, the last seen first. Raises AccountError."""
        with self._database.read() as connection:
            user_id = None if name is None else users.needed(connection, name).id
            return sessions.listed(connection, self._lifetime, self._clock(), user_id)

    def end_session(self, number: int, *, by: Principal | str) -> None:
        """End one session, for its user and for admins. Raises AccountError, Forbidden."""
        with self._database.read() as connection:
            name = sessions.named(connection, number)
        target = name or f"session {number}"
        with self._changing(by, Action.SESSION_ENDED, target, own=name) as (connection, now):
            if name is None:
                raise AccountError("there is no such session")
            sessions.end(connection, number, now)
            audit.note(
                connection,
                now,
                Action.SESSION_ENDED,
                actor=audit.actor_of(by),
                target=name,
                detail=f"session {number}",
            )

    # API tokens

    def bearer(self, token: str) -> Principal | None:
        """Whose API token it is, None where it is none or was revoked."""
        digest = keys.token_digest(token)
        found = None if digest is None else self._tokens.get(digest)
        if found is None:
            return None
        now = self._clock()
        if found.last_used_at is None or now - found.last_used_at >= _TOUCHED_EVERY:
            with suppress(StoreError), self._database.hasty() as connection:
                tokens.touch(connection, found.id, now)
        return found.principal

    # One-time links

    def first_link(self) -> str | None:
        """The secret of a link that makes the first admin, in place of any earlier one.

        None where there is a user. It lasts 24 hours.
        """
        with self._database.write() as connection:
            if users.any_user(connection):
                return None
            return links.make(
                connection,
                None,
                Role.ADMIN,
                actor="",
                actor_id=None,
                now=self._clock(),
                lasts=links.FIRST_LINK_LASTS,
            )

    def invitation(self, secret: str) -> Invitation | None:
        """What the link is for, None where it is no good (any more)."""
        digest = keys.digest(secret)
        if digest is None:
            return None
        with self._database.read() as connection:
            row = links.find(connection, digest, self._clock())
        return None if row is None else links.read(row)

    def redeem(
        self, secret: str, name: str, password: str, *, address: str, agent: str = ""
    ) -> SignedIn:
        """Make the user a link is for, and sign in. It works once.

        ``name`` counts for the first admin alone; an invited user has the name of the invitation.
        Raises Refused where the link is no good, WeakPassword, AccountError, and Throttled. After
        any of the latter three the link is still good.
        """
        found = self.invitation(secret)
        digest = keys.digest(secret)
        if found is None or digest is None:
            raise Refused(_NO_LINK, hint=_ASK_AGAIN)
        chosen = read_name(name) if found.name is None else found.name
        text = check_password(password, chosen)
        with self._slots.taken():
            encoded = self._hasher.hash(text)
        with self._database.write() as connection:
            now = self._clock()
            link = links.find(connection, digest, now)
            if link is None:
                raise Refused(_NO_LINK, hint=_ASK_AGAIN)
            users.add(connection, chosen, encoded, Role(link.role), now)
            links.use(connection, link)
            audit.note(
                connection,
                now,
                Action.USER_ADDED,
                actor=link.created_by or chosen,
                target=chosen,
                address=address,
                detail=f"{link.role}, by link",
            )
            row = users.needed(connection, chosen)
            return self._begin(connection, row, address, agent, "link")
