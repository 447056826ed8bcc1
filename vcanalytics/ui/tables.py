"""Tables of payments: chips for states, amounts with their currency, nothing read as Markdown."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from typing import Any, Final

import polars as pl
import streamlit as st

from vcanalytics.ui import formats, words

#: A row is this high; a table this many of them, plus its head.
ROW_PX: Final = 28


def status_column(statuses: Iterable[str]) -> Any:
    """Chips for the statuses that occur; an unknown one is grey with its own name."""
    found = [words.status(name) for name in sorted(set(statuses))]
    labels = list(dict.fromkeys(word.label for word in found))
    colours = {word.label: word.colour for word in found}
    return st.column_config.MultiselectColumn(
        "State", options=labels, color=[colours[label] for label in labels], width=110
    )


def status_cells(statuses: pl.Series) -> pl.Series:
    """The chips of a column of statuses."""
    return pl.Series(
        statuses.name,
        [[words.status(name).label] for name in statuses],
        dtype=pl.List(pl.String),
    )


def moments(times: pl.Series, zone: tzinfo, now: datetime) -> pl.Series:
    """A column of times as short text in ``zone``."""
    text = ["" if at is None else formats.moment(at, zone, now) for at in times]
    return pl.Series(times.name, text, dtype=pl.String)


def amounts(amount: pl.Series, currency: pl.Series, unit: str) -> pl.Series:
    """A column of money as text: plain where it stands in ``unit``, else with its currency."""
    text = []
    for value, code in zip(amount, currency, strict=True):
        if value is None:
            text.append(formats.ABSENT)
        elif code == unit:
            text.append(formats.money_plain(value, code))
        else:
            text.append(f"{formats.money_plain(value, code)}{formats.NBSP}{code}")
    return pl.Series(amount.name, text, dtype=pl.String)


def what_happened(row: dict[str, Any]) -> str:
    """One payment in a few words."""
    if row["error_message"]:
        return str(row["error_message"])
    if row["status"] == "completed":
        account = "account made" if row["user_created"] else "no account"
        mail = "e-mail sent" if row["email_sent"] else "no e-mail"
        return f"Paid, {account}, {mail}"
    plain = {
        "awaiting_payment": "At PayPal, not paid yet",
        "pending": "Checkout begun",
        "refunded": "Refunded",
    }
    return plain.get(row["status"], "")


def height(rows: int) -> int:
    """The height at which ``rows`` rows and the head are seen without scrolling."""
    return ROW_PX * (rows + 1) + 10
