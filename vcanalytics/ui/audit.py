"""The audit log on screen: who did what, from where; filtered and paged where it lies."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import polars as pl
import streamlit as st

from vcanalytics.cached import people
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Range
from vcanalytics.ui import exports, panels, tables, toolbar
from vcanalytics.ui.panels import Link

_ROWS: Final = 20
_ALL: Final = ""
#: How the URL says: nobody known. A user's name holds no blanks at its ends.
_NOBODY: Final = " "


def draw(view: Range) -> None:
    """What was noted in the range, newest first."""
    with panels.contained("audit"):
        actor, action = st.query_params.get("actor", _ALL), st.query_params.get("action", _ALL)
        asked_actor = None if actor == _ALL else actor.strip()
        asked_action = action or None
        end = people.noted_until(view.end, view.now)
        total = people.accounts().audit_count(
            start=view.start, end=end, actor=asked_actor, action=asked_action
        )
        panels.head("Audit log", note=f"{formats.count(total)} {view.spoken}, newest first")
        _filters(actor, action)
        if not total:
            _nothing(view, filtered=bool(actor or action))
            return
        pages = math.ceil(total / _ROWS)
        page = min(_page(), pages)
        _table(
            people.audit(
                view.start,
                end,
                actor=asked_actor,
                action=asked_action,
                limit=_ROWS,
                offset=(page - 1) * _ROWS,
            ),
            view,
        )
        csv = exports.link("audit", view, streams=(), actor=actor, action=action)
        tables.below("audit_page", page, pages, rows=_ROWS, total=total, csv=csv)


def _page() -> int:
    text = st.query_params.get("page", "")
    return int(text[:9]) if text.isascii() and text.isdigit() and int(text[:9]) > 0 else 1


def _filters(actor: str, action: str) -> None:
    store = people.accounts()
    actors = [name or _NOBODY for name in store.audit_actors()]
    with st.container(horizontal=True, gap="xsmall"):
        _choice("Who", "actor", actors, actor, lambda name: name.strip() or "Nobody known")
        _choice("What", "action", store.audit_actions(), action, words.noted)


def _choice(
    label: str, param: str, known: list[str], chosen: str, spoken: Callable[[str], str]
) -> None:
    options = [_ALL, *known] if chosen in {_ALL, *known} else [_ALL, chosen, *known]
    key = f"audit_{param}"
    st.session_state[key] = chosen
    st.selectbox(
        label,
        options,
        format_func=lambda value: "All" if value == _ALL else spoken(value),
        key=key,
        on_change=_write,
        args=(param, key),
        width=220,
    )


def _write(param: str, key: str) -> None:
    picked = st.session_state.get(key) or _ALL
    st.query_params.pop("page", None)
    if picked == _ALL:
        st.query_params.pop(param, None)
    else:
        st.query_params[param] = picked


def _nothing(view: Range, *, filtered: bool) -> None:
    title = "Nothing of this kind was noted" if filtered else "Nothing was noted"
    panels.empty(
        f"{title} {formats.literal(view.spoken)}.",
        "Older entries are in other ranges: the log is never cut.",
        link=Link("pages/users.py", "Show the whole log", {"range": "all"}),
        icon="history",
    )


def _table(found: pl.DataFrame, view: Range) -> None:
    frame = found.select(
        tables.moments(found["at"], view.zone, view.now).alias("at"),
        pl.when(pl.col("actor") == "").then(pl.lit(formats.ABSENT)).otherwise("actor").alias("who"),
        pl.Series("what", [words.noted(a) for a in found["action"]], dtype=pl.String),
        pl.col("target"),
        pl.col("detail"),
        pl.col("address"),
    )
    column, phone = st.column_config, toolbar.phone()
    st.dataframe(
        frame.select("at", "who", "what", "target") if phone else frame,
        key="audit_table",
        hide_index=True,
        height=tables.height(min(found.height, _ROWS)),
        row_height=tables.ROW_PX,
        column_config={
            "at": column.TextColumn("Time", width=70 if phone else 110),
            "who": column.TextColumn("Who", width=80 if phone else 130),
            "what": column.TextColumn("What", width=110 if phone else 150),
            "target": column.TextColumn("To whom or what", width=170),
            "detail": column.TextColumn("Detail", width=320),
            "address": column.TextColumn("From", width=130),
        },
        placeholder="",
        alt="Audit log, newest first",
    )
