"""Importing PayPal's download on its page: what it would come to first, then a button."""

from __future__ import annotations

from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from vcanalytics.accounts import Principal, Role
from vcanalytics.cached import paypal
from vcanalytics.cached.paypal import Order, Outcome
from vcanalytics.display import formats
from vcanalytics.display.ranges import Defaults, Range
from vcanalytics.errors import ConsoleError
from vcanalytics.ui import doing, live, panels, toolbar, who

PLACE: Final = "paypal_import"
MB_MAX: Final = 32
_ROUND: Final = "paypal_round"
_LOOKED: Final = "paypal_looked"
_ASIDES: Final = 5
_DATES: Final = {
    "": "by the file's own evidence",
    "dmy": "day first: 20/11/2026",
    "mdy": "month first: 11/20/2026",
    "ymd": "year first: 2026-11-20",
}
WHERE: Final = (
    "At PayPal: *Activity*, *All reports*, *Activity download*. Choose *Balance affecting* or *All"
    " transactions*, the period and **CSV**, with the columns Date, Time, TimeZone, Type, Status,"
    " Currency, Gross, Fee, Net, From and To Email Address, Transaction ID, Reference Txn ID,"
    " Invoice Number and Balance Impact. More than 50,000 lines come as a ZIP: take it as it is."
)


def draw(defaults: Defaults) -> None:
    """The upload, what it would come to, and the button that imports it."""
    view = toolbar.view(defaults)
    with panels.contained("paypal_import"):
        panels.head("Import a download")
        doing.tell(PLACE)
        if not who.may(Role.OPERATOR):
            st.caption(f"Operators import PayPal's downloads here. {WHERE}")
            return
        file = st.file_uploader(
            "PayPal's activity download: CSV, or the ZIP of several",
            type=["csv", "zip", "txt", "tab"],
            key=f"paypal_file_{st.session_state.get(_ROUND, 0)}",
            max_upload_size=MB_MAX,
        )
        if file is None:
            st.caption(WHERE)
            return
        dates = st.selectbox(
            "How its dates are written",
            list(_DATES),
            format_func=_DATES.__getitem__,
            key="paypal_dates",
        )
        _look(file, dates, view)


def _look(file: UploadedFile, dates: str, view: Range) -> None:
    """A dry run, made once for what was chosen."""
    chosen = (file.file_id, dates, view.zone_name)
    known = st.session_state.get(_LOOKED)
    if known is None or known[0] != chosen:
        order = Order(dates) if dates else None
        try:
            with st.spinner("Reading it"):
                found: Outcome | ConsoleError = paypal.preview(
                    file.getbuffer(), file.name, zone=view.zone_name, dates=order
                )
        except ConsoleError as error:
            found = error
        st.session_state[_LOOKED] = known = (chosen, found)
    if isinstance(known[1], ConsoleError):
        st.warning(panels.sentence(known[1]), title="This file cannot be imported")
        return
    _outcome(known[1], view)
    if known[1].earlier is None:
        st.button(
            f"Import {formats.counted(known[1].new + known[1].changed, 'row', 'rows')}",
            key="paypal_bring",
            icon=":material/download_done:",
            type="primary",
            on_click=_bring,
            args=(file, dates, view.zone_name),
        )


def _outcome(found: Outcome, view: Range) -> None:
    """What an import would come to, in words."""
    if found.earlier is not None:
        when = formats.moment(found.earlier, view.zone, view.now)
        st.info(f"This very file was imported {when}: nothing in it is new.")
        return
    counts = {
        "new": found.new,
        "changed": found.changed,
        "known already": found.same,
        "older than what is known": found.older,
        "repeated": found.repeated,
        "lines of carts": found.items,
        "kept aside": found.aside,
    }
    said = ", ".join(f"{formats.count(n)} {what}" for what, n in counts.items() if n)
    span = ""
    if found.first_at is not None and found.last_at is not None:
        first, last = (formats.full(at, view.zone) for at in (found.first_at, found.last_at))
        span = f" From {formats.literal(first)} to {formats.literal(last)}."
    lines = formats.counted(found.lines, "line", "lines")
    st.markdown(f"**A dry run, nothing is changed yet.** {lines}: {said}.{span}")
    kinds = ", ".join(
        f"{formats.count(number)} {kind} {'' if state == 'done' else f'({state})'}".strip()
        for (kind, state), number in sorted(found.kinds.items(), key=lambda one: -one[1])
    )
    st.caption(formats.literal(f"By kind: {kinds}"))
    if found.unknown_types:
        names = ", ".join(f"{name} ({count})" for name, count in found.unknown_types.items())
        st.caption(formats.literal(f"Types that are unknown: {names}"))
    if found.aside:
        st.caption("Kept aside, because they cannot be read:")
        for part, one in found.asides[:_ASIDES]:
            place = f"{part}, " if part else ""
            st.caption(formats.literal(f"{place}line {formats.count(one.line)}: {one.reason}"))


def _bring(file: UploadedFile, dates: str, zone: str) -> None:
    def change(me: Principal) -> str:
        order = Order(dates) if dates else None
        found = paypal.import_file(file.getbuffer(), file.name, zone=zone, dates=order, by=me.actor)
        detail = f"{found.lines} lines, {found.new} new, {found.changed} changed"
        doing.note(me, "paypal_imported", found.file, detail)
        # The next one begins with an empty field.
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1
        st.session_state.pop(_LOOKED, None)
        return f"{found.file} was imported: {detail}."

    if doing.act(PLACE, "import PayPal's download", change, role=Role.OPERATOR, target=file.name):
        # What differs stands elsewhere on the page.
        live.rerun_page()
