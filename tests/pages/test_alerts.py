"""The Alerts page: what fires, taking it up, silencing it, and what has fired."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.pages.console import ELSEWHERE, console_on
from tests.pages.signed_in import open_quick, signed_in
from tests.pages.viewer import Shown, Viewer, press
from vcanalytics.accounts import Role
from vcanalytics.cached import alerts, channels, rules
from vcanalytics.journal import Journal, alert_events, alert_writing, deliveries, rule_states
from vcanalytics.journal.alert_records import EventKind, Firing, Severity
from vcanalytics.journal.delivery_records import Link, New, State
from vcanalytics.web.exports import build

NOW = datetime.now(UTC).replace(microsecond=0)
MARKDOWN = "[x](http://y) **b** <script>"

#: Lets an alert fire so many minutes ago; its number.
Fire = Callable[..., int]


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    with console_on(tmp_path / "data", source_url=ELSEWHERE):
        yield tmp_path / "data"


@pytest.fixture
def journal(data_dir: Path) -> Iterator[Journal]:
    with closing(Journal.open(data_dir)) as opened:
        yield opened


@pytest.fixture
def fire(journal: Journal) -> Fire:
    def firing(minutes: int = 5, over: bool = False, **more: Any) -> int:
        at = NOW - timedelta(minutes=minutes)
        told = Firing(
            rule="failures",
            series="",
            severity=Severity.CRITICAL,
            title="Payments fail",
            no_data=False,
            started_at=at - timedelta(minutes=1),
            value=40.0,
            threshold=10.0,
            unit="%",
            detail={
                "what": "4 of 10 payments failed in 5 minutes",
                "runbook": "Look at PayPal's status.",
                "page": "/transactions?status=failed",
            },
        )
        with journal.write() as connection:
            number = alert_writing.opened(connection, at, replace(told, **more))
            alert_events.note(connection, at, EventKind.FIRED, alert=number)
            if over:
                alert_writing.resolved(connection, number, at + timedelta(minutes=2), 1.0)
        return number

    return firing


def operator() -> Viewer:
    return Viewer(me=signed_in("asha", Role.OPERATOR))


def kinds(number: int) -> list[tuple[str, str | None]]:
    return [(one.kind, one.by) for one in alerts.events(number)]


def noted() -> tuple[str, str, str]:
    with closing(open_quick()) as accounts:
        entry = accounts.audit(limit=1)[0]
    return entry.action, entry.actor, entry.target


def labels(shown: Shown) -> set[str]:
    return {button.label for button in shown.app.button}


def test_without_a_watchman_the_page_does_not_look_well(data_dir: Path) -> None:
    shown = operator().open("alerts")
    shown.assert_well()
    assert "Nobody is watching." in shown.text
    assert "Nothing is firing." not in shown.text


def test_what_fires_is_shown_with_its_figure_limit_and_what_to_do(fire: Fire) -> None:
    number = fire()
    fire(rule="disk", title="Disk nearly full", severity=Severity.WARNING)
    viewer = operator()
    listed = viewer.open("alerts")
    listed.assert_well()
    table = listed.app.dataframe[0].value
    assert table["title"].tolist() == ["Payments fail", "Disk nearly full"]
    assert table["figure"].tolist() == ["40\u00a0%", "40\u00a0%"]

    shown = viewer.open("alerts", alert=str(number))
    shown.assert_well()
    assert "4 of 10 payments failed in 5 minutes" in shown.text
    assert "Look at PayPal's status." in shown.text
    assert (shown.metrics["Figure"], shown.metrics["Limit"]) == ("40\u00a0%", "10\u00a0%")
    assert "The rows behind it" in shown.text


def test_an_operator_takes_an_alert_up_and_gives_it_back(fire: Fire) -> None:
    number = fire()
    viewer = operator()
    viewer.open("alerts", alert=str(number))
    viewer.app.text_input(key=f"alert_note_{number}").set_value("on it")
    shown = press(viewer, "Acknowledge")

    assert "Taken: it is yours now." in shown.text
    assert "Taken by asha" in shown.text
    assert kinds(number)[-1] == (EventKind.ACKNOWLEDGED, "asha")
    assert noted() == ("alert_acknowledged", "asha", "failures")

    press(viewer, "Give back")
    assert kinds(number)[-1] == (EventKind.UNACKNOWLEDGED, "asha")


def test_a_rule_is_silenced_for_an_hour_and_told_of_again(fire: Fire) -> None:
    number = fire()
    viewer = operator()
    viewer.open("alerts", alert=str(number))
    shown = press(viewer, "Silence this rule")

    assert "Silenced for 1 hour" in shown.text
    (silence,) = alerts.standing(datetime.now(UTC))
    assert (silence.rule, silence.series, silence.by) == ("failures", None, "asha")
    assert silence.ends_at - silence.starts_at <= timedelta(hours=1)
    assert noted() == ("silence_begun", "asha", "failures")

    shown = press(viewer, "End")
    assert "whoever is to be told is told again" in shown.text
    assert alerts.standing(datetime.now(UTC)) == []


def test_a_maintenance_window_is_entered(journal: Journal) -> None:
    viewer = operator()
    viewer.open("alerts")
    shown = press(viewer, "Begin")
    assert "Maintenance for 1 hour is entered." in shown.text
    (window,) = alerts.standing(datetime.now(UTC))
    assert (window.kind, window.rule, window.by) == ("maintenance", "*", "asha")


def test_a_viewer_is_offered_nothing_and_a_role_taken_away_counts_at_once(fire: Fire) -> None:
    number = fire()
    vic = Viewer(me=signed_in("vic", Role.VIEWER))
    shown = vic.open("alerts", alert=str(number))
    shown.assert_well()
    assert not {"Acknowledge", "Silence this rule", "Begin"} & labels(shown)

    viewer = operator()
    viewer.open("alerts", alert=str(number))
    with closing(open_quick()) as accounts:
        accounts.set_role("asha", Role.VIEWER, by="test")
    shown = press(viewer, "Acknowledge")
    assert "Only an operator may acknowledge an alert." in shown.text
    found = alerts.find(number)
    assert found is not None
    assert found.acknowledged_by is None


def test_history_is_filtered_and_its_file_has_the_same_rows(fire: Fire) -> None:
    fire(minutes=60, over=True)
    fire(minutes=30, rule="disk", title="Disk", severity=Severity.WARNING)
    shown = operator().open("alerts", state="resolved", range="7d")
    shown.assert_well()
    listed = next(f.value for f in shown.app.dataframe if "lasted" in f.value.columns)
    assert listed["title"].tolist() == ["Payments fail"]

    around = {
        "from": (NOW - timedelta(days=1)).isoformat(),
        "to": (NOW + timedelta(days=1)).isoformat(),
    }
    assert build("alerts", around).frame["rule"].to_list() == ["disk", "failures"]
    one = build("alerts", around | {"state": "resolved"}).frame
    assert one.select("rule", "state").rows() == [("failures", "resolved")]


def test_a_file_of_rules_that_was_refused_is_said_with_its_line(journal: Journal) -> None:
    problem = "/etc/rules.toml:7: there is no such measure as 'failure'"
    with journal.write() as connection:
        rule_states.tell(connection, NOW, rule_states.RULES, {"problem": problem})
    shown = operator().open("alerts")
    assert problem in shown.text
    assert "The rules before it hold." in shown.text


def test_who_was_told_is_said_and_what_was_given_up_is_tried_again(
    fire: Fire, journal: Journal
) -> None:
    number = fire()
    with journal.write() as connection:
        made = deliveries.add(
            connection, [New("k", "desk", "alert", "", NOW, "Payments fail")], NOW
        )
        event = alerts.events(number)[0].number
        deliveries.link(connection, [Link(made["k"], event, number, announces=True)])
        deliveries.give_up(connection, made["k"], "the server said 550")
    viewer = operator()
    shown = viewer.open("alerts", alert=str(number))
    assert "desk: alert, given up (the server said 550)" in shown.text

    shown = press(viewer, "Retry")
    assert "It is tried again." in shown.text
    assert channels.told_of(number, limit=9)[0].state is State.WAITING
    assert noted() == ("message_retried", "asha", str(made["k"]))


def test_a_channel_is_tested_by_a_button_and_a_failure_is_said(
    tmp_path: Path, web_port_closed: int
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[channels.desk]\ntype = "webhook"\nallow_private = true\n'
        f'url = "http://127.0.0.1:{web_port_closed}/hook"\n'
    )
    with console_on(tmp_path / "data", source_url=ELSEWHERE, rules_file=str(rules)):
        Journal.open(tmp_path / "data").close()
        viewer = operator()
        assert "desk webhook; 0 sent" in viewer.open("alerts").text.replace("*", "").replace(
            ":gray[", ""
        )
        shown = press(viewer, "Test")
        assert "The test did not go out" in shown.text
        assert "1 given up" in shown.text
        assert noted() == ("channel_tested", "asha", "desk")


@pytest.fixture
def web_port_closed() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_text_of_an_alert_does_nothing(fire: Fire) -> None:
    number = fire(title=MARKDOWN, series=MARKDOWN, detail={"what": MARKDOWN, "page": "//evil/x"})
    shown = operator().open("alerts", alert=str(number))
    shown.assert_well()
    assert not [text for text in shown.marked if "**b**" in text and "`" not in text]
    assert "The rows behind it" not in shown.text


def test_the_overview_leads_to_what_fires(fire: Fire) -> None:
    fire()
    shown = operator().open("overview")
    shown.assert_well()
    assert "1 alert" in shown.text
    assert "firing" in shown.text


def test_the_rules_in_force_are_shown_and_one_is_tested_on_the_last_days(journal: Journal) -> None:
    viewer = operator()
    shown = viewer.open("alerts")
    shown.assert_well()
    assert "built in: VC_RULES_FILE is empty" in shown.text
    asked = next(box for box in viewer.app.selectbox if box.key == "rule_to_test")
    assert len(asked.options) == len(rules.in_force()) > 10

    shown = press(viewer, "Test on the last 30 days")
    shown.assert_well()
    assert f"{asked.options[0]} would have fired never in 30 days, judged every" in shown.text
