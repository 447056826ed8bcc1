"""What Reconcile arranges: money at risk, findings as pills, the work list, one case."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.analytics import search
from vcanalytics.model.windows import Grain, window_start
from vcanalytics.ui import exports, formats, panels, payment, tables, toolbar, words
from vcanalytics.ui.panels import Link
from vcanalytics.ui.ranges import Range

_ROWS: Final = 16
_STREAMS: Final = ("transactions", "disputes")


def found(view: Range) -> pl.DataFrame:
    """The findings among payments created in the range."""
    return cached.findings(view.start, view.end, now=view.now).frame


def chosen(frame: pl.DataFrame) -> words.Finding:
    """The finding of the URL, else the most urgent one that has any row."""
    asked = words.FINDING.get(st.query_params.get("finding", ""))
    if asked is not None:
        return asked
    names = set(frame["finding"])
    return next((f for f in words.FINDINGS if f.name in names), words.FINDINGS[0])


def _sums(frame: pl.DataFrame) -> list[str]:
    """What the rows are worth, a figure a currency, the console's own first: never added."""
    sums: dict[str, Decimal] = {}
    once = frame.unique("transaction_id", maintain_order=True)
    for amount, code in once.select("amount", "currency").iter_rows():
        if amount is not None:
            sums[code] = sums.get(code, Decimal(0)) + amount
    own = cached.settings().currency
    order = sorted(sums, key=lambda code: (code != own, code))
    return [formats.money(sums[code], code) for code in order] or [formats.money(Decimal(0), own)]


def _sum(frame: pl.DataFrame) -> str:
    """The same in one line."""
    return " and ".join(_sums(frame))


def metrics(frame: pl.DataFrame, view: Range) -> None:
    """What is at risk now, over the findings that are a person's work."""
    work = frame.filter(pl.col("finding").is_in(words.OPEN_WORK))
    stuck = frame.filter(pl.col("finding") == "stuck")
    midnight = window_start(view.now, Grain.DAY, view.zone)
    new = work.filter(pl.col("since") >= midnight)
    with st.grid(4, min_column_width=150, gap="xsmall"):
        people = work["transaction_id"].n_unique()
        first, *others = _sums(work)
        besides = f"and {' and '.join(others)}" if others else "not served"
        _metric("Money at risk", first, formats.counted(people, "payment", "payments"), besides)
        if work.height:
            oldest = work.sort("since").row(0, named=True)
            waiting = formats.age((view.now - oldest["since"]).total_seconds())
            since = formats.day(oldest["since"], view.zone)
            _metric("Oldest open case", waiting, f"since {since}", _amount(oldest))
        else:
            _metric("Oldest open case", formats.ABSENT, None, "nobody waits")
        _metric(
            "New today", formats.count(new.height), _sum(new) if new.height else None, "at risk"
        )
        _metric("Stuck now", formats.count(stuck.height), _sum(stuck) if stuck.height else None, "")


def _metric(label: str, value: str, chip: str | None, description: str) -> None:
    with st.container(border=True, height="stretch"):
        st.metric(
            label,
            value.replace("$", "\\$"),
            chip,
            delta_color="gray",
            delta_arrow="off",
            delta_description=description or None,
        )


def _amount(row: dict[str, Any]) -> str:
    return "" if row["amount"] is None else formats.money(row["amount"], row["currency"])


def _pick() -> None:
    picked = st.session_state.get("finding_pills")
    if picked:
        st.query_params["finding"] = picked
        st.query_params.pop("payment", None)
        st.query_params.pop("page", None)


def pills(frame: pl.DataFrame) -> words.Finding:
    """The findings with their counts; returns the one that is shown."""
    counts = dict(frame.group_by("finding").len().iter_rows())
    shown = chosen(frame)
    st.session_state["finding_pills"] = shown.name
    st.pills(
        "Finding",
        [finding.name for finding in words.FINDINGS],
        format_func=lambda name: (
            f"**{words.FINDING[name].label}** {formats.count(counts.get(name, 0))}"
        ),
        key="finding_pills",
        required=True,
        label_visibility="collapsed",
        on_change=_pick,
    )
    return shown


def _page() -> int | None:
    return search.page_number(st.query_params.get("page", ""))


def _holds(rows: pl.DataFrame, opened: str | None) -> int:
    """The page of the list on which the open case stands."""
    ids = rows["transaction_id"].to_list()
    return ids.index(opened) // _ROWS + 1 if opened in ids else 1


