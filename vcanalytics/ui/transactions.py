"""What Transactions arranges: search, state pills, flow, the list and the open payment."""

from __future__ import annotations

import math
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.analytics import search as filters
from vcanalytics.analytics.search import Search
from vcanalytics.display import charts, formats, states, words
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.ui import chart, exports, live, panels, payment, tables, toolbar
from vcanalytics.ui.panels import Link

_ROWS: Final = 17
_STREAMS: Final = ("transactions",)


def search(view: Range) -> Search:
    """The search of this page's URL."""
    return filters.read(dict(st.query_params), view.start, view.end)


def _write(**changes: str) -> None:
    # Whatever narrows the list begins it anew.
    for key, value in ({"page": ""} | changes).items():
        if value:
            st.query_params[key] = value
        else:
            st.query_params.pop(key, None)
    live.rerun_page()


def _from_widget(param: str, key: str) -> None:
    value = st.session_state.get(key)
    if isinstance(value, list):
        value = filters.join(tuple(value))
    _write(**{param: str(value or "").strip()})


def bar(defaults: Defaults) -> None:
    """Search, state pills with counts, order, more filters."""
    view = toolbar.view(defaults)
    asked = search(view)
    for problem in asked.problems:
        st.caption(f":orange[:material/link_off:] {formats.literal(problem)}")
    state = st.session_state
    state["tx_q"] = asked.filters.search or ""
    state["tx_order"] = asked.order.value
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.text_input(
            "Search",
            key="tx_q",
            icon=":material/search:",
            placeholder="E-mail, id, order, error",
            label_visibility="collapsed",
            on_change=_from_widget,
            args=("q", "tx_q"),
            max_chars=200,
            width="stretch" if toolbar.phone() else 262,
        )
        with panels.contained("pills"):
            _pills(asked)
        st.space("stretch")
        st.selectbox(
            "Order",
            list(filters.ORDERS),
            format_func=filters.ORDERS.__getitem__,
            key="tx_order",
            label_visibility="collapsed",
            on_change=_from_widget,
            args=("order", "tx_order"),
            width=150,
        )
        with st.popover("More filters", icon=":material/tune:", key="tx_more"):
            _more(asked)


def _pills(asked: Search) -> None:
    counts = dict(cached.by_status(asked.without_status).frame.iter_rows())
    chosen = asked.filters.statuses
    names = [*words.STATUSES, *sorted(set(counts) - set(words.STATUSES))]
    shown = [n for n in names if n in counts or n in chosen or n in _ALWAYS]
    shown += [name for name in chosen if name not in shown]
    st.session_state["tx_status"] = list(chosen)
    st.pills(
        "State",
        shown,
        selection_mode="multi",
        format_func=lambda name: (
            f"{formats.literal(words.status(name).label)} {formats.count(counts.get(name, 0))}"
        ),
        key="tx_status",
        label_visibility="collapsed",
        on_change=_from_widget,
        args=("status", "tx_status"),
    )


#: Ways from state to state that are told of in words; the file has all.
_STEPS: Final = 3
_ALWAYS: Final = ("completed", "awaiting_payment", "pending", "failed", "error", "refunded")


def _more(asked: Search) -> None:
    state = st.session_state
    f = asked.filters
    values = {
        "least": "" if f.least is None else str(f.least),
        "most": "" if f.most is None else str(f.most),
        "currency": f.currency or "",
    }
    labels = {"least": "Amount from", "most": "Amount to", "currency": "Currency"}
    with st.container(horizontal=True, gap="xsmall"):
        for param, label in labels.items():
            key = f"tx_{param}"
            state[key] = values[param]
            st.text_input(
                label, key=key, width=110, on_change=_from_widget, args=(param, key), max_chars=20
            )
    state["tx_deleted"] = f.deleted is True
    st.toggle(
        "Only rows that are gone from the source",
        key="tx_deleted",
        on_change=lambda: _write(deleted="1" if state["tx_deleted"] else ""),
    )
    st.button("Clear all filters", icon=":material/filter_alt_off:", on_click=_clear)


