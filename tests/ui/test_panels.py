"""A panel that fails says so in its own place, and the rest of the page lives."""

from __future__ import annotations

import logging
import re

import pytest

from tests.app_runner import AppTest
from tests.pages.console import ELSEWHERE, console_on

#: A page of two panels; the first one does as BODY says.
PAGE = """
import streamlit as st
from vcanalytics.errors import BudgetExceeded, StoreError, UsageError
from vcanalytics.ui import panels

with panels.contained("bars", skeleton=100):
    BODY
st.markdown("the panel below")
"""


def draw(body: str) -> AppTest:
    app = AppTest.from_string(PAGE.replace("BODY", body), default_timeout=30).run()
    assert list(app.exception) == []
    return app


def said(app: AppTest) -> list[str]:
    return [element.value for element in app.markdown]


def test_a_question_over_its_budget_says_what_to_do() -> None:
    app = draw('raise BudgetExceeded("the question took longer than 2 s")')

    (warning,) = app.warning
    assert warning.proto.title == "Too much for one look"
    assert "took longer than 2 s" in warning.value
    assert "longer grain" in warning.value
    assert said(app) == ["the panel below"]


def test_what_cannot_be_asked_is_said_and_taken_literally() -> None:
    app = draw('raise UsageError("a *bold* wish", where="/srv/x", hint="Ask for [less](http://y)")')

    (warning,) = app.warning
    assert warning.proto.title == "This cannot be asked"
    assert warning.value == r"A \*bold\* wish\. Ask for \[less\]\(http\://y\)\."
    assert "/srv" not in warning.value
    assert said(app) == ["the panel below"]


@pytest.mark.parametrize(
    ("body", "words", "logged"),
    [
        (
            'raise StoreError("the store is away", where="/srv/secret.db")',
            "The store is away",
            "the store is away",
        ),
        ('raise KeyError("secret column")', "Something failed inside", "secret column"),
    ],
)
def test_a_failure_is_shown_by_a_reference_that_stands_in_the_log(
    caplog: pytest.LogCaptureFixture, body: str, words: str, logged: str
) -> None:
    with caplog.at_level(logging.ERROR, "vcanalytics.ui.panels"):
        app = draw(body)

    (error,) = app.error
    assert error.proto.title == "This panel could not be drawn"
    assert error.value.replace("\\", "").startswith(words)
    assert "secret" not in error.value
    reference = re.search(r"Reference ([0-9A-F]{4})", error.value)
    assert reference is not None
    assert f"panel bars could not be drawn, reference {reference.group(1)}" in caplog.text
    assert logged in caplog.text
    assert [button.label for button in app.button] == ["Try again"]
    assert said(app) == ["the panel below"]


def test_a_panel_that_is_well_is_drawn_and_drawn_again() -> None:
    app = draw('st.markdown("a figure")')
    assert said(app) == ["a figure", "the panel below"]
    app.run()
    assert said(app) == ["a figure", "the panel below"]


def test_figures_that_could_not_be_asked_anew_say_how_old_they_are(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    body = """
    from datetime import UTC, datetime
    from vcanalytics.cached import lately

    kept = lately.Lately(1)
    good = lambda: datetime.now(UTC).replace(microsecond=0)

    def bad():
        raise StoreError("the store did not answer within 2 s")

    kept.ask((), good, lambda at: at)
    assert kept.ask((), bad, lambda at: at) <= datetime.now(UTC)
"""
    with console_on(tmp_path_factory.mktemp("panels") / "data", source_url=ELSEWHERE):
        app = draw(body.strip())

    assert list(app.error) == []
    assert said(app) == ["the panel below"]
    (caption,) = app.caption
    assert "Last good data from " in caption.value
    assert "did not answer within 2 s" in caption.value.replace("\\", "")
    assert [button.label for button in app.button] == ["Try again"]
