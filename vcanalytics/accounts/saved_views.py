"""Saved views: a page and what its address said, by name; shared or not; where a user lands.

Everybody saves their own. A shared one is seen by all, and changed by its owner and admins. It
stays when its owner is disabled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Connection, Row, Select, delete, func, insert, or_, select, update

from vcanalytics.accounts import audit, users
from vcanalytics.accounts.audit import Action
from vcanalytics.accounts.base import Base
from vcanalytics.accounts.errors import AccountError
from vcanalytics.accounts.names import folded
from vcanalytics.accounts.records import Principal, SavedView
from vcanalytics.accounts.schema import saved_view, start_view, user
from vcanalytics.instants import instant, micros
from vcanalytics.model.pages import PAGES
from vcanalytics.model.texts import read_line

NAME_CHARS_MAX: Final = 60
#: Views of one user, and shared ones of others that are listed at once.
VIEWS_MAX: Final = 100
SHARED_MAX: Final = 200
PARAMS_MAX: Final = 40
QUERY_CHARS_MAX: Final = 4_000
_NO_VIEW: Final = "there is no such view"
_NO_VIEW_HINT: Final = "Its owner may have deleted it"

Params = Sequence[tuple[str, str]]


def _read_view(page: str, params: Params) -> tuple[str, str]:
    """Page and query as they are kept. Raises AccountError where they are none of a page's."""
    if page not in PAGES:
        raise AccountError("there is no such page", hint="Save a view from the page itself")
    if len(params) > PARAMS_MAX:
        raise AccountError(f"a view has at most {PARAMS_MAX} parameters")
    try:
        query = urlencode(list(params))
    except UnicodeEncodeError:
        raise AccountError("the address holds what is no text") from None
    if len(query) > QUERY_CHARS_MAX:
        raise AccountError("the address is too long to be saved", hint="Leave out some filters")
    return page, query


def _read_view_name(name: str) -> str:
    return read_line(name, NAME_CHARS_MAX, what="the name of a view", where="name")


