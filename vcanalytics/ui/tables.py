"""Tables of payments: chips for states, amounts with their currency, nothing read as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final, TypeVar

import polars as pl
import streamlit as st

from vcanalytics.display import formats, words
from vcanalytics.ui import exports

#: A row is this high; a table this many of them, plus its head.
ROW_PX: Final = 28
PAGER_PX: Final = 240

_Id = TypeVar("_Id", str, int)


def chips(label: str, found: Iterable[words.Word], width: int = 110) -> Any:
    """A column of chips in the colours of the words that occur in it."""
    colours = {word.label: word.colour for word in found}
    return st.column_config.MultiselectColumn(
        label, options=list(colours), color=list(colours.values()), width=width
    )


def status_column(statuses: Iterable[str], width: int = 110) -> Any:
    """Chips for the statuses that occur; an unknown one is grey with its own name."""
    return chips("State", [words.status(name) for name in sorted(set(statuses))], width)


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


def what_happened(event: dict[str, Any]) -> str:
    """One event of the feed in a few words."""
    if event["what"] == "failed":
        return str(event["error_message"] or "Failed, no reason given")
    if event["what"] == "begun":
        return "Checkout begun"
    if event["what"] == "refunded":
        return "Refunded"
    payer = str(event["payer_email"] or "")
    other = payer and payer.strip().lower() != str(event["email"] or "").strip().lower()
    return f"Paid by {payer}" if other else "Paid"


def height(rows: int) -> int:
    """The height at which ``rows`` rows and the head are seen without scrolling."""
    return ROW_PX * (rows + 1) + 10


def picked_from(
    frame: pl.DataFrame,
    ids: Sequence[_Id],
    chosen: _Id | None,
    *,
    key: str,
    pick: Callable[[_Id | None], None],
    rows_max: int,
    columns: Mapping[str, Any],
    alt: str,
) -> None:
    """A table of which one row can be picked; ``pick`` is told whose, or None.

    What is picked is known by its id: rows may move between two looks.
    """
    rows = [ids.index(chosen)] if chosen is not None and chosen in ids else []
    st.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}

    def selected() -> None:
        now = st.session_state[key]["selection"]["rows"]
        pick(ids[now[0]] if now else None)

    st.dataframe(
        frame,
        key=key,
        hide_index=True,
        height=height(min(frame.height, rows_max)),
        row_height=ROW_PX,
        column_config=dict(columns),
        on_select=selected,
        selection_mode="single-row",
        placeholder="",
        alt=alt,
    )


def below(
    key: str, page: int, pages: int, *, rows: int, total: int, csv: str, picture: str = ""
) -> None:
    """Under a list that turns its pages on the server: the pager, which rows, the whole as CSV.

    ``rows`` a page; the page stands in the URL as ``page``. ``picture``: the chart beside it.
    """
    first, last = (page - 1) * rows + 1, min(page * rows, total)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        if pages > 1:
            # Another list is another widget: its page must not be that of the one before.
            key = f"{key}_{pages}"
            st.session_state[key] = page
            # Left to itself it makes room for the page it is on and for no other.
            st.pagination(pages, key=key, on_change=_turned, args=(key,), width=PAGER_PX)
        st.space("stretch")
        st.caption(
            f"{formats.count(first)} to {formats.count(last)} of {formats.count(total)}",
            width="content",
        )
        st.markdown(f":small[{exports.files(csv, picture)}]", width="content")


def _turned(key: str) -> None:
    st.query_params["page"] = str(st.session_state[key])
