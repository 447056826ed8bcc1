"""One message of failed payments, opened: its payments, its exact words, what the log says."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

from vcanalytics.cached import failures
from vcanalytics.cached.failures import CHARGED, FAILED, Pattern
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Range
from vcanalytics.model.messages import CHARS_MAX
from vcanalytics.ui import exports, panels, tables, toolbar
from vcanalytics.ui.panels import Link

_ROWS: Final = 200
_SEEN: Final = 9
_MESSAGES: Final = 50


def opened() -> Pattern | None:
    """The message that is open by the URL: its finding, and its folded text, which may be empty."""
    finding = st.query_params.get("failed", "")
    if finding not in {FAILED, CHARGED}:
        return None
    return Pattern(finding, st.query_params.get("text", "")[:CHARS_MAX])


def open_(one: Pattern | None) -> None:
    """Open a message, or close what is open; for callbacks."""
    close()
    if one is not None:
        st.query_params["failed"], st.query_params["text"] = one.finding, one.text


def close() -> None:
    """Close what is open; for callbacks."""
    for name in ("failed", "text", "payment"):
        st.query_params.pop(name, None)


def draw(one: Pattern, view: Range) -> None:
    """The message, its payments and where they lead, its exact words, log rows with them."""
    rows = failures.payments_of(one, view.start, view.end).frame
    st.header(formats.code(one.text) or "No message", anchor=False)
    if not rows.height:
        st.caption(f"No payment failed with this message {formats.literal(view.spoken)}.")
        return
    people = formats.counted(rows["customer"].n_unique(), "customer", "customers")
    st.markdown(f":small[:gray[{formats.counted(rows.height, 'payment', 'payments')}, {people}]]")
    tabs = st.tabs(["Payments", "Exact messages", "Log"])
    with tabs[0]:
        _payments(one, rows, view)
    with tabs[1], panels.contained("pattern_messages"):
        _messages(one, view)
    with tabs[2], panels.contained("pattern_log"):
        _log(one, view)


def _payments(one: Pattern, rows: pl.DataFrame, view: Range) -> None:
    shown = rows.head(_ROWS)
    frame = shown.select(
        tables.moments(shown["created_at"], view.zone, view.now).alias("created"),
        pl.col("customer").fill_null(""),
        tables.amounts(shown["amount"], shown["currency"], "").alias("amount"),
        pl.col("transaction_id"),
    )
    column = st.column_config
    ids = shown["transaction_id"].to_list()
    chosen = st.query_params.get("payment")
    tables.picked_from(
        frame,
        ids,
        chosen,
        key="pattern_payments",
        pick=pick_payment,
        rows_max=_SEEN,
        columns={
            "created": column.TextColumn("Begun", width=96),
            "customer": column.TextColumn("Customer", width=176),
            "amount": column.TextColumn("Attempted", width=92, alignment="right"),
            "transaction_id": column.TextColumn("Payment", width=170),
        },
        alt="Payments that failed with this message, the newest first; select one to go there",
    )
    csv = exports.link(
        "failed-payments", view, streams=("transactions",), finding=one.finding, text=one.text
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if chosen is not None and chosen in ids:
            ways(rows.row(ids.index(chosen), named=True)["customer"], chosen, view)
        st.space("stretch")
        more = f"the newest {_ROWS} of {formats.count(rows.height)}" if rows.height > _ROWS else ""
        st.markdown(f":small[{more}\u2002{exports.files(csv)}]", width="content")


def pick_payment(payment: str | None) -> None:
    """Open a payment of a list, or close it; for callbacks."""
    if payment is None:
        st.query_params.pop("payment", None)
    else:
        st.query_params["payment"] = payment


def ways(customer: str | None, payment: str, view: Range) -> None:
    """Where one payment leads: to itself, and to the customer."""
    whole = {"range": "all", "zone": view.zone_name}
    ways = [Link("pages/transactions.py", "Open payment", whole | {"payment": payment})]
    if customer:
        ways.append(Link("pages/customers.py", "Customer", {"customer": customer}))
    for way in ways:
        st.page_link(
            way.page, label=f":small[:blue[{way.label}]]", icon="", query_params=dict(way.params)
        )


def _messages(one: Pattern, view: Range) -> None:
    found = failures.messages_of(one, view.start, view.end)
    shown = found.head(_MESSAGES)
    column = st.column_config
    st.dataframe(
        shown.select(
            pl.col("count"),
            pl.when(pl.col("message") == "")
            .then(pl.lit("no message"))
            .otherwise(pl.col("message"))
            .alias("message"),
            tables.moments(shown["last_at"], view.zone, view.now).alias("last"),
        ),
        key="pattern_messages_table",
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(min(shown.height, _SEEN)),
        column_config={
            "count": column.NumberColumn("Times", format="%,d", width=56),
            "message": column.TextColumn("Message", width=380),
            "last": column.TextColumn("Last", width=96),
        },
        alt="The exact messages, the most frequent first",
    )
    if found.height > shown.height:
        st.caption(f"{formats.count(found.height - shown.height)} more stand in the CSV.")


def _log(one: Pattern, view: Range) -> None:
    found = failures.log_rows_of(one, view.start, view.end)
    if not found.height:
        st.caption("VectorCraft's log names none of these payments and holds none of these words.")
        return
    shown = found.head(_ROWS)
    column, phone = st.column_config, toolbar.phone()
    levels = [words.level(name.lower()) for name in shown["level"]]
    frame = pl.DataFrame(
        {
            "at": tables.moments(shown["happened_at"], view.zone, view.now),
            "level": pl.Series([[word.label] for word in levels], dtype=pl.List(pl.String)),
            "message": shown["message"],
            "payment": shown["transaction_id"].fill_null(""),
            "component": shown["component"],
        }
    )
    st.dataframe(
        frame.select("at", "message") if phone else frame,
        key="pattern_log_table",
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(min(shown.height, _SEEN)),
        column_config={
            "at": column.TextColumn("At", width=96),
            "level": tables.chips("Level", set(levels), 84),
            "message": column.TextColumn("Message", width=320),
            "payment": column.TextColumn("Payment", width=170),
            "component": column.TextColumn("Component", width=100),
        },
        alt="Rows of VectorCraft's log about these payments, the newest first",
    )
