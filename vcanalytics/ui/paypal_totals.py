"""What came in by PayPal's figures, net of fees, beside ours: sums, and by month or day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.display import formats
from vcanalytics.display.ranges import Range
from vcanalytics.ui import exports, tables, toolbar

_WINDOWS: Final = 500
_SEEN: Final = 14
#: Sums of money, and what heads them.
_SUMS: Final = {
    "paypal_gross": "PayPal gross",
    "fees": "Fees",
    "paypal_refunds": "PayPal refunds",
    "paypal_net": "PayPal net",
    "gross": "Our gross",
    "refunds": "Our refunds",
    "difference": "Difference",
}


def span(view: Range) -> dict[str, Any]:
    """The range of the page; without ends where it is all there is."""
    whole = view.preset == "all"
    return {"start": None if whole else view.start, "end": None if whole else view.end}


def link(name: str, view: Range, **filters: str | None) -> str:
    """Where a table of this page is had as a file."""
    filters["whole"] = "1" if view.preset == "all" else None
    return exports.link(name, view, streams=cached.BOOKS, **filters)


def metrics(months: pl.DataFrame) -> None:
    """The sums of the console's own currency; others stand in the table."""
    own = cached.settings().currency
    mine = months.filter(pl.col("currency") == own)
    sums = {name: sum(mine[name], Decimal(0)) for name in _SUMS}
    ours = sums["gross"] - sums["refunds"]
    figures = (
        ("PayPal gross", sums["paypal_gross"], formats.counted(_paid(mine), "payment", "payments")),
        ("Fees", sums["fees"], "taken by PayPal"),
        ("Refunds", sums["paypal_refunds"], "given back at PayPal"),
        ("PayPal net", sums["paypal_net"], "gross, fees, refunds"),
        ("Ours", ours, "gross less refunds"),
        ("Difference", sums["difference"], "PayPal less ours, before fees"),
    )
    with st.grid(6, min_column_width=150, gap="xsmall"):
        for label, amount, note in figures:
            with st.container(border=True, height="stretch"):
                shown = formats.money(amount, own).replace("$", "\\$")
                st.metric(label, shown, help=None)
                st.caption(note)
    others = sorted(set(months["currency"]) - {own})
    if others:
        st.caption(f"In {own}; {', '.join(others)} stand in the table below.")


def _paid(mine: pl.DataFrame) -> int:
    return int(mine["payments"].sum() or 0)


def windows(found: pl.DataFrame, grain: str, view: Range) -> None:
    """A row a window and currency, the newest first."""
    if not found.height:
        st.caption("Nothing moved.")
        return
    rows = found.reverse().head(_WINDOWS)
    month = grain == "month"
    names = [
        f"{at.astimezone(view.zone):%b %Y}" if month else formats.day(at, view.zone, year=True)
        for at in rows["window_start"]
    ]
    text = {
        name: [
            formats.money_plain(amount, code)
            for amount, code in zip(rows[name], rows["currency"], strict=True)
        ]
        for name in _SUMS
    }
    frame = pl.DataFrame(
        {
            "window": names,
            "currency": rows["currency"],
            "payments": [formats.count(one) for one in rows["payments"]],
            **text,
        }
    )
    column = st.column_config
    money = {
        name: column.TextColumn(label, width=110, alignment="right")
        for name, label in _SUMS.items()
    }
    st.dataframe(
        frame.select("window", "paypal_net", "difference") if toolbar.phone() else frame,
        hide_index=True,
        height=tables.height(min(rows.height, _SEEN)),
        row_height=tables.ROW_PX,
        column_config={
            "window": column.TextColumn("Month" if month else "Day", width=100),
            "currency": column.TextColumn("", width=50),
            "payments": column.TextColumn("Payments", width=80, alignment="right"),
        }
        | money,
        placeholder="",
        alt=f"What came in by {grain}, by PayPal's figures and ours",
    )
    csv = link("paypal-totals", view, grain=grain)
    st.markdown(f":small[{exports.files(csv)}]")
