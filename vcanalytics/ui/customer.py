"""One customer: what they are worth, what happened to them, which addresses are theirs."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import polars as pl
import streamlit as st

from vcanalytics import cached
from vcanalytics.analytics.customer_story import EVENTS_MAX, PAYMENTS_MAX
from vcanalytics.cached import customers, desk
from vcanalytics.cached.customers import Story
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Range
from vcanalytics.journal.alert_records import Alert
from vcanalytics.ui import live, panels, story, tables, tiles
from vcanalytics.ui.panels import Link
from vcanalytics.ui.story import Fact, Part

_STEPS: Final = 40
_PAYMENT_ROWS: Final = 10
_ALL: Final = "customer_all"
_GOES_TO: Final = "customer_goes_to"
_HOW: Final = {
    "asked": "the one you asked for",
    "payer": "payer",
    "typed": "typed at checkout",
    "account": "account",
}


def draw(address: str, view: Range) -> None:
    """Everything of whoever the address belongs to."""
    if going := st.session_state.pop(_GOES_TO, None):
        params = {"payment": going, "range": "all", "zone": view.zone_name}
        st.switch_page("pages/transactions.py", query_params=params)
    with panels.contained("customer", skeleton=600):
        told = customers.story(address)
        if not told.known:
            _unknown(address)
            return
        _figures(told, view)
        wide, narrow = st.columns([1.62, 1], gap="xsmall")
        with wide, panels.box("customer_story"), panels.contained("customer_story"):
            _story(told, view)
        with narrow:
            with panels.box("customer_who", stretch=False), panels.contained("customer_who"):
                _who(told, view)
            with panels.box("customer_cases", stretch=False), panels.contained("customer_cases"):
                _cases(told, view)
            with panels.box("customer_paid", stretch=False), panels.contained("customer_paid"):
                _payments(told, view)


def _unknown(address: str) -> None:
    with panels.box("customer_unknown"):
        panels.empty(
            "This customer is not known.",
            f"{formats.code(address)} is the address of no payment, account, mail or log line.",
            link=Link("pages/customers.py", "Search for a part of it", {"q": address[:40]}),
            icon="search",
        )


def _figures(told: Story, view: Range) -> None:
    worth = told.worth.to_dicts()
    with st.grid(4, min_column_width=150, gap="xsmall"):
        net = [formats.money(row["net"], row["currency"]) for row in worth] or [formats.ABSENT]
        _figure("Lifetime value", net[0], f"and {' and '.join(net[1:4])}" if net[1:] else "net")
        paid = sum(row["captured"] for row in worth)
        newest = "the newest " if "transactions" in told.cut else ""
        tried = f"of {newest}{formats.counted(told.attempts, 'attempt', 'attempts')}"
        rate = f", {formats.rate(paid / told.attempts)}" if told.attempts else ""
        _figure("Paid", formats.count(paid), f"{tried}{rate}")
        back = [row for row in worth if row["refunded"]]
        sums = " and ".join(formats.money(row["refunds"], row["currency"]) for row in back)
        refunded = sum(row["refunded"] for row in back)
        _figure("Refunded", formats.count(refunded), sums or "none of it")
        moments = told.events["happened_at"]
        if moments.len():
            # In order already: the first and the last.
            first, last = (formats.moment(moments[at], view.zone, view.now) for at in (0, -1))
            _figure("Last seen", last, f"first {first}")
        else:
            _figure("Last seen", formats.ABSENT, "nothing happened yet")


def _figure(label: str, value: str, note: str) -> None:
    change = tiles.Change(None, "gray", formats.literal(note))
    tiles.boxed(label, formats.literal(value), change)


def _story(told: Story, view: Range) -> None:
    met = customers.outages_met(told)
    every = _with_alerts(told.events, met).sort("happened_at", maintain_order=True)
    whole = bool(st.session_state.get(_ALL))
    shown = every if whole else every.tail(_STEPS)
    panels.head(
        "What happened",
        note=f"{formats.counted(every.height, 'event', 'events')}, the newest first",
        key="customer_story",
        streams=customers.STREAMS,
        every_s=live.CALMLY_S,
    )
    for words_ in _incomplete(told):
        st.caption(f":orange[:material/info:] {words_}")
    if not every.height:
        panels.empty("Nothing happened yet.", "The account is there, and that is all.")
        return
    steps = story.steps(shown, view.zone, view.now)
    story.draw([], list(reversed(steps)), key="customer")
    if every.height > _STEPS:
        st.toggle(f"All {formats.count(every.height)}", key=_ALL)


def _with_alerts(events: pl.DataFrame, met: list[Alert]) -> pl.DataFrame:
    rows = [
        (one.fired_at, "alert", f"{one.title}, while an attempt was not paid", None) for one in met
    ]
    return pl.concat([events, pl.DataFrame(rows, schema=events.schema, orient="row")])


def _incomplete(told: Story) -> list[str]:
    found = []
    for name in told.missing:
        label = words.STREAM_LABELS.get(name, name)
        found.append(f"{label} could not be looked through in time, and are not in this story.")
    for name in told.cut:
        label = words.STREAM_LABELS.get(name, name).lower()
        many = formats.count(PAYMENTS_MAX if name == "transactions" else EVENTS_MAX)
        found.append(f"There are more {label} than the newest {many} that are shown.")
    return found


def _who(told: Story, view: Range) -> None:
    panels.head("Who", note="addresses that belong together")
    facts = []
    for one in told.customer.addresses:
        how = _HOW[one.how]
        if one.by and one.how != "asked":
            how += f" of {one.by}" if one.how == "account" else f" with {one.by}"
        if one.payments:
            how += f", {formats.counted(one.payments, 'payment', 'payments')}"
        facts.append(Fact(_label(one.how), (Part(one.address), Part(how, tone="muted"))))
    for row in told.customer.accounts.iter_rows(named=True):
        made = formats.moment(row["made_at"], view.zone, view.now)
        facts.append(Fact("Account", (Part(row["username"] or "no name"), Part(f"made {made}"))))
    if not told.customer.accounts.height:
        facts.append(Fact("Account", (Part("none is known", tone="warning"),)))
    story.draw(facts, [], key="customer_who")
    for payer, count in told.customer.apart:
        st.caption(
            f":orange[:material/call_split:] {formats.code(payer)} pays for "
            f"{formats.counted(count, 'address', 'addresses')}: they may be different people, and "
            "are left apart. Ask the customer."
        )
    if told.customer.more:
        st.caption("There are more addresses than are shown.")


def _label(how: str) -> str:
    return {"payer": "Pays as", "account": "Signs in as"}.get(how, "E-mail")


def _cases(told: Story, view: Range) -> None:
    ids = told.payments["transaction_id"].to_list()
    every = desk.desk(
        desk.found(view.start, view.end, now=view.now, whole=True, finding=None), gone=True
    )
    mine = every.filter(pl.col("transaction_id").is_in(ids))
    panels.head("Cases", note=formats.counted(mine.height, "case", "cases"), key="customer_cases")
    if not mine.height:
        st.caption("Nothing of theirs needs a person, and nothing did.")
        return
    for row in mine.head(_PAYMENT_ROWS).iter_rows(named=True):
        _case(row, view)
    if mine.height > _PAYMENT_ROWS:
        left = mine.height - _PAYMENT_ROWS
        st.caption(f"and {formats.counted(left, 'case', 'cases')} more on Reconcile")


def _case(row: dict[str, Any], view: Range) -> None:
    finding = words.FINDING[row["finding"]]
    state = words.CASES[row["state"]] if row["state"] else None
    chip = panels.chip(state.label, state.colour, state.icon) if state else ""
    amount = row["amount"]
    worth = formats.money(amount, row["currency"]) if amount is not None else "no readable amount"
    params = {"case": row["finding"], "payment": row["transaction_id"], "zone": view.zone_name}
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.page_link(
            "pages/reconcile.py",
            label=f"{finding.label} :material/chevron_right:",
            icon="",
            query_params=params,
        )
        st.markdown(f"{chip} :small[:gray[{formats.literal(worth)}]]", width="content")


def _payments(told: Story, view: Range) -> None:
    rows = told.payments
    csv = {"q": told.customer.names[0], "range": "all", "zone": view.zone_name}
    panels.head("Payments", note=formats.count(rows.height), key="customer_payments")
    if not rows.height:
        st.caption("None: an account without a payment.")
        return
    currency = cached.settings().currency
    amount = rows.select(pl.coalesce("captured_amount", "amount_column")).to_series()
    code = rows.select(
        pl.when(pl.col("captured_amount").is_not_null())
        .then("currency")
        .otherwise(pl.coalesce("currency_column", "currency"))
    ).to_series()
    frame = rows.select(
        tables.moments(rows["created_at"], view.zone, view.now).alias("created"),
        tables.status_cells(rows["status"]).alias("status"),
        tables.amounts(amount, code, currency).alias("amount"),
        pl.col("transaction_id"),
    )
    column = st.column_config
    tables.picked_from(
        frame,
        rows["transaction_id"].to_list(),
        None,
        key="customer_payments_table",
        pick=_open,
        rows_max=_PAYMENT_ROWS,
        columns={
            "created": column.TextColumn("Created", width=104),
            "status": tables.status_column(rows["status"], 92),
            "amount": column.TextColumn(currency, width=74, alignment="right"),
            "transaction_id": column.TextColumn("Payment", width=170),
        },
        alt="Payments of this customer; select one to open it",
    )
    st.markdown(f":small[[The same in Transactions](/transactions?{urlencode(csv)})]")


def _open(transaction_id: str | None) -> None:
    if transaction_id:
        # A callback can only leave word: the page is changed when the fragment runs.
        st.session_state[_GOES_TO] = transaction_id