def _clear() -> None:
    for key in filters.KEYS:
        st.query_params.pop(key, None)
    live.rerun_page()


def flow(defaults: Defaults) -> None:
    """The states of what was begun in the range, as parts of one whole."""
    view = toolbar.view(defaults)
    asked = search(view)
    counts = cached.by_status(asked.filters).frame
    total = int(counts["count"].sum())
    with panels.panel(
        "Flow",
        key="flow",
        note=f"{formats.count(total)} created {view.spoken}",
        streams=_STREAMS,
        csv=exports.link("states", view, **asked.params()),
        picture="states",
    ):
        picture = states.picture(counts)
        if picture is not None:
            chart.show(picture, key="chart_flow")
            st.markdown(charts.status_legend(counts))
            _steps(view)
        else:
            st.caption("None in this range.")


def _steps(view: Range) -> None:
    """How long the most frequent ways from state to state took, in words."""
    with panels.contained("steps"):
        found = cached.steps(view.start, view.end).frame.filter(pl.col("timed") > 1)
        told = [
            f"{_state(row['from_status'])} \u2192 {_state(row['to_status'])}"
            f" **{formats.count(row['count'])}**"
            f" half in {formats.duration(row['p50_s'])}, 95\u00a0% in"
            f" {formats.duration(row['p95_s'])}"
            for row in found.head(_STEPS).iter_rows(named=True)
        ]
        if told:
            csv = exports.files(exports.link("steps", view, streams=("transactions",)))
            text = "\u2003".join([f":gray[Times between, {view.spoken}]", *told, csv])
            st.markdown(f":small[{text}]")


def _state(name: str) -> str:
    return "Begun" if name == "begun" else formats.literal(words.status(name).label)


def listing(defaults: Defaults, one_alone: bool) -> None:
    """The list, and beside it the payment that is open."""
    view = toolbar.view(defaults)
    asked = search(view)
    if toolbar.phone() and bool(asked.payment) != one_alone:
        # A phone shows a payment as a view of its own: the whole page changes.
        st.rerun()
    if asked.payment and one_alone:
        with panels.box("payment"), panels.contained("payment"):
            _open(asked.payment, view)
        return
    wide, narrow = st.columns([1.62, 1], gap="xsmall") if asked.payment else (st.container(), None)
    with wide, panels.box("list"):
        _list(view, asked)
    if narrow is not None and asked.payment:
        with narrow, panels.box("payment"), panels.contained("payment"):
            _open(asked.payment, view)


def _open(transaction_id: str, view: Range) -> None:
    if payment.draw(transaction_id, view):
        payment.actions(transaction_id, view)


def _list(view: Range, asked: Search) -> None:
    with panels.contained("list", skeleton=500):
        page = cached.payments(
            asked.filters, order=asked.order, limit=_ROWS, offset=(asked.page - 1) * _ROWS
        )
        order = filters.ORDERS[asked.order.value].lower()
        panels.head(
            "Payments",
            # A phone's table floats its own tools there.
            note="" if toolbar.phone() else f"{formats.count(page.total)} {view.spoken}, {order}",
            key="list",
            streams=_STREAMS,
        )
        if not page.total:
            _nothing(view, asked)
            return
        pages = math.ceil(page.total / _ROWS)
        if asked.page > pages:
            st.caption(f"There are {formats.count(pages)} pages.")
        _table(page.rows, view, asked)
        _below(page, pages, view, asked)


def _nothing(view: Range, asked: Search) -> None:
    if asked.any:
        panels.empty(
            "No payment passes these filters.",
            f"Nothing was found {view.spoken}. Older ones are in other ranges.",
            link=Link("pages/transactions.py", "Show all of this range", toolbar.params(view)),
            icon="filter_alt_off",
        )
    else:
        panels.nothing_in(view)


