"""Disputes that wait, by when an answer is due, and how often payments are refunded."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.cached import disputes
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.ui import exports, panels, tables, toolbar

_ROWS: Final = 10
#: Refunds are told of so long: twelve weeks and the open one.
_WITHIN: Final = timedelta(weeks=12)
_SOON: Final = timedelta(days=2)
_DUE: Final = {
    "overdue": words.Word("Overdue", "red", "error", "critical"),
    "soon": words.Word("Within 2 days", "orange", "schedule", "warning"),
    "later": words.Word("Later", "gray", "event", "muted"),
    "none": words.Word("No date", "gray", "help", "muted"),
}


def waiting(defaults: Defaults) -> None:
    """What waits for an answer, the first due first."""
    view = toolbar.view(defaults)
    with panels.contained("disputes", skeleton=200):
        found = disputes.waiting().frame
        due = [_due(at, view.now) for at in found["due_at"]]
        late = due.count("overdue")
        note = f"{formats.count(found.height)} wait, {formats.count(late)} overdue"
        panels.head(
            "Disputes",
            note=note if found.height else "none waits",
            key="disputes",
            streams=("disputes",),
        )
        if not found.height:
            panels.empty("No dispute waits for an answer.", "", icon="check_circle")
            return
        st.dataframe(
            _cells(found, due, view),
            hide_index=True,
            height=tables.height(min(_ROWS, found.height)),
            row_height=tables.ROW_PX,
            column_config=_columns(),
            placeholder="",
            alt="Disputes that wait for an answer, the first due first",
        )
        csv = exports.link("disputes", view, streams=("disputes",))
        zone = cached.settings().source_timezone
        said = f"VectorCraft writes due dates in its local time, read as {zone}."
        st.caption(f"{said}\u2003{exports.files(csv)}")


def _due(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "none"
    return "overdue" if at < now else "soon" if at - now <= _SOON else "later"


def _cells(found: pl.DataFrame, due: list[str], view: Range) -> pl.DataFrame:
    own = cached.settings().currency
    left = [
        "" if at is None else formats.age(abs((at - view.now).total_seconds()))
        for at in found["due_at"]
    ]
    frame = found.select(
        pl.Series("due", [[_DUE[name].label] for name in due], dtype=pl.List(pl.String)),
        tables.moments(found["due_at"], view.zone, view.now).alias("due_at"),
        pl.Series("left", left, dtype=pl.String),
        tables.amounts(found["amount"], found["currency"].fill_null(own), own).alias("amount"),
        pl.col("customer_email"),
        pl.col("dispute_type").str.replace_all("_", " ").alias("kind"),
        pl.col("status"),
        pl.col("case_id"),
        pl.col("transaction_id"),
    )
    return frame.select("due", "left", "amount") if toolbar.phone() else frame


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "due": tables.chips("Due", _DUE.values(), width=110),
        "due_at": column.TextColumn("Answer by", width=116),
        "left": column.TextColumn("Late, or left", width=100),
        "amount": column.TextColumn(cached.settings().currency, width=84, alignment="right"),
        "customer_email": column.TextColumn("Customer", width=200),
        "kind": column.TextColumn("Kind", width=120),
        "status": column.TextColumn("State", width=110),
        "case_id": column.TextColumn("Case", width=150),
        "transaction_id": column.TextColumn("Payment", width=190),
    }


def refunds(defaults: Defaults) -> None:
    """How often payments are refunded: by week, and by price."""
    view = toolbar.view(defaults)
    with panels.contained("refunds", skeleton=200):
        start, own = view.now - _WITHIN, cached.settings().currency
        panels.head("Refund rate", note=f"12 weeks, {own}", key="refunds")
        weeks = disputes.by_week(start, view.now, zone=view.zone_name, now=view.now).frame
        prices = disputes.by_price(start, view.now).frame
        tabs = st.tabs(["By week", "By price"])
        with tabs[0]:
            _table(
                [formats.day(at, view.zone) for at in weeks["window_start"]][::-1],
                weeks.reverse(),
                "Week from",
                "Refunded in the week, of what was captured in it; the first line is open still.",
            )
        with tabs[1]:
            names = [
                "no amount" if one is None else formats.money_plain(one, own)
                for one in prices["amount"]
            ]
            _table(names, prices, own, "Refunded by now, of what was captured.")


def _table(names: list[str], frame: pl.DataFrame, label: str, note: str) -> None:
    if not frame.height:
        st.caption("Nothing was captured.")
        return
    column = st.column_config
    st.dataframe(
        pl.DataFrame(
            {
                "name": names,
                "captured": [formats.count(one) for one in frame["captured"]],
                "refunded": [formats.count(one) for one in frame["refunded"]],
                "rate": [formats.rate(one) for one in frame["rate"]],
            }
        ),
        hide_index=True,
        height=tables.height(min(_ROWS - 2, frame.height)),
        row_height=tables.ROW_PX,
        column_config={
            "name": column.TextColumn(label, width=90),
            "captured": column.TextColumn("Captured", width=80, alignment="right"),
            "refunded": column.TextColumn("Refunded", width=80, alignment="right"),
            "rate": column.TextColumn("Rate", width=70, alignment="right"),
        },
        placeholder="",
        alt=note,
    )
    st.caption(note)
