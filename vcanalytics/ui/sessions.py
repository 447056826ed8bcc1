"""Where everybody is signed in: browser and address, and how to end it."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics.accounts import Principal
from vcanalytics.cached import people
from vcanalytics.display import formats
from vcanalytics.display.ranges import Range
from vcanalytics.ui import agents, doing, panels, tables, toolbar, users, who

_PLACE: Final = "sessions"
_PICKED: Final = "session_picked"
_ROWS: Final = 8


def draw(view: Range) -> None:
    """Live sessions, of the user that is open or of all; one that is picked can be ended."""
    with panels.contained(_PLACE):
        found, of = people.sessions(), st.query_params.get("user")
        if of is not None:
            found = found.filter(pl.col("name") == of)
        note = formats.count(found.height) + (f" of {formats.literal(of)}" if of else "")
        panels.head("Sessions", note=note)
        doing.tell(_PLACE)
        if not found.height:
            panels.empty("Nobody is signed in here.", "A session appears as soon as somebody is.")
            return
        _table(found, view)
        picked = found.filter(pl.col("number") == (st.session_state.get(_PICKED) or 0))
        if picked.height:
            _actions(picked.row(0, named=True))
        else:
            st.caption("Select a session to end it.")


def _own() -> int | None:
    me = who.principal()
    return me.session if me else None


def _table(found: pl.DataFrame, view: Range) -> None:
    own = [" (this one)" if number == _own() else "" for number in found["number"]]
    spoken = [agents.browser(agent) for agent in found["agent"]]
    frame = found.select(
        "name",
        pl.Series("browser", [a + b for a, b in zip(spoken, own, strict=True)], dtype=pl.String),
        "address",
        tables.moments(found["last_seen_at"], view.zone, view.now).alias("seen"),
        tables.moments(found["created_at"], view.zone, view.now).alias("since"),
    )
    column, phone = st.column_config, toolbar.phone()
    tables.picked_from(
        frame.select("name", "browser", "seen") if phone else frame,
        found["number"].to_list(),
        st.session_state.get(_PICKED),
        key="sessions_table",
        pick=_pick,
        rows_max=_ROWS,
        columns={
            "name": column.TextColumn("User", width=70 if phone else 120),
            "browser": column.TextColumn("Browser", width=140 if phone else 200),
            "address": column.TextColumn("Address", width=120),
            "seen": column.TextColumn("Last seen", width=80 if phone else 110),
            "since": column.TextColumn("Since", width=110),
        },
        alt="Live sessions; select one to end it",
    )


def _pick(number: int | None) -> None:
    st.session_state[_PICKED] = number


def _actions(row: dict[str, Any]) -> None:
    number, name = row["number"], row["name"]
    if number == _own():
        st.caption("This is the session you are in. Sign out under your name at the top.")
        return
    with st.container(horizontal=True, gap="xsmall"):
        if st.button("End session", icon=":material/logout:", key="session_end"):
            where = f"{agents.browser(row['agent'])}, {row['address'] or 'address not known'}"
            doing.ask(
                f"End a session of {formats.literal(name)}?",
                f"{formats.literal(where)}. What is open there closes at once.",
                "End session",
                lambda: _end(number, name),
                icon=":material/logout:",
            )
        me = who.principal()
        if (me is None or me.name != name) and st.button(
            f"End all of {formats.literal(name)}", key="session_end_all"
        ):
            users.ask_sign_out(name, _PLACE)


def _end(number: int, name: str) -> None:
    def change(me: Principal) -> str:
        people.accounts().end_session(number, by=me)
        return f"A session of {name} ended."

    doing.act(_PLACE, "end a session", change, target=name)
