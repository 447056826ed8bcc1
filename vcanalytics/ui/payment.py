"""One payment, opened: amount and states, who paid, what happened, and where to go from there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from vcanalytics import cached
from vcanalytics.display import formats, words
from vcanalytics.display.ranges import Range
from vcanalytics.ui import panels, story
from vcanalytics.ui.story import Fact, Part


def _chips(row: dict[str, Any], view: Range) -> list[str]:
    word = words.status(row["status"])
    chips = [panels.chip(word.label, word.colour, word.icon)]
    served = row["status"] == "completed" and view.now - row["captured_at"] > cached.grace()
    if served and not row["email_sent"]:
        chips.append(panels.chip("E-mail not sent", "red", "error"))
    if served and not row["user_created"]:
        chips.append(panels.chip("No account", "red", "error"))
    if row["captured"] and row["status"] in {"failed", "error"}:
        chips.append(panels.chip("Was captured", "red", "error"))
    if row["deleted"]:
        chips.append(panels.chip("Deleted at source", "gray", "delete"))
    if row["transaction_id"].startswith(cached.settings().sample_prefixes):
        chips.append(panels.chip("Sample", "gray", "science"))
    return chips


def _facts(row: dict[str, Any]) -> list[Fact]:
    email, payer = row["email"] or "", row["payer_email"] or ""
    facts = [Fact("Customer", (Part(email or "not given"),))]
    if payer:
        differs = payer.strip().lower() != email.strip().lower()
        chip = (Part("differs", tone="warning"),) if differs else ()
        facts.append(Fact("PayPal payer", (Part(payer), *chip)))
    for label, name in (
        ("PayPal order", "paypal_order_id"),
        ("PayPal payment", "paypal_payment_id"),
    ):
        if row[name]:
            facts.append(Fact(label, (Part(row[name], code=True),)))
    if row["error_message"]:
        facts.append(Fact("Error", (Part(row["error_message"], tone="critical"),)))
    if row["notes"]:
        facts.append(Fact("Could not be read", (Part(row["notes"], tone="warning"),)))
    return facts


def _still(row: dict[str, Any]) -> str:
    if row["deleted"]:
        return "Gone from the source."
    if row["status"] == "completed" and not row["email_sent"]:
        return "Still no e-mail."
    if row["status"] in {"pending", "awaiting_payment"}:
        return "Still not paid."
    return ""


def _headline(row: dict[str, Any], view: Range) -> str:
    since = row["captured_at"] if row["captured"] else row["created_at"]
    verb = "paid" if row["captured"] else "created"
    age = formats.age((view.now - since).total_seconds())
    when = formats.moment(since, view.zone, view.now)
    return f"{formats.code(row['transaction_id'])} :small[:gray[{verb} {when}, {age} ago]]"


def _link(transaction_id: str, view: Range, *, page_link: bool) -> None:
    params = {"payment": transaction_id, "range": "all", "zone": view.zone_name}
    if page_link:
        label = ":small[:blue[Open payment]]"
        st.page_link("pages/transactions.py", label=label, icon="", query_params=params)
    else:
        # A page link to the page one is on is drawn as the chosen one of a menu.
        link = f"/transactions?{urlencode(params)}"
        st.markdown(f":small[[Link to this payment]({link})]", width="content")


def draw(
    transaction_id: str,
    view: Range,
    *,
    page_link: bool = False,
    why: tuple[str, str] | None = None,
) -> bool:
    """Draw one payment; says so where it is unknown. Returns whether it was found.

    ``page_link`` leads to the payment's own page instead of being a link to share; ``why`` says why
    it is looked at: our words, and the detail, which is taken literally.
    """
    row = cached.payment(transaction_id)
    if row is None:
        panels.empty(
            "This payment is not known.",
            f"{formats.code(transaction_id)} is in no version the console has kept.",
        )
        return False
    amount = row["captured_amount"]
    text = formats.money(amount, row["currency"]) if amount is not None else "No readable amount"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.header(formats.literal(text), anchor=False, width="content")
        st.markdown(" ".join(_chips(row, view)), width="content")
        st.space("stretch")
        _link(transaction_id, view, page_link=page_link)
    st.markdown(_headline(row, view))
    facts = _facts(row)
    if why is not None:
        st.header("Why this is here", anchor=False)
        st.markdown(why[0])
        if why[1]:
            facts.insert(0, Fact("Found", (Part(why[1]),)))
    events = cached.timeline(transaction_id)
    steps = story.steps(events, view.zone, view.now, last=_still(row))
    story.draw(facts, steps, key="payment")
    return True


def actions(transaction_id: str, view: Range) -> None:
    """Ways on from a payment: everything of this customer."""
    row = cached.payment(transaction_id)
    if row is None:
        return
    addresses = {"Customer": row["email"], "Payer": row["payer_email"]}
    with st.container(horizontal=True, gap="xsmall"):
        for label, address in addresses.items():
            if address and st.button(label, icon=":material/person:", key=f"all_of_{label}"):
                params = {"customer": address.strip().lower(), "zone": view.zone_name}
                st.switch_page("pages/customers.py", query_params=params)
