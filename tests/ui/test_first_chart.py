"""The rest of a tab's first page is sent once its first chart is seen, and nothing waits later."""

from __future__ import annotations

import pytest

from tests.app_runner import AppTest
from vcanalytics import painted
from vcanalytics.ui import agents

PAGE = """
import polars as pl
import streamlit as st
from vcanalytics.ui import chart, first_chart, live

def point():
    chart.draw(pl.DataFrame({"x": [1]}), {"mark": "point"}, key="one", alt="A point")

st.session_state["word"] = first_chart.word()
live.fragment(st.markdown, "no chart yet")
live.fragment(point)
st.markdown("the rest")
"""


class Waits:
    """The words that were waited for."""

    def __init__(self) -> None:
        self.words: list[str] = []

    def __call__(self, word: str, within_s: float) -> bool:
        assert 0 < within_s <= 1
        self.words.append(word)
        return True


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    found = Waits()
    monkeypatch.setattr(painted, "wait", found)
    return found


def test_the_first_chart_is_waited_for_once_a_tab(
    waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "browsing", lambda: True)
    app = AppTest.from_string(PAGE, default_timeout=30).run()
    assert list(app.exception) == []
    word = app.session_state["word"]
    assert word
    assert waits.words == [word]
    assert [element.value for element in app.markdown] == ["no chart yet", "the rest"]

    app.run()
    assert app.session_state["word"] == ""
    assert waits.words == [word]


def test_a_page_without_a_chart_waits_for_nothing(
    waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "browsing", lambda: True)
    page = PAGE.replace("live.fragment(point)\n", "")
    app = AppTest.from_string(page, default_timeout=30).run()
    assert list(app.exception) == []
    assert waits.words == []


def test_where_no_browser_looks_nothing_is_waited_for(waits: Waits) -> None:
    app = AppTest.from_string(PAGE, default_timeout=30).run()
    assert list(app.exception) == []
    assert app.session_state["word"] == ""
    assert waits.words == []
