"""The audit log: who did what to whom, from where. It is only ever added to.

The database itself refuses to change or delete an entry. Entries are cut and hold what does not
print written out, so that nobody can forge a second one within the first.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, func, insert, select

from vcanalytics.accounts.records import Entry, Principal
from vcanalytics.accounts.schema import audit
from vcanalytics.instants import instant, micros

SHORT_CHARS_MAX: Final = 200
DETAIL_CHARS_MAX: Final = 1_000
LIMIT_MAX: Final = 100_000


class Action(StrEnum):
    """What the accounts note themselves. Others (exports, refusals) have names of their own."""

    SIGN_IN = "sign_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_OUT = "sign_out"
    SESSION_ENDED = "session_ended"
    USER_ADDED = "user_added"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    ROLE_CHANGED = "role_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - a name
    LINK_MADE = "link_made"
    LINK_WITHDRAWN = "link_withdrawn"
    TOKEN_CREATED = "token_created"  # noqa: S105 - a name
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a name
    VIEW_SAVED = "view_saved"
    VIEW_CHANGED = "view_changed"
    VIEW_DELETED = "view_deleted"
    START_CHOSEN = "start_chosen"


def actor_of(by: Principal | str) -> str:
    """How the log names who did it."""
    return by.actor if isinstance(by, Principal) else by


def written_out(text: str, chars_max: int) -> str:
    """``text`` in one line of at most so many characters, with what does not print as an escape."""
    # Cut first: what is made of megabytes is thrown away in any case.
    cut = text if len(text) <= chars_max else f"{text[: chars_max - 1]}…"
    if cut.isprintable():
        return cut
    shown = "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii")
        for sign in cut
    )
    return shown if len(shown) <= chars_max else f"{shown[: chars_max - 1]}…"


def note(
    connection: Connection,
    now: datetime,
    action: str,
    *,
    actor: str,
    target: str = "",
    address: str = "",
    detail: str = "",
) -> None:
    """Add an entry, in the caller's transaction."""
    connection.execute(
        insert(audit).values(
            noted_at=micros(now),
            action=written_out(action, SHORT_CHARS_MAX),
            actor=written_out(actor, SHORT_CHARS_MAX),
            target=written_out(target, SHORT_CHARS_MAX),
            address=written_out(address, SHORT_CHARS_MAX),
            detail=written_out(detail, DETAIL_CHARS_MAX),
        )
    )


def _wanted(
    query: Select[Any],
    start: datetime | None,
    end: datetime | None,
    actor: str | None,
    action: str | None,
) -> Select[Any]:
    conditions: list[ColumnElement[bool]] = []
    if start is not None:
        conditions.append(audit.c.noted_at >= micros(start))
    if end is not None:
        conditions.append(audit.c.noted_at < micros(end))
    if actor is not None:
        conditions.append(audit.c.actor == actor)
    if action is not None:
        conditions.append(audit.c.action == action)
    return query.where(*conditions)


def entries(
    connection: Connection,
    *,
    limit: int,
    offset: int,
    start: datetime | None,
    end: datetime | None,
    actor: str | None,
    action: str | None,
) -> list[Entry]:
    """The newest ``limit`` entries in ``[start, end)`` after the first ``offset``, newest first."""
    query = _wanted(select(audit), start, end, actor, action)
    query = query.order_by(audit.c.id.desc()).limit(min(limit, LIMIT_MAX)).offset(offset)
    return [
        Entry(
            number=row.id,
            at=instant(row.noted_at),
            action=row.action,
            actor=row.actor,
            target=row.target,
            address=row.address,
            detail=row.detail,
        )
        for row in connection.execute(query)
    ]


def count(
    connection: Connection,
    *,
    start: datetime | None,
    end: datetime | None,
    actor: str | None,
    action: str | None,
) -> int:
    """How many entries there are in ``[start, end)``."""
    query = _wanted(select(func.count()).select_from(audit), start, end, actor, action)
    counted: int = connection.execute(query).scalar_one()
    return counted


def actors(connection: Connection) -> list[str]:
    """Everybody the log names, in order."""
    return list(
        connection.execute(select(audit.c.actor).distinct().order_by(audit.c.actor)).scalars()
    )


def actions(connection: Connection) -> list[str]:
    """Every action the log names, in order."""
    query = select(audit.c.action).distinct().order_by(audit.c.action)
    return list(connection.execute(query).scalars())
