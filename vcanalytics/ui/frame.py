"""The frame of every page: navigation, mark, title, and what concerns all pages alike."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from vcanalytics import cached
from vcanalytics.ui import formats, toolbar, words

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


def demo_badge() -> str:
    """The chip beside the title while the console shows a demo shop."""
    if cached.settings().source_url:
        return ""
    return ":violet-badge[:material/science: Demo shop]"


def notices() -> None:
    """What concerns every figure of the page: the demo shop, the source, history's reading."""
    if not cached.settings().source_url:
        _demo()
    _making()
    _stale()
    _reading()


_CONNECT: Final = """
1. In `.env` beside `Home.py`, name the database of your VectorCraft. It is only ever read:

       VC_SOURCE_URL=sqlite:////srv/vectorcraft/vectorcraft.db

2. Ask what the console finds there: `.venv/bin/python -m vcanalytics source`
3. Give it a folder of its own, so that the demo's payments stay apart, and start again:

       VC_DATA_DIR=data/shop make run
"""


def _demo() -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(
            ":violet[:material/science:] :small[These payments are made up.]", width="content"
        )
        with st.popover("Connect your own", type="tertiary", key="connect"):
            st.markdown(_CONNECT)


def _making() -> None:
    demo = cached.demo()
    if demo.get("problem"):
        st.markdown(
            f":orange-badge[:material/science: Demo shop] "
            f":small[{formats.literal(str(demo['problem']))}. {formats.literal(demo['hint'])}.]"
        )
    elif demo.get("total"):
        done = min(1.0, demo["done"] / demo["total"])
        st.progress(done, f"Making the demo shop: {formats.percent(done * 100)}, {demo['what']}.")


def _stale() -> None:
    source = cached.source()
    problem = source.get("problem")
    if not problem:
        return
    since = cached.as_time(source.get("since"))
    zone = cached.settings().zone
    age = f" for {formats.age((toolbar.now() - since).total_seconds())}" if since else ""
    last = cached.streams()["transactions"].read_at
    good = f"Last good data from {formats.moment(last, zone, toolbar.now())}. " if last else ""
    what, hint = str(problem), str(source.get("hint") or "")
    words = f"{what[:1].upper()}{what[1:]}. {good}{hint}{'.' if hint else ''}"
    label = "Stale" if last else "Not read"
    st.markdown(f":orange-badge[:material/history: {label}{age}] :small[{formats.literal(words)}]")


def _reading() -> None:
    reading = [state for state in cached.streams().values() if state.reading_history]
    if reading:
        done, total = sum(s.done for s in reading), sum(s.total for s in reading)
        st.progress(
            min(1.0, done / total) if total else 0.0,
            f"Reading history: {formats.count(done)} of {formats.count(total)} rows. "
            "Figures are not whole yet.",
        )
