"""What Failures arranges of outages: when, by which signs, whom they hit; and everyone of one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics.cached import outages
from vcanalytics.cached.outages import Found, Outage
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.ui import exports, failed_payments, panels, pattern, tables, toolbar

_ROWS: Final = 8
_SEEN: Final = 9
_HIT: Final = 500
_STREAMS: Final = ("health", "mails", "requests", "transactions")
_SERVICES: Final[dict[str, words.Word]] = {
    outages.PAYPAL: words.Word("PayPal", "red", "credit_card_off", "critical"),
    outages.MAIL: words.Word("E-mail", "orange", "unsubscribe", "warning"),
}
_STILL: Final = words.Word("Still", "red", "error", "critical")
_NAMES: Final[dict[str, str]] = {
    "failing": "Payments fail",
    "slow": "PayPal is slow",
    "reported_down": "Reported down",
    "calls_fail": "Calls fail",
    "mails_fail": "Mails fail",
    "not_mailed": "No mails go out",
}


def draw(defaults: Defaults) -> None:
    """The outages of the range; one opens."""
    view = toolbar.view(defaults)
    opened = _opened()
    wide, narrow = st.columns([1.55, 1], gap="xsmall")
    with wide, panels.box("outages"), panels.contained("outages", skeleton=220):
        found = outages.found(view.start, view.end, now=view.now)
        one = next((outage for outage in found.outages if _id(outage) == opened), None)
        _listing(found, one, view)
    with narrow, panels.box("outage"), panels.contained("outage"):
        if one is None:
            _explained()
        else:
            _outage(found, one, view)


def _id(one: Outage) -> str:
    return f"{one.service}@{one.start.isoformat()}"


def _opened() -> str:
    return st.query_params.get("outage", "")


def _pick(chosen: str | None) -> None:
    if chosen is None:
        st.query_params.pop("outage", None)
    else:
        st.query_params["outage"] = chosen


def _listing(found: Found, one: Outage | None, view: Range) -> None:
    days = f"of the last {outages.DAYS_MAX} days of the range" if found.cut else ""
    counted = formats.counted(len(found.outages), "outage", "outages") if found.outages else "none"
    panels.head("Outages", note=f"{counted} {days}".strip(), key="outages", streams=_STREAMS)
    if not found.outages:
        panels.empty(
            f"Neither PayPal nor the mail was down {formats.literal(view.spoken)}.",
            "As far as payments, calls, checks and mails tell.",
            icon="check_circle",
        )
        return
    ids = [_id(outage) for outage in found.outages]
    frame = _cells(found, view)
    tables.picked_from(
        frame.select("what", "from", "long", "payments") if toolbar.phone() else frame,
        ids,
        None if one is None else _id(one),
        key="outages_table",
        pick=_pick,
        rows_max=_ROWS,
        columns=_columns(),
        alt="Outages of PayPal and of the mail, the newest first; select one to see whom it hit",
    )
    csv = exports.link("outages", view, streams=_STREAMS)
    st.markdown(f":small[{exports.files(csv)}]", text_alignment="right")


def _hit(found: Found, one: Outage) -> pl.DataFrame:
    return found.affected.filter(pl.col("outage") == found.outages.index(one))


def _money(rows: pl.DataFrame) -> str:
    sums = rows.group_by("currency").agg(pl.col("amount").cast(pl.Decimal(38, 4)).sum())
    return failed_payments.money(sums)


def _later(rows: pl.DataFrame, one: Outage) -> str:
    if one.service != outages.PAYPAL or not rows.height:
        return ""
    return formats.count(rows["paid_at"].count())


def _cells(found: Found, view: Range) -> pl.DataFrame:
    def moments(times: list[datetime]) -> pl.Series:
        series = pl.Series("at", times, dtype=pl.Datetime("us", "UTC"))
        return tables.moments(series, view.zone, view.now)

    every = found.outages
    rows = [_hit(found, one) for one in every]
    marks = [[_SERVICES[one.service].label, *([_STILL.label] if one.open else [])] for one in every]
    return pl.DataFrame(
        {
            "what": pl.Series(marks, dtype=pl.List(pl.String)),
            "from": moments([one.start for one in every]),
            "to": pl.Series(
                [
                    "" if one.open else text
                    for one, text in zip(every, moments([one.end for one in every]), strict=True)
                ],
                dtype=pl.String,
            ),
            "long": [formats.age((one.end - one.start).total_seconds()) for one in every],
            "payments": [mine.height for mine in rows],
            "people": [mine["customer"].drop_nulls().n_unique() for mine in rows],
            "money": [_money(mine) for mine in rows],
            "later": [_later(mine, one) for mine, one in zip(rows, every, strict=True)],
            "signs": [
                ", ".join(dict.fromkeys(_NAMES[sign.name] for sign in one.signs)) for one in every
            ],
        }
    )


def _columns() -> dict[str, Any]:
    column, phone = st.column_config, toolbar.phone()
    own = failed_payments.own()
    return {
        "what": tables.chips("What", [*_SERVICES.values(), _STILL], 84 if phone else 112),
        "from": column.TextColumn("From", width=96),
        "to": column.TextColumn("To", width=96),
        "long": column.TextColumn("For", width=84),
        "payments": column.NumberColumn("Payments", format="%,d", width=70),
        "people": column.NumberColumn("People", format="%,d", width=54),
        "money": column.TextColumn(own, width=96, alignment="right"),
        "later": column.TextColumn("Paid later", width=72, alignment="right"),
        "signs": column.TextColumn("Signs", width=230),
    }


def _outage(found: Found, one: Outage, view: Range) -> None:
    """One outage: its signs with their figures, and everyone it hit."""
    rows = _hit(found, one)
    word = _SERVICES[one.service]
    lasted = formats.age((one.end - one.start).total_seconds())
    since = formats.moment(one.start, view.zone, view.now)
    st.header(f"{word.label} down for {lasted}", anchor=False)
    until = "still" if one.open else f"to {formats.moment(one.end, view.zone, view.now)}"
    st.markdown(f":small[:gray[{formats.literal(since)} {formats.literal(until)}]]")
    for sign in one.signs:
        when = formats.moment(sign.start, view.zone, view.now)
        lasting = formats.age((sign.end - sign.start).total_seconds())
        # What the source says may be an address, which Markdown would make a link of.
        told = formats.literal(sign.told) + (f", {formats.code(sign.said)}" if sign.said else "")
        st.markdown(f":small[**{_NAMES[sign.name]}** {formats.literal(when)}, {lasting}: {told}]")
    if not rows.height:
        st.caption("No customer was hit, as far as payments and mails tell.")
        return
    _people(rows, one, view)


def _people(rows: pl.DataFrame, one: Outage, view: Range) -> None:
    shown = rows.head(_HIT)
    column = st.column_config
    paid = one.service == outages.PAYPAL
    frame = shown.select(
        pl.col("customer").fill_null(""),
        tables.amounts(shown["amount"], shown["currency"], "").alias("amount"),
        tables.status_cells(shown["status"]).alias("status"),
        tables.moments(shown["paid_at"], view.zone, view.now).alias("paid"),
        pl.col("transaction_id"),
    )
    ids = shown["transaction_id"].to_list()
    chosen = st.query_params.get("payment")
    tables.picked_from(
        frame if paid else frame.drop("paid"),
        ids,
        chosen,
        key="outage_people",
        pick=pattern.pick_payment,
        rows_max=_SEEN,
        columns={
            "customer": column.TextColumn("Write to", width=190),
            "amount": column.TextColumn("Amount", width=92, alignment="right"),
            "status": tables.status_column(shown["status"], 92),
            "paid": column.TextColumn("Paid later", width=96),
            "transaction_id": column.TextColumn("Payment", width=170),
        },
        alt="Everyone whom this outage hit; select one to go there",
    )
    csv = exports.link(
        "outage", view, streams=_STREAMS, service=one.service, since=one.start.isoformat()
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if chosen is not None and chosen in ids:
            pattern.ways(rows.row(ids.index(chosen), named=True)["customer"], chosen, view)
        st.space("stretch")
        more = f"{_HIT} of {formats.count(rows.height)}" if rows.height > _HIT else ""
        st.markdown(f":small[{more}\u2002{exports.files(csv)}]", width="content")


def _explained() -> None:
    st.header("How an outage is told", anchor=False)
    st.markdown(
        ":red[**PayPal**]: more payments fail than the rule *failure_rate* of the alerts lets pass,"
        " its API is slower than *paypal_slow* does, calls of it fail in a row, or VectorCraft's"
        " own check calls it critical. Hit are those who tried in it and were not captured.\n\n"
        ":orange[**E-mail**]: half of the mails of half an hour fail or come back, three captured"
        " payments in a row have none, or the check is critical. Hit are those who paid in it"
        " without a mail."
    )
    st.caption("What lies no more than 15 minutes apart is one outage. Select one to see whom.")
