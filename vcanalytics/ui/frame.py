"""The frame of every page: navigation, mark and title."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from vcanalytics import cached
from vcanalytics.ui import formats, words

_HERE: Final = Path(__file__).resolve().parents[2]
ICON: Final = str(_HERE / "static" / "icon.svg")
#: Navigation shows no focus ring of its own. The only styling besides the theme.
_FOCUS: Final = (
    "<style>a:focus-visible, button:focus-visible "
    "{outline: 2px solid currentColor !important; outline-offset: 1px}</style>"
)


def _pages() -> list[st.Page]:
    work = cached.open_work(words.OPEN_WORK)
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
            "pages/revenue.py", title="Revenue", icon=":material/payments:", url_path="revenue"
        ),
        st.Page(
            "pages/performance.py",
            title="Performance",
            icon=":material/speed:",
            url_path="performance",
        ),
        st.Page("pages/activity.py", title="Activity", icon=":material/bolt:", url_path="activity"),
        st.Page("pages/system.py", title="System", icon=":material/memory:", url_path="system"),
        st.Page(
            "pages/reconcile.py",
            title=f"Reconcile {formats.count(work)}" if work else "Reconcile",
            icon=":material/assignment_late:",
            url_path="reconcile",
        ),
    ]


def run() -> None:
    """Draw the frame and run the page the viewer is on."""
    st.set_page_config(
        page_title="VectorCraft console",
        page_icon=ICON,
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    st.logo(ICON, size="medium")
    st.html(_FOCUS)
    page = st.navigation(_pages(), position="top")
    page.run()