def listing(frame: pl.DataFrame, finding: words.Finding, view: Range) -> None:
    """The work list of one finding, and beside it the case that is open."""
    rows = frame.filter(pl.col("finding") == finding.name)
    opened = st.query_params.get("payment")
    if opened and toolbar.phone():
        st.button("All cases", icon=":material/chevron_left:", on_click=_close)
        with panels.box("case"), panels.contained("case"):
            case(rows, finding, opened, view)
        return
    wide, narrow = st.columns([1.55, 1], gap="xsmall")
    with wide, panels.box("work"), panels.contained("work", skeleton=480):
        _list(rows, finding, opened, view)
    with narrow, panels.box("case"), panels.contained("case"):
        if opened:
            case(rows, finding, opened, view)
        else:
            st.header("Why these are here", anchor=False)
            st.markdown(finding.why)
            st.caption("Select a row to see its case.")


def _close() -> None:
    st.query_params.pop("payment", None)


def _list(rows: pl.DataFrame, finding: words.Finding, opened: str | None, view: Range) -> None:
    note = f"{formats.count(rows.height)}, {_sum(rows)}, oldest first" if rows.height else "none"
    panels.head(finding.label, note=note.replace("$", "\\$"), key="work")
    if not rows.height:
        if view.preset == "all":
            panels.empty("Nothing of this kind.", "That is how it should be.")
        else:
            panels.empty(
                f"Nothing of this kind {formats.literal(view.spoken)}.",
                "Older ones are in other ranges.",
                link=Link("pages/reconcile.py", "Show all time", {"finding": finding.name}),
            )
        return
    rows = rows.sort("since", "transaction_id")
    pages = math.ceil(rows.height / _ROWS)
    page = min(_page() or _holds(rows, opened), pages)
    shown = rows.slice((page - 1) * _ROWS, _ROWS)
    ids = shown["transaction_id"].to_list()
    picked = [ids.index(opened)] if opened in ids else []
    st.session_state["work_table"] = {"selection": {"rows": picked, "columns": [], "cells": []}}
    st.dataframe(
        _shown(shown, view),
        key="work_table",
        hide_index=True,
        height=tables.height(_ROWS),
        row_height=tables.ROW_PX,
        column_config=_columns(),
        on_select=lambda: _open(ids),
        selection_mode="single-row",
        placeholder="",
        alt=f"{finding.label}; select one to see its case",
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if pages > 1:
            st.pagination(
                pages,
                default=page,
                key=f"work_page_{finding.name}",
                on_change=_turned,
                args=(finding.name,),
            )
        st.space("stretch")
        st.caption(f"{shown.height} of {formats.count(rows.height)} shown", width="content")
        csv = exports.link("findings", view, finding=finding.name)
        whole = exports.link("findings", view)
        st.markdown(f":small[[CSV]({csv})\u2003[All findings]({whole})]", width="content")


def _turned(name: str) -> None:
    st.query_params["page"] = str(st.session_state[f"work_page_{name}"])


def _open(ids: list[str]) -> None:
    rows = st.session_state["work_table"]["selection"]["rows"]
    if rows:
        st.query_params["payment"] = ids[rows[0]]
    else:
        _close()


def _shown(rows: pl.DataFrame, view: Range) -> pl.DataFrame:
    own = cached.settings().currency
    waiting = [formats.age((view.now - since).total_seconds()) for since in rows["since"]]
    payer = pl.col("payer_email").fill_null("")
    frame = rows.select(
        tables.amounts(rows["amount"], rows["currency"], own).alias("amount"),
        pl.Series("waiting", waiting, dtype=pl.String),
        pl.when(payer != "").then(payer).otherwise(pl.col("email")).alias("write_to"),
        tables.moments(rows["since"], view.zone, view.now).alias("since"),
        pl.col("detail"),
    )
    return frame.select("amount", "waiting", "write_to") if toolbar.phone() else frame


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "amount": column.TextColumn(cached.settings().currency, width=90, alignment="right"),
        "waiting": column.TextColumn("Waiting", width=100),
        "write_to": column.TextColumn("Write to (payer)", width=240),
        "since": column.TextColumn("Since", width=120),
        "detail": column.TextColumn("Detail", width=300),
    }


def case(rows: pl.DataFrame, finding: words.Finding, opened: str, view: Range) -> None:
    """One case: why it is here, with its evidence."""
    if payment.draw(opened, view, page_link=True, why=_why(rows, finding, opened)):
        payment.actions(opened, view)


def _why(rows: pl.DataFrame, finding: words.Finding, opened: str) -> tuple[str, str]:
    own = rows.filter(pl.col("transaction_id") == opened)
    detail = "; ".join(text for text in own["detail"] if text)
    return (finding.why, detail) if own.height else ("This payment is not in this list now.", "")
