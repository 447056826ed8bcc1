"""Suspicious buyers: who they are, why, what they paid, and how far their cases are."""

from __future__ import annotations

import math
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.analytics import search
from vcanalytics.cached import buyers
from vcanalytics.cached.buyers import Buyer
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.ui import exports, live, panels, tables, toolbar

_ROWS: Final = 10
#: As many of a reason's payments are named.
_NAMED: Final = 4
_STREAMS: Final = cached.BOOKS


def draw(defaults: Defaults) -> None:
    """Every suspicious buyer, those with something to do first; one opens below."""
    view = toolbar.view(defaults)
    with panels.contained("buyers", skeleton=300):
        found = buyers.found(now=view.now)
        waiting = sum(one.to_do for one in found)
        note = f"{formats.count(len(found))}, {formats.count(waiting)} to do" if found else "none"
        panels.head(
            "Suspicious buyers",
            note=note,
            key="buyers",
            streams=_STREAMS,
            every_s=live.CALMLY_S,
        )
        if not found:
            panels.empty(
                "No buyer is suspicious.",
                "By amount, by attempts within an hour, or by a throw-away address.",
                icon="check_circle",
            )
            return
        _listing(found, view)
    # The last: it leaves a gap.
    with panels.contained("buyers_moves"), st.container(gap=None):
        live.listen((live.CASES,), key="buyers_cases")


def _pick(address: str | None) -> None:
    if address is None:
        st.query_params.pop("buyer", None)
    else:
        st.query_params["buyer"] = address


def _listing(found: tuple[Buyer, ...], view: Range) -> None:
    addresses = [one.address for one in found]
    chosen = st.query_params.get("buyer")
    place = addresses.index(chosen) if chosen is not None and chosen in addresses else None
    pages = math.ceil(len(found) / _ROWS)
    asked = search.page_number(st.query_params.get("page", ""))
    holds = 1 if place is None else place // _ROWS + 1
    page = min(asked or holds, pages)
    shown = found[(page - 1) * _ROWS : page * _ROWS]
    frame = _cells(shown, view)
    tables.picked_from(
        frame.select("state", "buyer", "attempts") if toolbar.phone() else frame,
        addresses[(page - 1) * _ROWS : page * _ROWS],
        chosen,
        key=f"buyers_table_{page}",
        pick=_pick,
        rows_max=_ROWS,
        columns=_columns(),
        alt="Suspicious buyers; select one to see every reason and its case",
    )
    csv = exports.link("buyers", view, streams=_STREAMS)
    tables.below("buyers_page", page, pages, rows=_ROWS, total=len(found), csv=csv)
    if place is not None:
        _buyer(found[place], view)
    else:
        own = cached.settings().currency
        st.caption(
            f"Marked are captured amounts above 1,000 or at most 0.01 {own}, more than three"
            " attempts within an hour by one address, and throw-away addresses. Select a buyer to"
            " see which."
        )


def _state(one: Buyer) -> words.Word:
    """The state of the case that is to be looked at first: what is to do before what is over."""
    order = list(words.CASES)
    return words.CASES[min((state for state, _ in one.states), key=order.index)]


def _money(one: Buyer) -> str:
    own = cached.settings().currency
    parts = [
        formats.money_plain(each.amount, each.currency)
        + ("" if each.currency == own else f"{formats.NBSP}{each.currency}")
        for each in sorted(one.money, key=lambda each: (each.currency != own, each.currency))
        if each.captured
    ]
    return " \u00b7 ".join(parts) or formats.ABSENT


def _cells(shown: tuple[Buyer, ...], view: Range) -> pl.DataFrame:
    def moments(name: str) -> pl.Series:
        times = pl.Series("at", [getattr(one, name) for one in shown], pl.Datetime("us", "UTC"))
        return tables.moments(times, view.zone, view.now)

    return pl.DataFrame(
        {
            "state": pl.Series([[_state(one).label] for one in shown], dtype=pl.List(pl.String)),
            "buyer": [one.address or "no address" for one in shown],
            "attempts": [len(one.payments) for one in shown],
            "captured": [sum(each.captured for each in one.money) for one in shown],
            "money": [_money(one) for one in shown],
            "why": ["; ".join(dict.fromkeys(r.words for r in one.reasons)) for one in shown],
            "first": moments("first_at"),
            "last": moments("last_at"),
        }
    )


def _columns() -> dict[str, Any]:
    column = st.column_config
    phone = toolbar.phone()
    return {
        "state": tables.chips("Case", words.CASES.values(), width=70 if phone else 92),
        "buyer": column.TextColumn("Buyer", width=150 if phone else 240),
        "attempts": column.NumberColumn(
            "Tries" if phone else "Attempts", format="%,d", width=44 if phone else 70
        ),
        "captured": column.NumberColumn("Captured", format="%,d", width=70),
        "money": column.TextColumn(cached.settings().currency, width=110, alignment="right"),
        "why": column.TextColumn("Why", width=420),
        "first": column.TextColumn("First", width=100),
        "last": column.TextColumn("Last", width=100),
    }


def _buyer(one: Buyer, view: Range) -> None:
    """Every reason with its payments and its time; then where the cases and the customer are."""
    # In Markdown an address would be a link that writes a mail.
    st.header(formats.code(one.address) or "No address", anchor=False)
    if one.payers:
        st.markdown(f":small[:gray[paid as] {', '.join(map(formats.code, one.payers))}]")
    for reason in one.reasons:
        first = formats.moment(reason.first_at, view.zone, view.now)
        last = formats.moment(reason.last_at, view.zone, view.now)
        when = first if first == last else f"{first} to {last}"
        count = formats.counted(len(reason.payments), "attempt", "attempts")
        ids = ", ".join(formats.code(payment) for payment in reason.payments[:_NAMED])
        more = len(reason.payments) - _NAMED
        others = f" and {formats.count(more)} more" if more > 0 else ""
        head = formats.literal(reason.words[:1].upper() + reason.words[1:])
        st.markdown(f":small[**{head}**: {count}, {formats.literal(when)}: {ids}{others}]")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        desk = {"finding": "suspicious", "case": "suspicious", "payment": one.case, "state": "any"}
        st.page_link(
            "pages/reconcile.py",
            label=f":small[:blue[Case: {_state(one).label}]]",
            icon="",
            query_params=desk | ({"q": one.address} if one.address else {}),
        )
        if one.address:
            # A page link to the page one is on is drawn as the chosen one of a menu.
            st.button(
                "Everything of them",
                key="buyer_customer",
                icon=":material/person_search:",
                on_click=_open_customer,
                args=(one.address,),
            )


def _open_customer(address: str) -> None:
    st.query_params.pop("buyer", None)
    st.query_params["customer"] = address
    live.rerun_page()
