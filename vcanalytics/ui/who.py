"""The signed-in principal of this viewer, and what they may do.

Who it is was settled when the browser connected. Whether that still holds, and with which role, is
asked of the accounts each time: a role that was taken away counts from the next click on.
"""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import unquote

import streamlit as st

from vcanalytics.accounts import AccountError, Principal, Role
from vcanalytics.cached import people
from vcanalytics.errors import ConsoleError

#: What the audit log calls a refusal.
REFUSED: Final = "refused"
_NOTED: Final = "refusals_noted"
#: The same refusal in the same tab is noted once in so long: a page rerun again and again, and a
#: button held down, would fill the log.
_NOTE_EVERY_S: Final = 60.0


class NotAllowed(ConsoleError):
    """The viewer's role does not allow what they asked for, or they are signed out."""


def _claimed(key: str) -> str:
    """What the server in front said of this viewer when the browser connected."""
    value = st.user.to_dict().get(key)
    return value if isinstance(value, str) else ""


def address() -> str:
    """Where this viewer connects from; Streamlit says nothing of this machine itself."""
    told = st.context.ip_address
    return told if isinstance(told, str) else "127.0.0.1"


def principal() -> Principal | None:
    """Who looks at this page, with the role they have now; None where they are signed out."""
    number = _claimed("session")
    if not (number.isascii() and number.isdigit()):
        return None
    try:
        live = people.accounts().sessions(unquote(_claimed("name")))
    except AccountError:
        return None
    own = next((session for session in live if session.number == int(number)), None)
    if own is None:
        return None
    return Principal(own.name, own.role, own.number, None)


def may(role: Role) -> bool:
    """Whether to offer what needs ``role``; ``require`` is what holds the door."""
    me = principal()
    return me is not None and me.role.allows(role)


def require(role: Role, action: str, *, target: str = "") -> Principal:
    """The signed-in principal, where their role allows ``action``: a verb and what it is done to.

    Raises NotAllowed otherwise, and notes it in the audit log.
    """
    me = principal()
    if me is not None and me.role.allows(role):
        return me
    has = f"is {me.role}" if me else "is signed out"
    actor = me.actor if me else ""
    _note(actor, target, f"{action}: needs {role}, {has}")
    if me is None:
        raise NotAllowed("you are signed out", hint="Sign in again")
    raise NotAllowed(
        f"only {'an' if role is not Role.VIEWER else 'a'} {role} may {action}",
        hint=f"You are signed in as {me.name}, {me.role}. Ask one",
    )


def _note(actor: str, target: str, detail: str) -> None:
    noted: dict[tuple[str, ...], float] = st.session_state.get(_NOTED, {})
    what, now = (actor, target, detail), time.monotonic()
    if now - noted.get(what, float("-inf")) < _NOTE_EVERY_S:
        return
    st.session_state[_NOTED] = noted | {what: now}
    people.accounts().note(REFUSED, actor=actor, target=target, address=address(), detail=detail)
