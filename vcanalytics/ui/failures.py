"""What Health arranges of what failed: breakers, errors by message, rows that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.accounts import Principal, Role
from vcanalytics.breakers import BreakerState
from vcanalytics.cached import people, watch
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.errors import StoreError
from vcanalytics.ui import doing, exports, live, panels, plant, tables, toolbar, who

_BREAKERS: Final = "breakers"
_ASIDE: Final = "aside"
#: What the audit log calls them.
RESET: Final = "breaker_reset"
RETRIED: Final = "rows_read_again"
#: The tables show so many; the CSVs have them all.
_ROWS: Final = 200
_SEEN: Final = 12
_COMPONENT_CHARS: Final = 200
_PROCESSES: Final = {
    "vectorcraft": "VectorCraft",
    "console": "Console",
    "collectors": "Collectors",
    "watchman": "Watchman",
}


def breakers(defaults: Defaults) -> None:
    """Each breaker that ever failed: its state, the next try, the last error; admins reset it."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Breakers",
        key="breakers",
        note="what keeps failing is left alone for a while",
        csv=exports.link("breakers", view, streams=()),
        skeleton=120,
    ):
        live.listen(("system",), key="breakers", every_s=live.CALMLY_S)
        doing.tell(_BREAKERS)
        try:
            found = watch.breakers()
        except StoreError as error:
            badge = panels.chip("Not read", "orange", "history")
            st.markdown(f"{badge} :small[{panels.sentence(error)}]")
            return
        if not found:
            panels.empty(
                "No breaker has ever opened.",
                "The source, each probe and each channel of notifications have one.",
                icon="check_circle",
            )
            return
        _breaker_table(found, view)
        tripped = [one for one in found if one.state.value != "closed"]
        if tripped and who.may(Role.ADMIN):
            with st.container(horizontal=True, gap="xsmall"):
                for one in tripped:
                    st.button(
                        f"Reset {formats.literal(one.name)}",
                        key=f"breaker_{one.name}",
                        icon=":material/restart_alt:",
                        on_click=_reset,
                        args=(one.name,),
                    )


def _breaker_table(found: Sequence[BreakerState], view: Range) -> None:
    def when(moments: list[object]) -> pl.Series:
        series = pl.Series("at", moments, dtype=pl.Datetime("us", "UTC"))
        return tables.moments(series, view.zone, view.now)

    states = [words.BREAKERS[one.state.value] for one in found]
    frame = pl.DataFrame(
        {
            "name": [one.name for one in found],
            "state": [[state.label] for state in states],
            "failures": [one.failures for one in found],
            "opened": when([one.opened_at for one in found]),
            "next": when([one.next_try_at for one in found]),
            "error": [one.last_error or "" for one in found],
            "error_at": when([one.last_error_at for one in found]),
        },
        schema_overrides={"state": pl.List(pl.String)},
    )
    column, phone = st.column_config, toolbar.phone()
    st.dataframe(
        frame.select("name", "state", "next", "error") if phone else frame,
        key="breakers_table",
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(min(frame.height, _SEEN)),
        column_config={
            "name": column.TextColumn("Breaker", width=120),
            "state": tables.chips("State", list(words.BREAKERS.values()), 90),
            "failures": column.NumberColumn("In a row", width=64),
            "opened": column.TextColumn("Open since", width=90),
            "next": column.TextColumn("Next try", width=90),
            "error": column.TextColumn("Last error", width=260),
            "error_at": column.TextColumn("At", width=90),
        },
        alt="Breakers, their state, their next try and their last error",
    )


def _reset(name: str) -> None:
    def change(me: Principal) -> str:
        done = watch.reset_breaker(name, by=me.name)
        people.accounts().note(RESET, actor=me.actor, target=name, address=who.address())
        return f"{name} is closed and tried at once." if done else f"{name} is gone meanwhile."

    doing.act(_BREAKERS, "reset a breaker", change, target=name)