def _table(rows: pl.DataFrame, view: Range, asked: Search) -> None:
    ids = rows["transaction_id"].to_list()
    chosen = [ids.index(asked.payment)] if asked.payment in ids else []
    st.session_state["tx_table"] = {"selection": {"rows": chosen, "columns": [], "cells": []}}
    currency = cached.settings().currency
    st.dataframe(
        _shown(rows, view, currency, opened=asked.payment is not None),
        key="tx_table",
        hide_index=True,
        height=tables.height(_ROWS),
        row_height=tables.ROW_PX,
        column_config=_columns(rows, currency),
        on_select=lambda: _picked(ids),
        selection_mode="single-row",
        placeholder="",
        alt="Payments; select one to open it",
    )


def _picked(ids: list[str]) -> None:
    rows = st.session_state["tx_table"]["selection"]["rows"]
    if rows:
        st.query_params["payment"] = ids[rows[0]]
    else:
        _close()


def _shown(rows: pl.DataFrame, view: Range, currency: str, *, opened: bool) -> pl.DataFrame:
    sent = pl.when(pl.col("captured")).then(
        pl.when(pl.col("email_sent")).then(pl.lit("yes")).otherwise(pl.lit("no"))
    )
    frame = rows.select(
        tables.moments(rows["created_at"], view.zone, view.now).alias("created"),
        tables.status_cells(rows["status"]).alias("status"),
        pl.col("email"),
        sent.otherwise(pl.lit("")).alias("mail"),
        pl.col("error_message").fill_null("").alias("error"),
        tables.amounts(rows["amount"], rows["currency"], currency).alias("amount"),
    )
    if toolbar.phone():
        return frame.select("created", "status", "amount", "email")
    # Beside an open payment there is no room for its error: that stands in its timeline.
    return frame.select("created", "status", "email", "amount", "mail") if opened else frame


def _columns(rows: pl.DataFrame, currency: str) -> dict[str, Any]:
    column = st.column_config
    phone = toolbar.phone()
    return {
        "created": column.TextColumn("Created", width=78 if phone else 120),
        "status": tables.status_column(rows["status"], 92 if phone else 110),
        "email": column.TextColumn("Customer", width=120 if phone else 220),
        "mail": column.TextColumn("Mail sent", width=80),
        "error": column.TextColumn("Error", width=280),
        "amount": column.TextColumn(currency, width=62 if phone else 90, alignment="right"),
    }


def _below(page: cached.Page, pages: int, view: Range, asked: Search) -> None:
    first = (asked.page - 1) * _ROWS + 1
    last = first + page.rows.height - 1
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if pages > 1:
            st.pagination(
                pages,
                default=min(asked.page, pages),
                key=_pager_key(asked),
                on_change=lambda: _turned(asked),
            )
        st.space("stretch")
        if page.rows.height:
            st.caption(
                f"{formats.count(first)} to {formats.count(last)} of {formats.count(page.total)}",
                width="content",
            )
        csv = exports.link("transactions", view, **asked.params())
        st.markdown(f":small[{exports.files(csv)}]", width="content")


def _turned(asked: Search) -> None:
    st.query_params["page"] = str(st.session_state[_pager_key(asked)])


def _pager_key(asked: Search) -> str:
    # Another list is another widget: its page must not be that of the one before.
    return f"tx_page_{abs(hash((asked.filters, asked.order)))}"


def live_listing(defaults: Defaults) -> None:
    """All of the page below the toolbar; each part reruns by itself."""
    one_alone = toolbar.phone() and "payment" in st.query_params
    if one_alone:
        st.button("All payments", icon=":material/chevron_left:", on_click=_close)
    else:
        live.fragment(bar, defaults)
        with panels.box("flow"):
            live.fragment(flow, defaults)
    live.fragment(listing, defaults, one_alone)


def _close() -> None:
    st.query_params.pop("payment", None)
