"""The heartbeat: every minute while all lives, and never a message that keeps it waiting."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.notify.night import Night, plan_of
from tests.notify.receivers import Web
from vcanalytics.journal import Journal


@pytest.fixture
def night(journal: Journal, web: Web, tmp_path: Path) -> Night:
    text = f'[heartbeat]\nurl = "{web.url("/ping/sekret")}"\nallow_private = true\n'
    return Night(journal, plan_of(tmp_path, text))


def test_it_beats_every_minute_while_everything_lives(night: Night, web: Web) -> None:
    night.go(1, rounds=121)
    assert [(call.method, call.path) for call in web.calls] == [("GET", "/ping/sekret")] * 3


def test_it_stops_while_something_stands_still_and_goes_on_after(
    night: Night, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    still = ["the collectors are silent"]
    night.alive = lambda _now: still[0] if still else None
    night.start_anew()
    with caplog.at_level(logging.WARNING):
        night.go(60, rounds=3)
    assert web.calls == []
    # Once, not every minute.
    assert caplog.messages == ["no heartbeat is sent: the collectors are silent"]
    still.clear()
    night.go(60)
    assert len(web.calls) == 1


def test_a_monitor_that_does_not_take_it_is_told_of_without_its_url(
    night: Night, web: Web, caplog: pytest.LogCaptureFixture
) -> None:
    web.answer(500, 200)
    with caplog.at_level(logging.WARNING):
        night.go(60, rounds=2)
    assert len(web.calls) == 2
    (line,) = caplog.messages
    assert "the heartbeat was not taken" in line
    assert "answered 500" in line
    assert "sekret" not in line
