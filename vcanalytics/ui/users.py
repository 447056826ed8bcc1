"""What Users shows of users: the list, the one that is open, and inviting somebody."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.accounts import Principal, Role
from vcanalytics.cached import people
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Range
from vcanalytics.ui import doing, panels, tables, toolbar, who
from vcanalytics.ui.doing import Secret

_ROWS: Final = 9
_INVITE: Final = "invite"
ROLES: Final = tuple(role.value for role in Role)


def role_label(role: str) -> str:
    """A role in a word."""
    return words.ROLES[role].label


def role_cells(roles: pl.Series) -> pl.Series:
    """Roles as chips."""
    return pl.Series(roles.name, [[role_label(role)] for role in roles], dtype=pl.List(pl.String))


def role_column() -> Any:
    """The column of such chips."""
    return tables.chips("Role", words.ROLES.values(), 90)


def seen(times: pl.Series, view: Range) -> pl.Series:
    """Times as text; "never" where there is none."""
    return tables.moments(times, view.zone, view.now).replace({"": "never"})


def listing(found: pl.DataFrame, view: Range) -> None:
    """Everybody who may sign in or could; a row opens the user."""
    counts = dict(found.group_by("state").len().iter_rows())
    parts = [f"{counts[state]} {state}" for state in words.USER_STATES if state in counts]
    panels.head("Users", note=", ".join(parts))
    frame = found.select(
        "name",
        role_cells(found["role"]).alias("role"),
        pl.Series(
            "state",
            [[words.USER_STATES[s].label] for s in found["state"]],
            dtype=pl.List(pl.String),
        ),
        seen(found["last_seen_at"], view).alias("seen"),
        "sessions",
    )
    column, phone = st.column_config, toolbar.phone()
    tables.picked_from(
        frame.select("name", "role", "state") if phone else frame,
        found["name"].to_list(),
        st.query_params.get("user"),
        key="users_table",
        pick=_open,
        rows_max=_ROWS,
        columns={
            "name": column.TextColumn("Name", width=100 if phone else 180),
            "role": role_column(),
            "state": tables.chips("State", words.USER_STATES.values(), 90),
            "seen": column.TextColumn("Last seen", width=120),
            "sessions": column.NumberColumn("Sessions", width=70),
        },
        alt="Users; select one to change it",
    )


def _open(name: str | None) -> None:
    if name is None:
        _close()
    else:
        st.query_params["user"] = name


def _close() -> None:
    st.query_params.pop("user", None)


def beside(found: pl.DataFrame, view: Range) -> None:
    """The user the URL opens, else a form to invite one."""
    opened = st.query_params.get("user")
    if opened is None:
        _invite()
        return
    rows = found.filter(pl.col("name") == opened)
    if not rows.height:
        panels.empty("This user is not known.", f"{formats.code(opened)} is in no list here.")
        st.button("Close", icon=":material/close:", on_click=_close)
        return
    _user(rows.row(0, named=True), view)


def _user(row: dict[str, Any], view: Range) -> None:
    name, me = row["name"], who.principal()
    role, state = words.ROLES[row["role"]], words.USER_STATES[row["state"]]
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.header(formats.literal(name), anchor=False, width="content")
        chips = [panels.chip(word.label, word.colour, word.icon) for word in (role, state)]
        st.markdown(" ".join(chips), width="content")
        st.space("stretch")
        st.button("Close", key="user_close", type="tertiary", on_click=_close)
    when = formats.moment(row["created_at"], view.zone, view.now)
    st.caption(f"{'Invited' if row['state'] == 'invited' else 'Added'} {formats.literal(when)}.")
    doing.tell(_place(name))
    if row["state"] == "invited":
        _invited(row)
    elif me is not None and name == me.name:
        st.markdown(
            "This is you. Another admin can change your role or disable you. Your password and "
            "signing out are under your name at the top."
        )
    else:
        _role(row)
        _password(name)
        _doors(row)


def _place(name: str) -> str:
    return f"user:{name}"


def _role(user: dict[str, Any]) -> None:
    name, now = user["name"], user["role"]
    key = f"role_{now}_{name}"
    row = st.form(f"role_form_{name}", border=False)
    with row, st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        st.selectbox("Role", ROLES, ROLES.index(now), format_func=role_label, key=key)
        st.form_submit_button("Change role", on_click=_set_role, args=(name, key))


def _set_role(name: str, key: str) -> None:
    role = Role(st.session_state[key])

    def change(me: Principal) -> str:
        people.accounts().set_role(name, role, by=me)
        return f"{name} is {role} now, in every session."

    doing.act(_place(name), "change a role", change, target=name)


def _password(name: str) -> None:
    with st.form(f"password_form_{name}", border=False, clear_on_submit=True):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            key = f"password_{name}"
            st.text_input("New password", type="password", key=key, autocomplete="new-password")
            st.form_submit_button("Set password", on_click=_set_password, args=(name, key))
        st.caption("At least 12 characters. Every session of theirs ends.")


def _set_password(name: str, key: str) -> None:
    password = doing.typed(key)

    def change(me: Principal) -> str:
        people.accounts().set_password(name, password, by=me)
        return f"{name} has a new password, and is signed out everywhere."

    doing.act(_place(name), "set a password", change, target=name)


def _doors(row: dict[str, Any]) -> None:
    name, shown = row["name"], formats.literal(row["name"])
    with st.container(horizontal=True, gap="xsmall"):
        if row["state"] == "disabled":
            st.button("Enable", icon=":material/lock_open:", on_click=_enable, args=(name,))
            return
        if st.button("Disable", icon=":material/block:", key="user_disable"):
            doing.ask(
                f"Disable {shown}?",
                "They are signed out everywhere at once and cannot sign in until they are enabled "
                "again. Invitations they made are withdrawn.",
                "Disable",
                lambda: _disable(name),
                icon=":material/block:",
            )
        if row["sessions"] and st.button(
            "Sign out everywhere", icon=":material/logout:", key="user_sign_out"
        ):
            ask_sign_out(name, _place(name))


def ask_sign_out(name: str, place: str) -> None:
    """Ask whether every session of a user is to end."""
    doing.ask(
        f"Sign {formats.literal(name)} out everywhere?",
        "Every session of theirs ends at once. They can sign in again.",
        "Sign out everywhere",
        lambda: _sign_out(name, place),
        icon=":material/logout:",
    )


def _disable(name: str) -> None:
    def change(me: Principal) -> str:
        people.accounts().disable(name, by=me)
        return f"{name} is disabled and signed out everywhere."

    doing.act(_place(name), "disable a user", change, target=name)


def _enable(name: str) -> None:
    def change(me: Principal) -> str:
        people.accounts().enable(name, by=me)
        return f"{name} can sign in again."

    doing.act(_place(name), "enable a user", change, target=name)


def _sign_out(name: str, place: str) -> None:
    def change(me: Principal) -> str:
        ended = people.accounts().sign_out_everywhere(name, by=me)
        return f"{formats.count(ended)} {'session' if ended == 1 else 'sessions'} of {name} ended."

    doing.act(place, "end sessions", change, target=name)


def _invite() -> None:
    panels.head("Invite", note="by a link that works once")
    doing.tell(_INVITE)
    with st.form("invite_form", border=False):
        st.text_input("Name", key="invite_name", max_chars=64, autocomplete="off")
        st.selectbox("Role", ROLES, format_func=role_label, key="invite_role")
        st.caption(" ".join(words.ROLE_NOTES.values()))
        st.form_submit_button("Make a link", icon=":material/link:", on_click=_make_link)


def _make_link() -> None:
    state = st.session_state
    name = state.get("invite_name") or ""
    if doing.act(_INVITE, "invite a user", _link(name, Role(state["invite_role"]), _INVITE)):
        state["invite_name"] = ""


def _link(name: str, role: Role, place: str) -> Any:
    def change(me: Principal) -> Secret:
        secret = people.accounts().invite(name, role, by=me)
        hours = formats.count(cached.settings().invitation_hours)
        return Secret(
            place,
            f"A link for {name.strip()}",
            "Send it to them alone. It is shown this once, works once, and for "
            f"{hours}{formats.NBSP}h.",
            f"{_origin()}/welcome/{secret}",
        )

    return change


def _origin() -> str:
    """The console's address as users see it."""
    told = cached.settings().public_url
    return told or "/".join((st.context.url or "").split("/")[:3])


def _invited(row: dict[str, Any]) -> None:
    name, role = row["name"], Role(row["role"])
    st.markdown("They have not come yet. A new link ends the old one.")
    with st.container(horizontal=True, gap="xsmall"):
        st.button("New link", icon=":material/link:", on_click=_renew, args=(name, role))
        if st.button("Withdraw", icon=":material/link_off:", key="user_withdraw"):
            doing.ask(
                f"Withdraw the invitation of {formats.literal(name)}?",
                "Their link stops working at once.",
                "Withdraw",
                lambda: _withdraw(name),
                icon=":material/link_off:",
            )


def _renew(name: str, role: Role) -> None:
    doing.act(_place(name), "invite a user", _link(name, role, _place(name)), target=name)


def _withdraw(name: str) -> None:
    def change(me: Principal) -> str:
        people.accounts().withdraw(name, by=me)
        return f"The invitation of {name} is withdrawn."

    if doing.act(_INVITE, "withdraw an invitation", change, target=name):
        _close()
