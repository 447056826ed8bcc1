"""The account menu: who is signed in, signing out, and one's own password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import streamlit as st

from vcanalytics.accounts import AccountError, Principal, Role
from vcanalytics.cached import people
from vcanalytics.display import formats, words
from vcanalytics.ui import agents, doing, panels, who

_PLACE: Final = "account"
_MENU: Final = "account_menu"
_NAME_CHARS_MAX: Final = 16
_FIELDS: Final = ("own_password", "own_new_password", "own_new_password_again")
#: A form, so that it works by itself: it ends the session, and with it every page of this browser.
_SIGN_OUT: Final = st.components.v2.component(
    "vectorcraft_sign_out",
    html='<form method="post" action="/logout"><button type="submit">Sign out</button></form>\n',
    css="""
form { margin: 0; }
button { width: 100%; min-height: 37px; padding: 0 12px; font: inherit;
  font-family: var(--st-font); font-size: 0.875rem; color: var(--st-text-color); cursor: pointer;
  background: var(--st-background-color); border: 1px solid var(--st-border-color);
  border-radius: var(--st-button-radius); }
button:hover { color: var(--st-primary-color); border-color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid currentColor; outline-offset: 1px; }
""",
)


#: What else stands in the menu: label, key, and what opens it.
Entry: TypeAlias = tuple[str, str, Callable[[], None]]


def menu(*more: Entry) -> None:
    """A button with the viewer's name, and what they can do with their account under it.

    ``more`` stands above that: where the toolbar has no room, it does.
    """
    me = who.principal()
    if me is None:
        return
    name = me.name if len(me.name) <= _NAME_CHARS_MAX else f"{me.name[: _NAME_CHARS_MAX - 1]}…"
    opened = st.popover(
        formats.literal(name), icon=":material/account_circle:", key=_MENU, on_change="rerun"
    )
    with opened:
        role = words.ROLES[me.role]
        st.markdown(
            f"**{formats.literal(me.name)}** {panels.chip(role.label, role.colour, role.icon)}"
        )
        st.caption(words.ROLE_NOTES[me.role])
        if not agents.phone():
            st.caption("Press ? for the keys.")
        left = [_entry(*one) for one in more]
        _SIGN_OUT(key="sign_out")
        left += [
            _entry(*one)
            for one in (
                ("Change password", "own_password_open", _ask_password),
                ("Sign out everywhere", "everywhere_open", _ask_everywhere),
            )
        ]
    if any(left):
        # The frame opens the dialog; this fragment alone would not.
        st.rerun()


def _entry(label: str, key: str, dialog: Callable[[], None]) -> bool:
    return st.button(label, key=key, width="stretch", on_click=_leave_for, args=(dialog,))


def _leave_for(dialog: Callable[[], None]) -> None:
    st.session_state[_MENU] = False
    dialog()


def _ask_password() -> None:
    doing.open_dialog("Change your password", _password, icon=":material/key:")


def _ask_everywhere() -> None:
    doing.ask(
        "Sign out everywhere?",
        "Every session of yours ends at once, in this browser too.",
        "Sign out everywhere",
        lambda: doing.act(_PLACE, "sign out everywhere", _everywhere, role=Role.VIEWER),
        icon=":material/logout:",
    )


def _everywhere(me: Principal) -> str:
    people.accounts().sign_out_everywhere(me.name, by=me)
    return "You are signed out everywhere."


def _password() -> None:
    doing.tell(_PLACE)
    # What was typed is sent once and then gone, here and in the browser.
    with st.form("own_password_form", clear_on_submit=True, border=False):
        labels = ("Current password", "New password", "New password again")
        for key, label, known in zip(_FIELDS, labels, ("current", "new", "new"), strict=True):
            st.text_input(label, type="password", key=key, autocomplete=f"{known}-password")
        st.caption("At least 12 characters, of any kind. Your other sessions end.")
        st.form_submit_button("Change password", on_click=_change_password)


def _change_password() -> None:
    current, new, again = (doing.typed(key) for key in _FIELDS)

    def change(me: Principal) -> str:
        if new != again:
            raise AccountError("the new password was typed in two ways", hint="Type it again")
        people.accounts().change_password(current, new, by=me, address=who.address())
        return "Your password is changed. Your other sessions have ended."

    doing.act(_PLACE, "change their own password", change, role=Role.VIEWER)
