"""PayPal's side beside ours: what differs, and what was imported."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.cached import paypal
from vcanalytics.display import formats
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.display.words import Word
from vcanalytics.ui import panels, paypal_totals, tables, toolbar

_ROWS: Final = 500
_SEEN: Final = 14
_SPANS: Final = 3
_FINDINGS: Final = {
    "unknown_here": Word("Unknown here", "red", "error", "critical"),
    "not_captured": Word("Not captured", "red", "error", "critical"),
    "captured_twice": Word("Captured twice", "red", "error", "critical"),
    "charged_twice": Word("Charged twice", "orange", "warning", "warning"),
    "unknown_there": Word("Unknown at PayPal", "orange", "warning", "warning"),
    "not_completed": Word("Not completed", "orange", "warning", "warning"),
    "amount_differs": Word("Amount differs", "orange", "warning", "warning"),
    "refund_unknown_there": Word("Refund not at PayPal", "violet", "undo", "refund"),
    "refund_unknown_here": Word("Refund not here", "violet", "undo", "refund"),
    "refund_differs": Word("Refund differs", "violet", "undo", "refund"),
    "fee_differs": Word("Fee differs", "gray", "help", "muted"),
    "ambiguous": Word("Ambiguous", "gray", "help", "muted"),
}
_WHY: Final = {
    "unknown_here": "Paid at PayPal, and no payment here fits: the customer has nothing.",
    "not_captured": "Paid at PayPal, and the payment here is not captured.",
    "captured_twice": "PayPal has several payments that are one of ours: give back all but one.",
    "charged_twice": "One address paid the same amount twice within ten minutes.",
    "unknown_there": "Captured here, and in no import that covers its time.",
    "not_completed": "Captured here, and at PayPal pending, denied or cancelled.",
    "amount_differs": "Amount or currency of the capture differ.",
    "refund_unknown_there": "Refunded here, and PayPal gave nothing back.",
    "refund_unknown_here": "PayPal gave money back, and here the payment is not refunded.",
    "refund_differs": "Refunded here, and PayPal gave back another amount.",
    "fee_differs": "Gross and fee do not come to net in PayPal's own row.",
    "ambiguous": "Several payments or rows fit: none is chosen.",
}


def draw(defaults: Defaults) -> None:
    """Totals and findings, or where a download is had while nothing was imported."""
    view = toolbar.view(defaults)
    with panels.contained("paypal_totals", skeleton=120):
        spans = paypal.covered()
        if not spans:
            with panels.box("paypal_none"):
                panels.empty(
                    "Nothing of PayPal's was imported yet.",
                    "An activity download, compared here with what VectorCraft says, finds payments"
                    " that one side does not know. Where it is made stands below.",
                    icon="account_balance",
                )
            return
        said = [
            f"{formats.full(first, view.zone)} to {formats.full(last, view.zone)}"
            for first, last in spans[-_SPANS:]
        ]
        more = f" and {len(spans) - _SPANS} earlier" if len(spans) > _SPANS else ""
        st.caption(formats.literal(f"Imports cover {'; '.join(said)}{more}."))
        paypal_totals.metrics(_totals("month", view))
    with panels.box("paypal_findings"), panels.contained("paypal_findings", skeleton=300):
        _differences(view)
    with panels.box("paypal_windows"), panels.contained("paypal_windows"):
        panels.head("Net of fees", note="PayPal's figures, beside ours", key="paypal_windows")
        by_month, by_day = st.tabs(["By month", "By day"])
        with by_month:
            paypal_totals.windows(_totals("month", view), "month", view)
        with by_day:
            paypal_totals.windows(_totals("day", view), "day", view)


def _totals(grain: str, view: Range) -> pl.DataFrame:
    span, zone = paypal_totals.span(view), view.zone_name
    return paypal.totals(**span, grain=grain, zone=zone, now=view.now)


def _pick() -> None:
    picked = st.session_state.get("paypal_pills")
    st.query_params.pop("row", None)
    if picked and picked != "all":
        st.query_params["finding"] = picked
    else:
        st.query_params.pop("finding", None)


def _differences(view: Range) -> None:
    """Findings: pills with counts, the rows of one or of all, and the one that is picked."""
    found = paypal.findings(**paypal_totals.span(view), now=view.now)
    counts = dict(found.group_by("finding").len().iter_rows())
    asked = st.query_params.get("finding", "")
    shown = asked if asked in _FINDINGS else "all"
    csv = paypal_totals.link("paypal-findings", view, finding=None if shown == "all" else shown)
    note = formats.count(found.height) if found.height else "none"
    panels.head("What differs", note=note, key="paypal_findings", csv=csv)
    if not found.height:
        panels.empty("PayPal and VectorCraft agree.", "In the times that imports cover.", icon="")
        return
    names = ["all", *(name for name in paypal.FINDINGS if name in counts or name == shown)]
    counts["all"] = found.height
    labels = {name: word.label for name, word in _FINDINGS.items()} | {"all": "All"}
    st.session_state["paypal_pills"] = shown
    st.pills(
        "Finding",
        names,
        format_func=lambda name: f"**{labels[name]}** {formats.count(counts.get(name, 0))}",
        key="paypal_pills",
        required=True,
        label_visibility="collapsed",
        on_change=_pick,
    )
    st.caption(_WHY.get(shown, "What costs a customer comes first, then what costs the shop."))
    mine = found if shown == "all" else found.filter(pl.col("finding") == shown)
    _table(mine, view)


def _id(row: dict[str, Any]) -> str:
    return f"{row['finding']}:{row['paypal_id'] or ''}:{row['transaction_id'] or ''}"


def _open(chosen: str | None) -> None:
    if chosen is None:
        st.query_params.pop("row", None)
    else:
        st.query_params["row"] = chosen


def _table(mine: pl.DataFrame, view: Range) -> None:
    rows = mine.head(_ROWS)
    if not rows.height:
        st.caption("None of these.")
        return
    ids = [_id(row) for row in rows.iter_rows(named=True)]
    own = cached.settings().currency
    opened = st.query_params.get("row")
    tables.picked_from(
        _cells(rows, own, view),
        ids,
        opened,
        key="paypal_table",
        pick=_open,
        rows_max=_SEEN,
        columns=_columns(own),
        alt="What PayPal and VectorCraft differ in",
    )
    if mine.height > rows.height:
        st.caption(f"The first {_ROWS}. The CSV has all.")
    picked = [row for row in rows.iter_rows(named=True) if _id(row) == opened]
    if picked:
        _one(picked[0], view)


def _cells(rows: pl.DataFrame, own: str, view: Range) -> pl.DataFrame:
    chips = [[_FINDINGS[name].label] for name in rows["finding"]]
    ours = rows["amount_currency"].fill_null(own)
    frame = rows.select(
        pl.Series("finding", chips, dtype=pl.List(pl.String)),
        tables.moments(rows["happened_at"], view.zone, view.now).alias("happened_at"),
        tables.amounts(rows["paypal_amount"], rows["currency"], own).alias("paypal_amount"),
        tables.amounts(rows["amount"], ours, own).alias("amount"),
        "email",
        "detail",
        "transaction_id",
        "paypal_id",
    )
    return frame.select("finding", "paypal_amount", "email") if toolbar.phone() else frame


def _columns(own: str) -> dict[str, Any]:
    column = st.column_config
    return {
        "finding": tables.chips("Finding", _FINDINGS.values(), width=150),
        "happened_at": column.TextColumn("When", width=110),
        "paypal_amount": column.TextColumn(f"PayPal, {own}", width=96, alignment="right"),
        "amount": column.TextColumn(f"Ours, {own}", width=90, alignment="right"),
        "email": column.TextColumn("Customer", width=200),
        "detail": column.TextColumn("Detail", width=260),
        "transaction_id": column.TextColumn("Payment", width=190),
        "paypal_id": column.TextColumn("At PayPal", width=160),
    }


def _one(row: dict[str, Any], view: Range) -> None:
    """The finding that is picked, and the ways on from it."""
    st.markdown(f"**{_FINDINGS[row['finding']].label}**: {_WHY[row['finding']]}")
    said = [row["detail"] or ""]
    if row["paypal_id"]:
        said.append(f"PayPal's id {formats.code(row['paypal_id'])}")
    if row["fee"] is not None:
        said.append(f"fee {formats.literal(formats.money(row['fee'], row['currency']))}")
    st.caption("\u2003".join([formats.literal(said[0]), *said[1:]]))
    whole = {"range": "all", "zone": view.zone_name}
    with st.container(horizontal=True, gap="small"):
        if row["transaction_id"]:
            params = {"payment": row["transaction_id"], **whole}
            st.page_link("pages/transactions.py", label="Open payment", query_params=params)
        if row["email"]:
            params = {"customer": row["email"].strip().lower(), "zone": view.zone_name}
            st.page_link("pages/customers.py", label="Customer", query_params=params)


def imported(defaults: Defaults) -> None:
    """What was imported, the newest first."""
    view = toolbar.view(defaults)
    with panels.contained("paypal_imports"):
        found = paypal.imports()
        csv = paypal_totals.link("paypal-imports", view) if found.height else None
        panels.head("Imports", note=formats.count(found.height), key="paypal_imports", csv=csv)
        if not found.height:
            st.caption("None yet.")
            return
        numbers = ("lines", "new", "changed", "aside")
        frame = found.select(
            "file",
            tables.moments(found["at"], view.zone, view.now).alias("at"),
            pl.col("by").str.replace(r"^[a-z]+:", ""),
            *(
                pl.Series(name, [formats.count(one) for one in found[name]], dtype=pl.String)
                for name in numbers
            ),
            tables.moments(found["first_at"], view.zone, view.now).alias("first_at"),
            tables.moments(found["last_at"], view.zone, view.now).alias("last_at"),
        )
        column = st.column_config
        st.dataframe(
            frame.select("file", "at", "new") if toolbar.phone() else frame,
            hide_index=True,
            height=tables.height(min(frame.height, 8)),
            row_height=tables.ROW_PX,
            column_config={
                "file": column.TextColumn("File", width=180),
                "at": column.TextColumn("When", width=100),
                "by": column.TextColumn("By", width=90),
                "first_at": column.TextColumn("From", width=110),
                "last_at": column.TextColumn("To", width=110),
            }
            | {
                name: column.TextColumn(name.capitalize(), width=72, alignment="right")
                for name in numbers
            },
            placeholder="",
            alt="Imports of PayPal's downloads",
        )


def kept_aside(defaults: Defaults) -> None:
    """Lines of the newest import that could not be read."""
    del defaults
    with panels.contained("paypal_asides"):
        newest = paypal.imports().head(1)
        if not newest.height or not newest["aside"][0]:
            return
        kept = formats.counted(newest["aside"][0], "line", "lines")
        with st.expander(f"{kept} of the newest kept aside"):
            for part, line, reason in paypal.asides(newest["number"][0])[:50]:
                place = f"{part}, " if part else ""
                st.caption(formats.literal(f"{place}line {formats.count(line)}: {reason}"))
