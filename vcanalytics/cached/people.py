"""The accounts as pages and exports show them: users, sessions, tokens, and what was noted.

Nothing here is cached: a session that ended a moment ago must not look alive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics.accounts import Accounts, open_accounts
from vcanalytics.cached.console import settings

_INSTANT: Final = pl.Datetime("us", "UTC")
_USERS: Final = {
    "name": pl.String(),
    "role": pl.String(),
    "state": pl.String(),
    "created_at": _INSTANT,
    "last_seen_at": _INSTANT,
    "sessions": pl.Int64(),
}
_SESSIONS: Final = {
    "number": pl.Int64(),
    "name": pl.String(),
    "role": pl.String(),
    "address": pl.String(),
    "agent": pl.String(),
    "created_at": _INSTANT,
    "last_seen_at": _INSTANT,
    "expires_at": _INSTANT,
}
_TOKENS: Final = {
    "name": pl.String(),
    "role": pl.String(),
    "created_at": _INSTANT,
    "created_by": pl.String(),
    "last_used_at": _INSTANT,
}
_AUDIT: Final = {
    "number": pl.Int64(),
    "at": _INSTANT,
    "action": pl.String(),
    "actor": pl.String(),
    "target": pl.String(),
    "address": pl.String(),
    "detail": pl.String(),
}
#: Read at once, and at most, for a file.
_PIECE_ROWS: Final = 50_000
_FILE_ROWS: Final = 1_000_000


@st.cache_resource(show_spinner=False)
def accounts() -> Accounts:
    """The one door to the accounts of this process's pages."""
    return open_accounts(settings())


def _frame(
    rows: Sequence[Any], schema: Mapping[str, pl.DataType], **more: Sequence[Any]
) -> pl.DataFrame:
    columns = {
        name: more[name] if name in more else [getattr(row, name) for row in rows]
        for name in schema
    }
    return pl.DataFrame(columns, schema=dict(schema))


def users() -> pl.DataFrame:
    """Users, and those invited who have not come yet, by name.

    Columns: name, role, state (active, disabled or invited), created_at, last_seen_at (of a live
    session, else the last sign-in; null where there was none), sessions (live ones).
    """
    store = accounts()
    found, invited = store.users(), store.invitations()
    seen: dict[str, datetime] = {}
    for session in store.sessions():
        seen[session.name] = max(session.last_seen_at, seen.get(session.name, session.last_seen_at))
    rows = [
        (
            user.name,
            user.role.value,
            "disabled" if user.disabled else "active",
            user.created_at,
            seen.get(user.name, user.last_sign_in_at),
            user.sessions,
        )
        for user in found
    ] + [(i.name, i.role.value, "invited", i.created_at, None, 0) for i in invited]
    return pl.DataFrame(rows, schema=dict(_USERS), orient="row")


def sessions(name: str | None = None) -> pl.DataFrame:
    """Live sessions, of one user or all, the last seen first.

    Columns: number, name, role, address, agent (what the browser says it is), created_at,
    last_seen_at, expires_at.
    """
    return _frame(accounts().sessions(name), _SESSIONS)


def tokens() -> pl.DataFrame:
    """API tokens in use, by name: name, role, created_at, created_by, last_used_at."""
    return _frame(accounts().tokens(), _TOKENS)


def audit(
    start: datetime,
    end: datetime,
    *,
    actor: str | None = None,
    action: str | None = None,
    limit: int,
    offset: int = 0,
) -> pl.DataFrame:
    """What was noted in ``[start, end)``, newest first.

    Columns: number, at, action, actor (empty where nobody is known), target, address, detail.
    """
    found = accounts().audit(
        limit=limit, offset=offset, start=start, end=end, actor=actor, action=action
    )
    return _frame(found, _AUDIT)


def whole_audit(
    start: datetime, end: datetime, *, actor: str | None, action: str | None
) -> pl.DataFrame:
    """``audit`` without pages, for a file: at most the newest million entries."""
    pieces: list[pl.DataFrame] = []
    for offset in range(0, _FILE_ROWS, _PIECE_ROWS):
        piece = audit(start, end, actor=actor, action=action, limit=_PIECE_ROWS, offset=offset)
        pieces.append(piece)
        if piece.height < _PIECE_ROWS:
            break
    return pl.concat(pieces)


def noted_until(end: datetime, now: datetime) -> datetime:
    """Where the log ends that is shown as of ``now``: a link carries that to the second."""
    return min(end, now.replace(microsecond=0) + timedelta(seconds=1))
