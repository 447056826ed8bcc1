"""What Customers arranges: the search, who it finds, and the customer that is open."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics.cached import customers
from vcanalytics.cached.customers import Found
from vcanalytics.display import formats
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.ui import customer, live, panels, tables, toolbar
from vcanalytics.ui.panels import Link

_ROWS: Final = 16
_KEY: Final = "customers_q"
_FOUND_BY: Final = {
    "email": "E-mail",
    "payer_email": "Payer's e-mail",
    "username": "User name",
    "transaction_id": "Payment",
    "paypal_order_id": "PayPal order",
    "paypal_payment_id": "PayPal payment",
}


def _asked() -> str:
    return st.query_params.get("q", "").strip()


def _search() -> None:
    text = str(st.session_state.get(_KEY) or "").strip()
    st.query_params.pop("customer", None)
    if text:
        st.query_params["q"] = text
    else:
        st.query_params.pop("q", None)
    live.rerun_page()


def _pick(address: str | None) -> None:
    if address:
        st.query_params["customer"] = address
        live.rerun_page()


def _back() -> None:
    st.query_params.pop("customer", None)
    live.rerun_page()


def bar() -> None:
    """The search; beside it the way back from one customer to all that were found."""
    st.session_state[_KEY] = _asked()
    opened = bool(st.query_params.get("customer"))
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.text_input(
            "Search customers",
            key=_KEY,
            icon=":material/search:",
            placeholder="Any part of an e-mail, user name, order or payment id",
            label_visibility="collapsed",
            on_change=_search,
            width="stretch" if toolbar.phone() else 520,
        )
        if opened:
            label = "All found" if _asked() else "All customers"
            st.button(label, icon=":material/chevron_left:", on_click=_back)


def idle() -> bool:
    """Whether nobody is looked for, and nobody is open."""
    return not _asked() and not st.query_params.get("customer", "").strip()


def draw(defaults: Defaults) -> None:
    """Who is found, or the one that is open."""
    view = toolbar.view(defaults)
    opened = st.query_params.get("customer", "").strip()[: customers.TEXT_MAX]
    if opened:
        customer.draw(opened, view)
        return
    with panels.box("customers"), panels.contained("customers"):
        asked = _asked()
        if not asked:
            panels.head("Find a customer")
            panels.empty(
                "Who wrote to you?",
                "Paste any part of what they tell: an address, a user name, a PayPal order or "
                "payment. Everything they did stands together then.",
                icon="search",
            )
            return
        _list(asked, customers.found(asked), view)


def _list(asked: str, found: Found, view: Range) -> None:
    rows = found.customers
    said = formats.counted(rows.height, "customer", "customers")
    panels.head(
        "Found",
        note=f"the newest {said}" if found.more else said,
        key="customers",
        streams=("transactions",),
        every_s=live.CALMLY_S,
    )
    if not rows.height:
        panels.empty(
            "Nobody was found.",
            f"{formats.code(asked)} is in no address, user name, order or payment id. A shorter "
            "part finds more.",
            link=Link(
                "pages/transactions.py",
                "Search payments by their error",
                {"q": asked, "range": "all", "zone": view.zone_name},
            ),
            icon="receipt_long",
        )
        return
    if not found.accounts:
        st.caption(
            ":orange[:material/timer_off:] Accounts without a payment could not be looked through "
            "in time."
        )
    tables.picked_from(
        _cells(rows, view),
        rows["customer"].to_list(),
        None,
        key="customers_table",
        pick=_pick,
        rows_max=_ROWS,
        columns=_columns(),
        alt="Customers; select one to see everything of them",
    )
    if found.more:
        st.caption("There are more, with older payments: a longer part finds fewer.")


def _cells(rows: pl.DataFrame, view: Range) -> pl.DataFrame:
    who = pl.when(pl.col("customer") == "").then(pl.lit("no address")).otherwise("customer")
    frame = rows.select(
        who.alias("customer"),
        pl.col("payers").list.join(", "),
        pl.col("username").fill_null(""),
        pl.col("found_by").replace_strict(_FOUND_BY),
        pl.col("found"),
        pl.col("payments"),
        pl.col("captured"),
        tables.moments(rows["newest_at"], view.zone, view.now).alias("newest"),
    )
    if toolbar.phone():
        return frame.select("customer", "payments", "newest", "found_by")
    # An address that was looked for stands in the first column already.
    by_id = rows["found_by"].is_in(["transaction_id", "paypal_order_id", "paypal_payment_id"])
    return frame if by_id.any() else frame.drop("found")


def _columns() -> dict[str, Any]:
    column = st.column_config
    phone = toolbar.phone()
    return {
        "customer": column.TextColumn("Customer", width=150 if phone else 260),
        "payers": column.TextColumn("Also pays as", width=220),
        "username": column.TextColumn("User name", width=130),
        "found_by": column.TextColumn("Found by", width=90 if phone else 120),
        "found": column.TextColumn("What fits", width=220),
        "payments": column.NumberColumn("Attempts that fit", width=60 if phone else 120),
        "captured": column.NumberColumn("Paid", width=64),
        "newest": column.TextColumn("Newest", width=82 if phone else 120),
    }
