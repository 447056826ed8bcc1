"""What Alerts shows of silences and maintenance windows: those that stand, ending and beginning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import streamlit as st

from vcanalytics.accounts import Principal, Role
from vcanalytics.cached import alerts
from vcanalytics.cached.alerts import Silence, SilenceKind
from vcanalytics.display import formats
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.ui import doing, live, panels, toolbar, who
from vcanalytics.ui.alerts import DURATIONS

_PLACE: Final = "silences"
_ROWS: Final = 10


def draw(defaults: Defaults) -> None:
    """Silences that hold or are yet to come, and the way to a maintenance window."""
    view = toolbar.view(defaults)
    with panels.contained("silences", skeleton=90):
        found = alerts.standing(view.now)
        note = f"{formats.count(len(found))}, the first to end first" if found else "nothing"
        with st.container(gap=None):
            live.listen((live.ALERTS,), key="silences")
            panels.head("Silenced", note=note)
        doing.tell(_PLACE)
        may = who.may(Role.OPERATOR) and alerts.watched()
        for one in found[:_ROWS]:
            _row(one, view, may=may)
        if len(found) > _ROWS:
            st.caption(f"And {formats.count(len(found) - _ROWS)} more that end later.")
        if not found:
            st.caption("Every alert is told. Rules are silenced from one of their alerts.")
        if may:
            _maintenance()


def _row(one: Silence, view: Range, *, may: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(_words(one, view), width="content")
        st.space("stretch")
        if may:
            what = "maintenance" if one.kind is SilenceKind.MAINTENANCE else one.rule
            st.button(
                "End",
                key=f"silence_end_{one.number}",
                help=f"End the silence of {what} now",
                on_click=_end,
                args=(one.number, what),
            )


def _words(one: Silence, view: Range) -> str:
    if one.kind is SilenceKind.MAINTENANCE:
        what = ":material/construction: **Maintenance**, every rule"
    else:
        what = f":material/notifications_off: **{formats.literal(one.rule)}**"
        what += f", {formats.literal(one.series)}" if one.series else ""
    ends = formats.moment(one.ends_at, view.zone, view.now)
    begins = formats.moment(one.starts_at, view.zone, view.now)
    span = f"until {ends}" if one.starts_at <= view.now else f"from {begins} until {ends}"
    said = f": {one.note}" if one.note else ""
    return f"{what} :gray[{formats.literal(f'{span}, by {one.by}{said}')}]"


def _end(number: int, what: str) -> None:
    def change(me: Principal) -> str:
        alerts.end_silence(number, by=me.actor)
        doing.note(me, "silence_ended", what, f"silence {number}")
        return "It is over: whoever is to be told is told again."

    doing.act(_PLACE, "end a silence", change, role=Role.OPERATOR, target=what)
    live.rerun_page()


def _maintenance() -> None:
    with (
        st.popover("Maintenance window", icon=":material/construction:", key="maintenance"),
        st.form("maintenance_form", border=False, clear_on_submit=True),
    ):
        st.caption("Everything is recorded, and nobody is told of anything.")
        st.number_input("Begins in, minutes", 0, 10_080, 0, step=15, key="maintenance_in")
        st.selectbox("For", list(DURATIONS), key="maintenance_for")
        st.text_input("Note", key="maintenance_note", max_chars=500)
        st.form_submit_button("Begin", on_click=_begin)


def _begin() -> None:
    state = st.session_state
    length = str(state.get("maintenance_for") or next(iter(DURATIONS)))
    wait = timedelta(minutes=int(state.get("maintenance_in") or 0))
    said = str(state.get("maintenance_note") or "").strip()

    def change(me: Principal) -> str:
        starts_at = datetime.now(UTC) + wait
        one = alerts.begin_maintenance(
            starts_at, starts_at + DURATIONS[length], by=me.actor, note=said
        )
        doing.note(me, "maintenance_begun", "*", f"silence {one.number}, {length}")
        return f"Maintenance for {length} is entered."

    doing.act(_PLACE, "begin a maintenance window", change, role=Role.OPERATOR)
    live.rerun_page()
