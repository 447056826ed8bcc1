"""The first chart of a tab is painted before the rest of its page is sent.

What a browser is sent in one go it draws in one go, the first chart last of all. Here the script
waits for the browser's word (vcanalytics/web/page/first_chart.js), once a tab.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from vcanalytics import painted
from vcanalytics.ui import agents

#: Longer than a browser of today needs, shorter than anybody minds where none answers: a tab that
#: is opened in the background paints nothing.
_WITHIN_S: Final = 1.0
_WORD: Final = "first_chart_word"
_SENT: Final = "first_chart_sent"


def word() -> str:
    """What the browser is to say, empty where it needs not."""
    if _WORD not in st.session_state:
        st.session_state[_WORD] = painted.expect() if agents.browsing() else ""
    return str(st.session_state[_WORD])


def sent() -> None:
    """A chart is on its way."""
    st.session_state[_SENT] = True


def let_paint() -> None:
    """Wait until it is seen, if it is the first."""
    if st.session_state.get(_SENT) and st.session_state.get(_WORD):
        painted.wait(st.session_state[_WORD], _WITHIN_S)
        st.session_state[_WORD] = ""