class SavedViews(Base):
    """Views of the users. ``by`` is who asks, signed in."""

    def saved_views(self, by: Principal) -> list[SavedView]:
        """Their own views by name, then those that others share: at most 200 of these."""
        with self._database.read() as connection:
            row = users.needed(connection, by.name)
            mine = saved_view.c.user_id == row.id
            own = connection.execute(_views(row.id).where(mine)).all()
            shared = _views(row.id).where(~mine, saved_view.c.shared).limit(SHARED_MAX)
            return [_view(one) for one in (*own, *connection.execute(shared))]

    def saved_view(self, number: int, by: Principal) -> SavedView | None:
        """The view of that number, as far as they may see it."""
        with self._database.read() as connection:
            row = users.needed(connection, by.name)
            return _seen(connection, number, row.id)

    def save_view(
        self, name: str, page: str, params: Params, *, shared: bool = False, by: Principal
    ) -> SavedView:
        """Save a view of theirs.

        Raises UsageError for the name, AccountError where they have one of that name or too many,
        or where it is no page of the console's.
        """
        name = _read_view_name(name)
        page, query = _read_view(page, params)
        with self._changing(by, Action.VIEW_SAVED, name, own=by.name) as (connection, now):
            owner = users.needed(connection, by.name)
            count = select(func.count()).where(saved_view.c.user_id == owner.id)
            if connection.execute(count).scalar_one() >= VIEWS_MAX:
                raise AccountError(
                    f"you have {VIEWS_MAX} views, and no more are kept", hint="Delete some"
                )
            _free_name(connection, owner.id, name, None)
            values = {
                "user_id": owner.id,
                "name": name,
                "folded": folded(name),
                "page": page,
                "query": query,
                "shared": shared,
                "saved_at": micros(now),
            }
            added = insert(saved_view).values(values).returning(saved_view.c.id)
            number = connection.execute(added).scalar_one()
            self._view_noted(connection, now, Action.VIEW_SAVED, by, name, page)
            return _needed_view(connection, number, owner.id)

    def change_view(
        self,
        number: int,
        *,
        by: Principal,
        name: str | None = None,
        shows: tuple[str, Params] | None = None,
        shared: bool | None = None,
    ) -> SavedView:
        """Rename a view, have it show another page or address, share it or not any more.

        Raises as ``save_view``, AccountError where there is none, Forbidden where it is another's.
        """
        values: dict[str, Any] = {} if shared is None else {"shared": shared}
        if name is not None:
            name = _read_view_name(name)
            values |= {"name": name, "folded": folded(name)}
        if shows is not None:
            values["page"], values["query"] = _read_view(*shows)
        before = self._theirs(number, by)
        with self._changing(by, Action.VIEW_CHANGED, before.name, own=before.owner) as (
            connection,
            now,
        ):
            if name is not None:
                _free_name(connection, users.needed(connection, before.owner).id, name, number)
            values["saved_at"] = micros(now)
            mine = saved_view.c.id == number
            connection.execute(update(saved_view).where(mine).values(values))
            detail = ", ".join(
                said
                for said, told in (
                    (f"now {name}", name is not None),
                    (f"shows {values.get('page')}", shows is not None),
                    ("shared" if shared else "not shared", shared is not None),
                )
                if told
            )
            self._view_noted(connection, now, Action.VIEW_CHANGED, by, before.name, detail)
            # An admin sees no more of it where it is not shared any more.
            asking = users.needed(connection, by.name).id
            row = connection.execute(_views(asking).where(mine)).one_or_none()
            if row is None:
                raise AccountError(_NO_VIEW, hint=_NO_VIEW_HINT)
            return _view(row)

    def delete_view(self, number: int, *, by: Principal) -> SavedView:
        """Delete a view; what it was. Raises AccountError where there is none, Forbidden."""
        before = self._theirs(number, by)
        with self._changing(by, Action.VIEW_DELETED, before.name, own=before.owner) as (
            connection,
            now,
        ):
            connection.execute(delete(saved_view).where(saved_view.c.id == number))
            self._view_noted(connection, now, Action.VIEW_DELETED, by, before.name)
            return before

    def choose_start(self, number: int | None, *, by: Principal) -> None:
        """Have them land on a view from now on; None: on the Overview, as everybody at first.

        Raises AccountError where they see no such view.
        """
        what = "the Overview" if number is None else f"view {number}"
        with self._changing(by, Action.START_CHOSEN, what, own=by.name) as (connection, now):
            row = users.needed(connection, by.name)
            connection.execute(delete(start_view).where(start_view.c.user_id == row.id))
            if number is not None:
                what = _needed_view(connection, number, row.id).name
                connection.execute(insert(start_view).values(user_id=row.id, view_id=number))
            self._view_noted(connection, now, Action.START_CHOSEN, by, what)

    def start_of(self, by: Principal) -> tuple[bool, SavedView | None]:
        """Whether they chose a start, and which: None where it is gone or not shared any more."""
        with self._database.read() as connection:
            row = users.needed(connection, by.name)
            chosen = select(start_view.c.view_id).where(start_view.c.user_id == row.id)
            number = connection.execute(chosen).scalar()
            return number is not None, None if number is None else _seen(connection, number, row.id)

    def forget(self, hide: Callable[[str], str]) -> int:
        """Take customers out of what is kept, by ``hide``; how many texts changed.

        A view may have been saved while somebody was searched for. Raises StoreError.
        """
        texts = saved_view.c.query, saved_view.c.name, saved_view.c.folded
        return self._database.rewrite(texts, hide)

    def _theirs(self, number: int, by: Principal) -> SavedView:
        """The view they want to change, if they see it. ``_changing`` asks whether they may."""
        found = self.saved_view(number, by)
        if found is None:
            raise AccountError(_NO_VIEW, hint=_NO_VIEW_HINT)
        return found

    def _view_noted(
        self,
        connection: Connection,
        now: datetime,
        action: Action,
        by: Principal,
        target: str,
        detail: str = "",
    ) -> None:
        # No query: what was searched for may be somebody's address, and the log is never changed.
        audit.note(connection, now, action, actor=by.actor, target=target, detail=detail)


def _views(user_id: int) -> Select[Any]:
    """Every view, with its owner's name, and whether it is this user's start; by name."""
    theirs = start_view.c.user_id == user_id
    return (
        select(saved_view, user.c.name.label("owner"), start_view.c.view_id.label("start"))
        .join(user, user.c.id == saved_view.c.user_id)
        .outerjoin(start_view, (start_view.c.view_id == saved_view.c.id) & theirs)
        .order_by(saved_view.c.folded, saved_view.c.id)
    )


def _seen(connection: Connection, number: int, user_id: int) -> SavedView | None:
    # What is no number of SQLite's is none of a view's.
    if not 0 < number < 2**63:
        return None
    visible = or_(saved_view.c.user_id == user_id, saved_view.c.shared)
    query = _views(user_id).where(saved_view.c.id == number, visible)
    row = connection.execute(query).one_or_none()
    return None if row is None else _view(row)


def _needed_view(connection: Connection, number: int, user_id: int) -> SavedView:
    found = _seen(connection, number, user_id)
    if found is None:
        raise AccountError(_NO_VIEW, hint=_NO_VIEW_HINT)
    return found


def _free_name(connection: Connection, user_id: int, name: str, but: int | None) -> None:
    """Raise AccountError where the user has another view of that name."""
    same = select(saved_view.c.id).where(
        saved_view.c.user_id == user_id, saved_view.c.folded == folded(name)
    )
    if connection.execute(same).scalar() not in {None, but}:
        raise AccountError(
            "there is a view of that name already", hint="Choose another name, or replace that one"
        )


def _view(row: Row[Any]) -> SavedView:
    return SavedView(
        number=row.id,
        name=row.name,
        owner=row.owner,
        page=row.page,
        params=tuple(parse_qsl(row.query, keep_blank_values=True)),
        shared=row.shared,
        saved_at=instant(row.saved_at),
        start=row.start is not None,
    )
