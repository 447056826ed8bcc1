"""API tokens: what programs sign in with."""

from __future__ import annotations

from typing import Final

import streamlit as st

from vcanalytics.accounts import Principal, Role
from vcanalytics.cached import people
from vcanalytics.display import formats
from vcanalytics.display.ranges import Range
from vcanalytics.ui import doing, panels, tables, toolbar, users
from vcanalytics.ui.doing import Secret

_PLACE: Final = "tokens"
_PICKED: Final = "token_picked"
_ROWS: Final = 6


def draw(view: Range) -> None:
    """Tokens in use, one of which can be revoked, and a form to make one."""
    with panels.contained(_PLACE):
        found = people.tokens()
        panels.head("API tokens", note=formats.count(found.height) if found.height else "none")
        doing.tell(_PLACE)
        if found.height:
            _table(view)
            picked = st.session_state.get(_PICKED)
            if picked is not None and picked in found["name"]:
                _revoking(picked)
        _form()


def _table(view: Range) -> None:
    found = people.tokens()
    frame = found.select(
        "name",
        users.role_cells(found["role"]).alias("role"),
        users.seen(found["last_used_at"], view).alias("used"),
        tables.moments(found["created_at"], view.zone, view.now).alias("made"),
        "created_by",
    )
    column = st.column_config
    tables.picked_from(
        frame.select("name", "role", "used") if toolbar.phone() else frame,
        found["name"].to_list(),
        st.session_state.get(_PICKED),
        key="tokens_table",
        pick=_pick,
        rows_max=_ROWS,
        columns={
            "name": column.TextColumn("Name", width=110),
            "role": users.role_column(),
            "used": column.TextColumn("Last used", width=100),
            "made": column.TextColumn("Made", width=100),
            "created_by": column.TextColumn("By", width=90),
        },
        alt="API tokens; select one to revoke it",
    )


def _pick(name: str | None) -> None:
    st.session_state[_PICKED] = name


def _revoking(name: str) -> None:
    shown = formats.literal(name)
    if st.button(f"Revoke {shown}", icon=":material/key_off:", key="token_revoke"):
        doing.ask(
            f"Revoke {shown}?",
            "Programs that use it are refused at once. This cannot be taken back.",
            "Revoke",
            lambda: _revoke(name),
            icon=":material/key_off:",
        )


def _revoke(name: str) -> None:
    def change(me: Principal) -> str:
        people.accounts().revoke_token(name, by=me)
        return f"{name} is revoked."

    doing.act(_PLACE, "revoke an API token", change, target=name)


def _form() -> None:
    row = st.form("token_form", border=False)
    with row, st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        st.text_input("Name", key="token_name", max_chars=64, autocomplete="off", width=170)
        st.selectbox("Role", users.ROLES, format_func=users.role_label, key="token_role", width=130)
        st.form_submit_button("Create token", icon=":material/key:", on_click=_create)


def _create() -> None:
    state = st.session_state
    name, role = state.get("token_name") or "", Role(state["token_role"])

    def change(me: Principal) -> Secret:
        secret = people.accounts().create_token(name, role, by=me)
        return Secret(
            _PLACE,
            f"The token {name.strip()}",
            "Keep it where only its program reads it. It is shown this once.",
            secret,
        )

    if doing.act(_PLACE, "create an API token", change, target=name):
        state["token_name"] = ""
