"""The desk's work list: its filters, its rows, and what is picked of them."""

from __future__ import annotations

import math
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.analytics import search
from vcanalytics.analytics.desk_list import KEYS, NOBODY, Order
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Range
from vcanalytics.ui import exports, panels, tables, toolbar
from vcanalytics.ui.panels import Link

ROWS: Final = 16
_PICKED: Final = "desk_picked"
_STATES: Final = {
    "todo": "To do",
    "open": "Open",
    "in_work": "In work",
    "done": "Done",
    "dismissed": "Dismissed",
    "any": "All",
}
_ORDERS: Final = {
    Order.URGENT: "Most urgent money first",
    Order.OLDEST: "Longest waiting first",
    Order.NEWEST: "Newest first",
    Order.LARGEST: "Largest first",
    Order.CUSTOMER: "By customer",
}
#: What one case is known by on the page.
Id = tuple[str, str]


def filters(rows: pl.DataFrame) -> None:
    """State, with whom, text, least amount, order: all in the URL."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        _choice("State", "state", list(_STATES), _STATES, "todo", 112)
        if toolbar.phone():
            return
        people = sorted({name for name in rows["assignee"] if name})
        names = {"": "Anybody", NOBODY: "Nobody"} | {name: name for name in people}
        _choice("With", "who", list(names), names, "", 116)
        _text("Search", "q", "id, address, detail", 158)
        _text(f"From {cached.settings().currency}", "least", "any", 76)
        orders = {order.value: label for order, label in _ORDERS.items()}
        _choice("Order", "order", list(orders), orders, Order.URGENT.value, 204)


def _choice(
    label: str, param: str, known: list[str], said: dict[str, str], default: str, width: int
) -> None:
    key = f"desk_{param}"
    value = st.query_params.get(param, "")
    st.session_state[key] = value if value in known else default
    st.selectbox(
        label,
        known,
        format_func=lambda name: said.get(name, name),
        key=key,
        on_change=_write,
        args=(param, key, default),
        width=width,
    )


def _text(label: str, param: str, placeholder: str, width: int) -> None:
    key = f"desk_{param}"
    st.session_state[key] = st.query_params.get(param, "")
    st.text_input(
        label,
        key=key,
        max_chars=200,
        placeholder=placeholder,
        on_change=_write,
        args=(param, key, ""),
        width=width,
    )


def _write(param: str, key: str, default: str) -> None:
    value = str(st.session_state.get(key) or "").strip()
    if value and value != default:
        st.query_params[param] = value
    else:
        st.query_params.pop(param, None)
    st.query_params.pop("page", None)
    st.session_state.pop(_PICKED, None)


def opened() -> Id | None:
    """The case that is open by the URL: its finding, where the link says it, and its payment."""
    payment = st.query_params.get("payment")
    if not payment:
        return None
    return st.query_params.get("case") or st.query_params.get("finding", ""), payment


def picked() -> list[Id]:
    """The cases that are picked: several, or the one that is open."""
    several: list[Id] = st.session_state.get(_PICKED, [])
    one = opened()
    return several if len(several) > 1 else [one] if one else []


def close() -> None:
    """Close what is open; for callbacks."""
    for name in ("payment", "case"):
        st.query_params.pop(name, None)
    st.session_state.pop(_PICKED, None)


def _pick(ids: list[Id]) -> None:
    places = st.session_state["work_table"]["selection"]["rows"]
    chosen = [ids[place] for place in places]
    close()
    if len(chosen) == 1:
        st.query_params["case"], st.query_params["payment"] = chosen[0]
    elif chosen:
        st.session_state[_PICKED] = chosen


def draw(rows: pl.DataFrame, finding: words.Finding, worth: str, view: Range) -> None:
    """The rows of one finding, or of all work, a page at a time; they are in order already."""
    note = f"{formats.count(rows.height)}, {worth}" if rows.height else "none"
    panels.head(finding.label, note=note.replace("$", "\\$"), key="work")
    if not rows.height:
        _nothing(finding, view)
        return
    ids = list(rows.select("finding", "transaction_id").iter_rows())
    mine = picked()
    pages = math.ceil(len(ids) / ROWS)
    asked = search.page_number(st.query_params.get("page", ""))
    holds = ids.index(mine[0]) // ROWS + 1 if len(mine) == 1 and mine[0] in ids else 1
    page = min(asked or holds, pages)
    shown = rows.slice((page - 1) * ROWS, ROWS)
    ids = ids[(page - 1) * ROWS : page * ROWS]
    places = [place for place, one in enumerate(ids) if one in mine]
    st.session_state["work_table"] = {"selection": {"rows": places, "columns": [], "cells": []}}
    st.dataframe(
        _cells(shown, finding, view),
        key="work_table",
        hide_index=True,
        height=tables.height(min(ROWS, shown.height)),
        row_height=tables.ROW_PX,
        column_config=_columns(),
        on_select=lambda: _pick(ids),
        selection_mode="multi-row",
        placeholder="",
        alt=f"{finding.label}; select one to see its case, several to work on all of them",
    )
    csv = exports.link(
        "cases",
        view,
        finding=st.query_params.get("finding"),
        whole="1" if view.preset == "all" else None,
        **{key: st.query_params.get(key) for key in KEYS},  # type: ignore[arg-type]
    )
    tables.below("work_page", page, pages, rows=ROWS, total=rows.height, csv=csv)


def _nothing(finding: words.Finding, view: Range) -> None:
    if any(st.query_params.get(key) for key in KEYS):
        panels.empty(
            "Nothing passes these filters.",
            "Other cases are there without them.",
            link=Link("pages/reconcile.py", "Show all to do", {"finding": finding.name}),
        )
    elif view.preset == "all":
        panels.empty("Nothing of this kind.", "That is how it should be.")
    else:
        panels.empty(
            f"Nothing of this kind {formats.literal(view.spoken)}.",
            "Older ones are in other ranges.",
            link=Link("pages/reconcile.py", "Show all time", {"finding": finding.name}),
        )


def _cells(rows: pl.DataFrame, finding: words.Finding, view: Range) -> pl.DataFrame:
    waiting = [formats.age((view.now - since).total_seconds()) for since in rows["waits_from"]]
    payer = pl.col("payer_email").fill_null("")
    labels = [[words.CASES[state].label] if state else [] for state in rows["state"]]
    kinds = [words.FINDING[name].label for name in rows["finding"]]
    frame = rows.select(
        pl.Series("state", labels, dtype=pl.List(pl.String)),
        tables.amounts(rows["amount"], rows["currency"], cached.settings().currency).alias(
            "amount"
        ),
        pl.Series("finding", kinds, dtype=pl.String),
        pl.Series("waiting", waiting, dtype=pl.String),
        pl.when(payer != "").then(payer).otherwise(pl.col("email")).alias("write_to"),
        pl.col("times"),
        tables.moments(rows["since"], view.zone, view.now).alias("since"),
        pl.col("assignee").fill_null(""),
        pl.col("detail"),
    )
    if toolbar.phone():
        return frame.select("state", "amount", "waiting", "write_to")
    drops = [] if finding.name == words.ALL_WORK.name else ["finding"]
    if not any(labels):
        drops += ["state", "times", "assignee"]
    return frame.drop(drops)


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "state": tables.chips("Case", words.CASES.values(), width=92),
        "amount": column.TextColumn(cached.settings().currency, width=84, alignment="right"),
        "finding": column.TextColumn("Finding", width=150),
        "waiting": column.TextColumn("Waiting", width=92),
        "write_to": column.TextColumn("Write to (payer)", width=210),
        "times": column.NumberColumn("Times", width=56),
        "since": column.TextColumn("Since", width=106),
        "assignee": column.TextColumn("With", width=80),
        "detail": column.TextColumn("Detail", width=260),
    }
