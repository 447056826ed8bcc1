"""Saved views: the dialog where a page is saved as it is looked at, and landing on one's start.

A view opens by a link to its page with what its address said: it is its URL.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Final

import streamlit as st

from vcanalytics.accounts import Principal, Role, SavedView
from vcanalytics.accounts.saved_views import NAME_CHARS_MAX
from vcanalytics.cached import people
from vcanalytics.display import formats
from vcanalytics.display.ranges import PRESETS, Range
from vcanalytics.errors import StoreError
from vcanalytics.ui import doing, panels, who

_PLACE: Final = "views"
ICON: Final = ":material/bookmarks:"
LABEL: Final = "Views"
#: The path of the page that is looked at, as the frame said it.
_HERE: Final = "views_here"
#: Where one was when the dialog was opened: whoever follows a link has left it.
_OPENED_AT: Final = "views_opened_at"
_LANDED: Final = "views_landed"
_LOST: Final = "views_start_lost"
#: The view that is being renamed, and the one whose deletion was asked for.
_RENAMED: Final = "views_renamed"
_LEAVING: Final = "views_leaving"
_NAME: Final = "view_name"
_SHARED: Final = "view_shared"
_NEW_NAME: Final = "view_new_name"


class _More(StrEnum):
    """What may be done with a view, in the words of its menu."""

    START = "Make it my start"
    NO_START = "No more my start"
    RENAME = "Rename"
    REPLACE = "Replace by what is shown"
    SHARE = "Share with everybody"
    UNSHARE = "Share no more"
    DELETE = "Delete"


Params = tuple[tuple[str, str], ...]


def _address() -> tuple[str, Params]:
    """The page that is looked at and what stands in its address."""
    query = st.query_params
    pairs = tuple((key, value) for key in query for value in query.get_all(key))
    return str(st.session_state.get(_HERE, "/")), pairs


def _file(page: str) -> str:
    return f"pages/{page.removeprefix('/') or 'overview'}.py"


def arrive(me: Principal, url_path: str) -> None:
    """Note which page is drawn, by its path; at the console's bare address go to one's start.

    That is done once a visit: afterwards the Overview is a page like any other.
    """
    st.session_state[_HERE] = f"/{url_path}"
    first = not st.session_state.get(_LANDED)
    st.session_state[_LANDED] = True
    if not first or url_path or len(st.query_params):
        return
    try:
        chosen, view = people.accounts().start_of(me)
    except StoreError:
        return
    if view is not None:
        st.switch_page(_file(view.page), query_params=view.params)
    st.session_state[_LOST] = chosen


def tell_lost() -> None:
    """Say on the Overview that the start is gone, until another is chosen."""
    if not st.session_state.get(_LOST) or st.session_state.get(_HERE) != "/":
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(
            ":orange[:material/bookmark_remove: The view you start with is gone, or not shared any"
            " more; this is the Overview.]",
            width="content",
        )
        st.button("Start here from now on", key="view_start_here", on_click=_choose, args=(None,))


def page_begins() -> None:
    """The whole page is being drawn: whoever followed a link of the dialog has left it."""
    opened_at = st.session_state.get(_OPENED_AT)
    if opened_at is not None and opened_at != _address():
        st.session_state[_OPENED_AT] = None
        doing.close_dialog(LABEL)


def button(view: Range) -> None:
    """The way to the saved views."""
    if st.button(
        LABEL, key="views_open", icon=ICON, type="tertiary", on_click=open_dialog, args=(view,)
    ):
        # The frame opens the dialog; this fragment alone would not.
        st.rerun()


def open_dialog(view: Range) -> None:
    """Open the saved views, with a form to save what is shown."""
    state = st.session_state
    state[_RENAMED] = state[_LEAVING] = None
    state[_NAME], state[_SHARED] = "", False
    page, params = _address()
    state[_OPENED_AT] = page, params
    # What the page shows by itself is said as well: elsewhere another range may be carried along.
    shows = page, tuple((view.params() | dict(params)).items())
    doing.open_dialog(LABEL, partial(_dialog, shows), icon=ICON)


def _dialog(shows: tuple[str, Params]) -> None:
    doing.tell(_PLACE)
    me = who.principal()
    if me is None:
        return
    try:
        found = people.accounts().saved_views(me)
    except StoreError as error:
        st.warning(panels.sentence(error), icon=":material/error:")
        return
    with st.form("view_form", border=False):
        st.text_input("Save this view as", key=_NAME, max_chars=NAME_CHARS_MAX)
        st.checkbox("Share with everybody", key=_SHARED)
        st.form_submit_button("Save", on_click=_save, args=(shows,))
    own = [view for view in found if view.owner == me.name]
    shared = [view for view in found if view.owner != me.name]
    for title, views in (("Yours", own), ("Shared", shared)):
        if views:
            st.markdown(f"**{title}** :gray[{formats.count(len(views))}]")
        for view in views:
            _row(view, shows, me)
    if not found:
        st.caption("Nothing is saved yet, and nobody shares a view.")


def _row(view: SavedView, shows: tuple[str, Params], me: Principal) -> None:
    mine = view.owner == me.name
    with st.container(
        horizontal=True, vertical_alignment="center", gap="xsmall", key=f"view_{view.number}"
    ):
        name = formats.literal(view.name)
        if _is(view, shows):
            st.markdown(f"**{name}**", width="content")
        else:
            st.page_link(
                _file(view.page), label=name, icon=":material/bookmark:", query_params=view.params
            )
        st.space("stretch")
        offered = _offered(view, changes=mine or me.role.allows(Role.ADMIN))
        key = f"view_menu_{view.number}"
        st.menu_button("More", offered, key=key, on_click=_picked, args=(view, shows, key))
    st.caption(_said(view, mine=mine, shown=_is(view, shows)))
    if st.session_state.get(_RENAMED) == view.number:
        with st.form(f"view_rename_{view.number}", border=False):
            st.text_input("New name", key=_NEW_NAME, max_chars=NAME_CHARS_MAX)
            st.form_submit_button("Rename", on_click=_rename, args=(view,))
    if st.session_state.get(_LEAVING) == view.number:
        with st.container(horizontal=True, gap="xsmall"):
            st.button("Delete it", key="view_yes", on_click=_delete, args=(view,))
            st.button("Keep", key="view_no", on_click=_leave, args=(None,))


def _is(view: SavedView, shows: tuple[str, Params]) -> bool:
    return view.page == shows[0] and dict(view.params) == dict(shows[1])


def _said(view: SavedView, *, mine: bool, shown: bool) -> str:
    """Its page and range in few words, whose it is, and what else is to be known."""
    params = dict(view.params)
    parts = ["Shown now: "] if shown else [""]
    parts[0] += view.page.removeprefix("/").capitalize() or "Overview"
    if params.get("range") in PRESETS:
        parts.append(PRESETS[params["range"]].lower())
    elif "from" in params:
        parts.append("a fixed range")
    if not mine:
        parts.append(f"by {view.owner}")
    elif view.shared:
        parts.append("shared")
    start = " :blue[:material/flag: your start]" if view.start else ""
    return formats.literal(", ".join(parts)) + start


def _offered(view: SavedView, *, changes: bool) -> list[_More]:
    start = _More.NO_START if view.start else _More.START
    if not changes:
        return [start]
    share = _More.UNSHARE if view.shared else _More.SHARE
    return [start, _More.RENAME, _More.REPLACE, share, _More.DELETE]


def _picked(view: SavedView, shows: tuple[str, Params], key: str) -> None:
    picked = st.session_state.get(key)
    state = st.session_state
    state[_RENAMED] = state[_LEAVING] = None
    match picked:
        case _More.RENAME:
            state[_RENAMED], state[_NEW_NAME] = view.number, view.name
        case _More.DELETE:
            _leave(view.number)
        case _More.START:
            _choose(view)
        case _More.NO_START:
            _choose(None)
        case _More.REPLACE:
            _change(view, lambda me: people.accounts().change_view(view.number, by=me, shows=shows))
        case _More.SHARE | _More.UNSHARE:
            shared = picked == _More.SHARE
            _change(
                view, lambda me: people.accounts().change_view(view.number, by=me, shared=shared)
            )


def _leave(number: int | None) -> None:
    st.session_state[_LEAVING] = number


def _save(shows: tuple[str, Params]) -> None:
    name = str(st.session_state.get(_NAME) or "")
    shared = bool(st.session_state.get(_SHARED))

    def change(me: Principal) -> str:
        view = people.accounts().save_view(name, *shows, shared=shared, by=me)
        return f"Saved: {view.name}"

    if doing.act(_PLACE, "save a view", change, role=Role.VIEWER):
        st.session_state[_NAME], st.session_state[_SHARED] = "", False


def _change(view: SavedView, change: Callable[[Principal], SavedView]) -> bool:
    def changed(me: Principal) -> str:
        return f"Changed: {change(me).name}"

    return doing.act(_PLACE, "change a view", changed, role=Role.VIEWER, target=view.name)


def _rename(view: SavedView) -> None:
    name = str(st.session_state.get(_NEW_NAME) or "")
    if _change(view, lambda me: people.accounts().change_view(view.number, by=me, name=name)):
        st.session_state[_RENAMED] = None


def _delete(view: SavedView) -> None:
    def change(me: Principal) -> str:
        return f"Deleted: {people.accounts().delete_view(view.number, by=me).name}"

    doing.act(_PLACE, "delete a view", change, role=Role.VIEWER, target=view.name)
    _leave(None)


def _choose(view: SavedView | None) -> None:
    def change(me: Principal) -> str:
        people.accounts().choose_start(None if view is None else view.number, by=me)
        if view is None:
            return "You start with the Overview."
        return f"You start with {view.name}, after signing in and at the console's address."

    if doing.act(_PLACE, "choose a start", change, role=Role.VIEWER):
        st.session_state[_LOST] = False
