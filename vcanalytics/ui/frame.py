"""The frame of every page: navigation, mark and title."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from vcanalytics import cached
from vcanalytics.accounts import Principal, Role
from vcanalytics.cached import alerts
from vcanalytics.display import formats, words
from vcanalytics.errors import StoreError
from vcanalytics.ui import account, doing, panels, views, who

_HERE: Final = Path(__file__).resolve().parents[2]
ICON: Final = str(_HERE / "static" / "icon.svg")


def pages(me: Principal) -> list[st.Page]:
    """Every page, and whether this viewer's navigation shows it."""
    work = cached.open_work(words.OPEN_WORK)
    firing = _firing()
    return [
        st.Page(
            "pages/overview.py",
            title="Overview",
            icon=":material/space_dashboard:",
            url_path="overview",
            default=True,
        ),
        st.Page(
            "pages/transactions.py",
            title="Transactions",
            icon=":material/receipt_long:",
            url_path="transactions",
        ),
        st.Page(
            "pages/customers.py",
            title="Customers",
            icon=":material/person_search:",
            url_path="customers",
        ),
        st.Page(
            "pages/revenue.py", title="Revenue", icon=":material/payments:", url_path="revenue"
        ),
        st.Page(
            "pages/performance.py",
            title="Performance",
            icon=":material/speed:",
            url_path="performance",
        ),
        # Reached from Performance.
        st.Page(
            "pages/endpoint.py",
            title="Endpoint",
            icon=":material/speed:",
            url_path="endpoint",
            visibility="hidden",
        ),
        st.Page("pages/activity.py", title="Activity", icon=":material/bolt:", url_path="activity"),
        st.Page("pages/system.py", title="System", icon=":material/memory:", url_path="system"),
        st.Page(
            "pages/reconcile.py",
            title=f"Reconcile {formats.count(work)}" if work else "Reconcile",
            icon=":material/assignment_late:",
            url_path="reconcile",
        ),
        # Reached from Reconcile: ui/money_desk.py.
        st.Page(
            "pages/failures.py",
            title="Failures",
            icon=":material/running_with_errors:",
            url_path="failures",
            visibility="hidden",
        ),
        st.Page(
            "pages/paypal.py",
            title="PayPal",
            icon=":material/account_balance:",
            url_path="paypal",
            # Reached from Reconcile's head.
            visibility="hidden",
        ),
        st.Page(
            "pages/alerts.py",
            title=f"Alerts {formats.count(firing)}" if firing else "Alerts",
            icon=f":material/notifications{'_active' if firing else ''}:",
            url_path="alerts",
        ),
        st.Page("pages/health.py", title="Health", icon=":material/ecg_heart:", url_path="health"),
        st.Page("pages/cache.py", title="Cache", icon=":material/cached:", url_path="cache"),
        st.Page(
            "pages/users.py",
            title="Users",
            icon=":material/group:",
            url_path="users",
            # Known to all, so that a link to it is refused in words and written down.
            visibility="visible" if me.role.allows(Role.ADMIN) else "hidden",
        ),
    ]


def _firing() -> int:
    try:
        return alerts.count(alerts.AlertFilters(states=(alerts.AlertState.FIRING,)))
    except StoreError:
        # The page itself says so; every other one lives without its number.
        return 0


def run() -> None:
    """Draw the frame and run the page the viewer is on."""
    st.set_page_config(
        page_title="VectorCraft console",
        page_icon=ICON,
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    st.logo(ICON, size="medium")
    try:
        me = who.principal()
    except StoreError as error:
        st.error(
            panels.sentence(error), title="The accounts cannot be read", icon=":material/error:"
        )
        return
    if me is None:
        _signed_out()
        return
    page = st.navigation(pages(me), position="top")
    views.arrive(me, page.url_path)
    try:
        page.run()
    except who.NotAllowed as error:
        _refused(page.title, error)
    doing.draw_dialog()


def _signed_out() -> None:
    st.title("You are signed out", anchor=False)
    st.html('<a href="/login">Sign in</a>')


def _refused(title: str, error: who.NotAllowed) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.title(title, anchor=False, width="content")
        st.space("stretch")
        account.menu()
    st.warning(panels.sentence(error), title="This is not for you", icon=":material/lock:")
    st.page_link("pages/overview.py", label="Overview", icon=":material/space_dashboard:")