def errors(defaults: Defaults) -> None:
    """What went wrong in the range by message, numbers and ids folded, the newest first."""
    view = toolbar.view(defaults)
    with panels.panel(
        "Errors",
        key="errors",
        note=f"by message, {view.spoken}: VectorCraft's log, and the console's own",
        streams=("logs",),
        csv=exports.link("errors", view, streams=("logs",), component=_component()),
        skeleton=240,
        every_s=live.CALMLY_S,
    ):
        only = _only()
        found = watch.errors(view.start, view.end, now=view.now, component=only)
        if not found.height:
            panels.empty(
                f"Nothing went wrong {formats.literal(view.spoken)}.",
                "Other components are left out."
                if only
                else "Neither in VectorCraft's log nor in the console's own.",
                icon="check_circle",
            )
            return
        shown = found.head(_ROWS)
        frame = pl.DataFrame(
            {
                "level": [[words.level(name).label] for name in shown["level"]],
                "source": [_PROCESSES.get(name, name) for name in shown["source"]],
                "count": shown["count"],
                "last": tables.moments(shown["last_at"], view.zone, view.now),
                "first": tables.moments(shown["first_at"], view.zone, view.now),
                "component": shown["component"],
                "message": shown["message"],
                "example": shown["example"],
            },
            schema_overrides={"level": pl.List(pl.String)},
        )
        _error_table(frame)
        if found.height > shown.height:
            st.caption(f"{formats.count(found.height - shown.height)} more stand in the CSV.")


def _component() -> str | None:
    """The one component that errors are shown of, by the URL."""
    return st.query_params.get("component", "")[:_COMPONENT_CHARS] or None


def _only() -> str | None:
    """The same, said with the way back to all."""
    alone = _component()
    if alone:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.markdown(f"Only of **{formats.literal(alone)}**", width="content")
            st.button("All", icon=":material/close:", key="all_components", on_click=_all)
    return alone


def _all() -> None:
    st.query_params.pop("component", None)


def _error_table(frame: pl.DataFrame) -> None:
    column, phone = st.column_config, toolbar.phone()
    st.dataframe(
        frame.select("level", "count", "last", "message") if phone else frame,
        key="errors_table",
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(min(frame.height, _SEEN)),
        column_config={
            "level": tables.chips("Level", list(words.LEVELS.values()), 84),
            "source": column.TextColumn("Where", width=90),
            "count": column.NumberColumn("Times", format="%,d", width=60),
            "last": column.TextColumn("Last", width=96),
            "first": column.TextColumn("First", width=96),
            "component": column.TextColumn("Component", width=150),
            "message": column.TextColumn("Message", width=360),
            "example": column.TextColumn("The newest, whole", width=360),
        },
        alt="Errors by message: how often, first and last seen",
    )


def aside(defaults: Defaults) -> None:
    """Source rows that cannot be read, with the reason; operators have them read once more."""
    view = toolbar.view(defaults)
    kept = sum(state.rejected for state in cached.streams().values())
    rows = formats.counted(kept, "row", "rows")
    with panels.panel(
        "Kept aside",
        key="aside",
        note=f"{rows} of the source that cannot be read as they are" if kept else "",
        csv=exports.link("kept-aside", view, streams=()) if kept else None,
    ):
        live.listen(tuple(cached.streams()), key="aside", every_s=live.CALMLY_S)
        doing.tell(_ASIDE)
        if not kept:
            panels.empty(
                "Every row of the source could be read.",
                "One that cannot is kept here, whole, with the reason.",
                icon="check_circle",
            )
            return
        plant.aside_table(view, rows=_ROWS)
        if who.may(Role.OPERATOR):
            st.button(
                "Read them again",
                key="aside_retry",
                icon=":material/refresh:",
                on_click=_read_again,
            )
        st.caption(
            "Payments, cases, mails and users are read again whenever they change. Other rows are "
            "read once: after they were mended at the source, or the console was upgraded, have "
            "them read again."
        )


def _read_again() -> None:
    def change(me: Principal) -> str:
        asked = cached.retry_aside()
        people.accounts().note(RETRIED, actor=me.actor, address=who.address())
        if not asked:
            return "No collectors are at work: start them, and ask again."
        return "The collectors read them again within seconds; what cannot be read stays."

    doing.act(_ASIDE, "read rows again", change, role=Role.OPERATOR)
