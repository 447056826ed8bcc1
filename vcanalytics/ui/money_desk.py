"""The pages of the money desk: a row of links under the title, the same on each of them."""

from __future__ import annotations

from typing import Final

import streamlit as st

#: The page's file, and its word.
_PAGES: Final = (
    ("pages/reconcile.py", "Desk"),
    ("pages/failures.py", "Failures"),
    ("pages/paypal.py", "PayPal"),
)


def links(here: str) -> None:
    """The way to the desk's other pages; ``here`` is the file of the page it stands on."""
    row = st.container(horizontal=True, vertical_alignment="center", gap="small", key="money_desk")
    with row:
        for file, word in _PAGES:
            if file == here:
                st.markdown(f":small[**{word}**]", width="content")
            else:
                st.page_link(file, label=f":small[:blue[{word}]]", icon="")
