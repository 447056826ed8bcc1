"""The heartbeat: every minute while all lives, and never a message that keeps it waiting."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.notify.night import Night, plan_of
from tests.notify.receivers import Web
from vcanalytics.health.notifying import Notifying, notifications
from vcanalytics.journal import Journal
from vcanalytics.model.health import Status


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


def test_health_hears_of_a_heartbeat_that_is_not_taken_and_that_it_is_again(
    night: Night, web: Web, journal: Journal
) -> None:
    def said() -> tuple[Status, str]:
        with journal.read() as connection:
            told = Notifying.read(connection)
        assert told.at is not None
        (verdict,) = notifications(told, told.at)
        return verdict.status, verdict.what

    web.answer(500, 200)
    night.go(30)
    # What a beat came to is told in the next round.
    night.go(1)
    status, what = said()
    assert status is Status.WARNING
    assert what.startswith("the heartbeat was not taken")
    night.go(60)
    night.go(1)
    assert said() == (Status.HEALTHY, "0 channels are minded")
