"""What a viewer sets off: checked by role, asked about first, answered where it was done.

A dialog stays open until it is answered or closed: the page may be redrawn behind it meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import streamlit as st

from vcanalytics.accounts import Principal, Role
from vcanalytics.cached import people
from vcanalytics.display import formats
from vcanalytics.errors import ConsoleError
from vcanalytics.ui import panels, who

_TOLD: Final = "doing_told"
_SECRET: Final = "doing_secret"  # noqa: S105 - a key of the session's state
_DIALOG: Final = "doing_dialog"


@dataclass(frozen=True, slots=True)
class _Told:
    place: str
    words: str
    well: bool


@dataclass(frozen=True, slots=True)
class Secret:
    """What is shown once: a link or a token, where it was asked for."""

    place: str
    title: str
    note: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Dialog:
    title: str
    icon: str
    draw: Callable[[], None]


def act(
    place: str,
    action: str,
    change: Callable[[Principal], str | Secret],
    *,
    role: Role = Role.ADMIN,
    target: str = "",
) -> bool:
    """Do ``change`` if this viewer's role allows it, and keep what it says for ``tell``.

    To be called from a callback; returns whether it was done. A refusal is noted in the audit log.
    """
    st.session_state.pop(_SECRET, None)
    try:
        said = change(who.require(role, action, target=target))
    except ConsoleError as error:
        st.session_state[_TOLD] = _Told(place, panels.sentence(error), well=False)
        return False
    if isinstance(said, Secret):
        st.session_state[_SECRET] = said
        st.session_state.pop(_TOLD, None)
    else:
        st.session_state[_TOLD] = _Told(place, formats.literal(said), well=True)
    return True


def note(me: Principal, action: str, target: str, detail: str) -> None:
    """Have the audit log say who did what; for a ``change``, once it is done."""
    people.accounts().note(
        action, actor=me.actor, target=target, address=who.address(), detail=detail
    )


def tell(place: str) -> None:
    """Say how the last thing done at ``place`` ended, and show a secret made there."""
    told, secret = st.session_state.get(_TOLD), st.session_state.get(_SECRET)
    if told is not None and told.place == place:
        if told.well:
            st.success(told.words, icon=":material/check_circle:")
        else:
            st.warning(told.words, icon=":material/block:")
    if secret is not None and secret.place == place:
        with st.container(border=True, gap="xxsmall", key="secret"):
            st.markdown(f"**{formats.literal(secret.title)}**")
            st.caption(secret.note)
            st.code(secret.text, language=None, wrap_lines=True)
            st.button("I have copied it", key="secret_done", on_click=_forget_secret)


def _forget_secret() -> None:
    st.session_state.pop(_SECRET, None)


def typed(key: str) -> str:
    """What was typed into a field that nobody is to read again; the field is emptied."""
    text = st.session_state.get(key) or ""
    st.session_state[key] = ""
    return str(text)


def open_dialog(title: str, draw: Callable[[], None], *, icon: str) -> None:
    """Have the frame open a dialog at the end of this run."""
    st.session_state[_DIALOG] = _Dialog(title, icon, draw)


def close_dialog(title: str | None = None) -> None:
    """Close what is open, or only the dialog of that title; for callbacks."""
    dialog = st.session_state.get(_DIALOG)
    if dialog is not None and title in {None, dialog.title}:
        st.session_state.pop(_DIALOG, None)


def ask(title: str, words: str, verb: str, change: Callable[[], object], *, icon: str) -> None:
    """Ask before ``change`` is done; ``words`` is Markdown and says what follows from it."""

    def answered() -> None:
        close_dialog()
        change()

    def draw() -> None:
        st.markdown(words)
        with st.container(horizontal=True, gap="xsmall"):
            done = st.button(verb, key="dialog_yes", icon=icon, on_click=answered)
            left = st.button("Cancel", key="dialog_no", on_click=close_dialog)
        if done or left:
            st.rerun()

    open_dialog(title, draw, icon=icon)


def draw_dialog() -> None:
    """Draw the dialog that is open, if any. Called once by the frame, after the page."""
    dialog = st.session_state.get(_DIALOG)
    if dialog is None:
        return
    st.dialog(dialog.title, icon=dialog.icon, on_dismiss=close_dialog)(dialog.draw)()
