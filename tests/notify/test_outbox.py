"""From an alert's event to a receiver: once, at least once, in order, and nothing lost."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.notify.night import Night, plan_of
from tests.notify.receivers import Mails, Web
from vcanalytics.breakers import State as BreakerState
from vcanalytics.breakers import find
from vcanalytics.errors import StoreError, UsageError
from vcanalytics.journal import Journal, breakers, deliveries
from vcanalytics.journal.delivery_records import Delivery, State
from vcanalytics.notify.by_hand import retry, send_test
from vcanalytics.notify.outbox import ATTEMPTS_MAX


@pytest.fixture
def night(journal: Journal, web: Web, tmp_path: Path) -> Night:
    """One channel for programs, tried up to sixty times a minute."""
    text = f"""
[channels.program]
type = "webhook"
url = "{web.url()}"
allow_private = true
rate_per_minute = 60
timeout_s = 1
"""
    return Night(journal, plan_of(tmp_path, text))


def test_an_alert_is_delivered_once_and_its_end_once(night: Night, web: Web) -> None:
    number = night.fire()
    night.go()
    assert web.calls == []
    night.go(5)
    night.go(5, rounds=5)
    (call,) = web.calls
    assert call.headers["Idempotency-Key"] == "key-1"
    said = call.json
    assert (said["id"], said["kind"], said["level"]) == ("key-1", "alert", "critical")
    assert said["subject"] == "Critical: Failures"
    assert said["alerts"][0]["alert"] == number
    assert said["alerts"][0]["value"] == "40 %"
    assert said["link"] == "https://console.example/alerts?alert=1"
    night.resolve(number)
    night.go(5, rounds=5)
    assert [one.json["kind"] for one in web.calls] == ["alert", "resolved"]
    assert [one.state for one in night.deliveries()] == [State.SENT, State.SENT]
    with night.journal.read() as connection:
        told = deliveries.of_alert(connection, number)
    assert [one.channel for one in told] == ["program", "program"]


def test_links_lead_to_the_time_of_the_event(night: Night, web: Web) -> None:
    number = night.fire(page="/transactions")
    since = night.now - timedelta(minutes=1)
    night.go(5, rounds=5)
    night.resolve(number, page="/transactions", since=since.isoformat())
    night.go(5, rounds=5)
    began, ended = (urlsplit(one.json["link"]) for one in web.calls)
    assert (began.netloc, began.path) == ("console.example", "/transactions")
    # An hour before it, where the rule did not say how far it looks back.
    shown = dict(parse_qsl(began.query))
    assert datetime.fromisoformat(f"{shown['from']}Z") <= since - timedelta(hours=1)
    assert shown["zone"] == "UTC"
    assert "to" not in shown
    assert dict(parse_qsl(ended.query))["to"] > shown["from"]


def test_what_is_only_recorded_is_told_to_nobody(night: Night, web: Web) -> None:
    number = night.fire(announce=False)
    night.resolve(number)
    night.go(5, rounds=4)
    assert web.calls == []
    assert night.deliveries() == []


def test_a_message_that_failed_comes_again_as_the_same_message(night: Night, web: Web) -> None:
    web.answer(503, 503, 200)
    night.fire()
    night.go()
    night.go(5)
    (one,) = night.deliveries()
    assert (one.state, one.attempts) == (State.WAITING, 1)
    assert "answered 503" in (one.last_error or "")
    night.go(1, rounds=4)
    assert len(web.calls) == 1
    night.go(1)
    night.go(10)
    assert len(web.calls) == 3
    assert len({call.body for call in web.calls}) == 1
    (one,) = night.deliveries()
    assert (one.state, one.attempts) == (State.SENT, 3)


def test_who_asks_to_wait_is_left_alone_for_so_long(night: Night, web: Web) -> None:
    web.answer(429, 200, Retry_After="90")
    night.fire()
    night.go()
    night.go(5)
    night.go(5, rounds=16)
    assert len(web.calls) == 1
    night.go(15)
    assert len(web.calls) == 2


def test_what_never_goes_out_ends_in_the_dead_letter_list_and_comes_back_by_hand(
    night: Night, web: Web
) -> None:
    web.answer(503)
    number = night.fire()
    night.go()
    night.go(900, rounds=ATTEMPTS_MAX + 5)
    (dead,) = night.deliveries()
    assert (dead.state, dead.attempts) == (State.DEAD, ATTEMPTS_MAX)
    assert "answered 503" in (dead.last_error or "")
    assert len(web.calls) == ATTEMPTS_MAX
    # Nobody was told that it began: nobody is told that it is over.
    night.resolve(number)
    night.go(10, rounds=3)
    assert [one.state for one in night.deliveries()] == [State.DEAD]

    web.answer(200)
    retry(night.journal, dead.id, by="anna", now=night.now)
    night.go(300)
    assert web.calls[-1].json["id"] == dead.key
    (sent,) = night.deliveries()
    assert (sent.state, sent.asked_by) == (State.SENT, "anna")
    with pytest.raises(UsageError, match="no message"):
        retry(night.journal, dead.id, by="anna", now=night.now)


def test_a_message_that_is_refused_for_what_it_says_is_given_up_at_once(
    night: Night, web: Web
) -> None:
    web.answer(422, 200)
    night.fire("first")
    night.go()
    night.go(5)
    assert [one.state for one in night.deliveries()] == [State.DEAD]
    night.fire("second")
    night.go()
    night.go(5)
    assert [one.state for one in night.deliveries()] == [State.DEAD, State.SENT]


def test_a_channel_that_keeps_failing_is_left_alone_and_the_others_are_not(
    journal: Journal, web: Web, mails: Mails, certificate: Path, tmp_path: Path
) -> None:
    text = f"""
[channels.broken]
type = "webhook"
url = "http://127.0.0.1:9/"
allow_private = true
rate_per_minute = 60

[channels.post]
type = "mail"
host = "localhost"
port = {mails.port}
from = "console@shop.example"
to = ["ops@shop.example"]
user = "console"
password = "env:PASSWORD"
ca_file = "{certificate}"
"""
    night = Night(journal, plan_of(tmp_path, text, {"PASSWORD": "open sesame"}))
    for rule in ("a", "b", "c"):
        night.fire(rule)
        night.go()
        night.go(10)
    assert [mail["Subject"] for mail in mails.taken] == [
        f"[VectorCraft] Critical: {rule}" for rule in "ABC"
    ]
    with journal.read() as connection:
        breaker = find(connection, "channel:broken")
    assert breaker is not None
    assert breaker.state is BreakerState.OPEN
    broken = [one.attempts for one in night.deliveries() if one.channel == "broken"]
    night.go(1, rounds=5)
    # Nothing is tried while its breaker is open.
    assert [one.attempts for one in night.deliveries() if one.channel == "broken"] == broken

    # Its breaker goes with the channel; those of others are not the outbox's.
    with journal.write() as connection:
        breakers.keep(connection, breakers.BreakerState("source", BreakerState.OPEN))
        breakers.keep(connection, breakers.BreakerState("channel:post"))
    night.plan = plan_of(tmp_path, text[text.index("[channels.post]") :], {"PASSWORD": "x"})
    night.go(10)
    with journal.read() as connection:
        assert [one.name for one in breakers.listed(connection)] == ["channel:post", "source"]


def test_an_end_is_not_told_before_the_beginning(night: Night, web: Web) -> None:
    # Tried at 5, 10 and 20 s; the end is due at 11 s.
    web.answer(503, 503, 200)
    number = night.fire()
    night.go()
    night.go(5)
    night.resolve(number)
    night.go(1, rounds=25)
    assert [call.json["kind"] for call in web.calls] == ["alert", "alert", "alert", "resolved"]


def test_a_restart_sends_nothing_twice(night: Night, web: Web) -> None:
    night.fire("a")
    night.go()
    night.start_anew()
    night.go(5)
    night.start_anew()
    night.fire("b")
    night.go(5, rounds=3)
    assert [call.json["id"] for call in web.calls] == ["key-1", "key-2"]


def test_a_crash_between_sending_and_recording_sends_the_same_message_again(
    night: Night, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.fire()
    night.go()
    with monkeypatch.context() as crash:
        crash.setattr(
            deliveries, "sent", lambda *_args: (_ for _ in ()).throw(StoreError("the disk is gone"))
        )
        night.go(5)
    assert len(web.calls) == 1
    night.start_anew()
    night.go(1)
    night.go(5, rounds=3)
    assert [call.json["id"] for call in web.calls] == ["key-1", "key-1"]
    assert [one.state for one in night.deliveries()] == [State.SENT]


def test_a_crash_while_taking_takes_all_or_nothing(
    night: Night, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    night.fire()
    with monkeypatch.context() as crash:
        crash.setattr(
            "vcanalytics.notify.taking.set_mark",
            lambda *_args: (_ for _ in ()).throw(StoreError("killed")),
        )
        with pytest.raises(StoreError):
            night.go()
    assert night.deliveries() == []
    night.start_anew()
    night.go()
    night.go(5)
    assert len(web.calls) == 1


def test_ten_thousand_series_are_few_messages_and_none_is_lost(night: Night, web: Web) -> None:
    with closing(sqlite3.connect(night.journal.path)) as file, file:
        file.execute(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
            INSERT INTO alert (rule, series, severity, title, state, no_data, started_at, fired_at,
              threshold, unit, flapping, note, detail)
            SELECT 'rule' || (i % 2000), i, 'warning', 't', 'firing', 0, 0, 0, 1, '', 0, '', '{}'
            FROM n
            """
        )
        file.execute(
            """
            INSERT INTO alert_event (alert_id, at, kind, announce, detail)
            SELECT id, 0, 'fired', 1, json_object('rule', rule, 'series', series,
              'severity', CASE series WHEN 7777 THEN 'critical' ELSE 'warning' END,
              'title', 'Series ' || series) FROM alert
            """
        )
    night.go()
    night.go(5, rounds=3)
    (call,) = web.calls
    said = call.json
    assert said["subject"] == (
        "10,000 alerts (1 critical, 9,999 warning): Series 7777 and 9,999 more"
    )
    assert said["more"] == "And 9,980 more: 9,980 warning. All of them stand in the console."
    assert len(said["parts"]) == 20
    assert len(call.body) < 50_000
    (one,) = night.deliveries()
    with night.journal.read() as connection:
        assert len(list(deliveries.links(connection, one.id))) == 10_000


def test_one_group_is_one_message_and_few_groups_are_one_each(night: Night, web: Web) -> None:
    for series in ("a", "b", "c"):
        night.fire("latency", series)
    night.fire("errors")
    night.go()
    night.go(5, rounds=3)
    assert [call.json["subject"] for call in web.calls] == [
        "3 alerts (3 critical): Latency a and 2 more",
        "Critical: Errors",
    ]


def test_what_is_over_the_rate_waits_and_comes_as_one(
    journal: Journal, web: Web, tmp_path: Path
) -> None:
    text = f"""
[channels.program]
type = "webhook"
url = "{web.url()}"
allow_private = true
rate_per_minute = 2
[routes]
group_wait_s = 0
"""
    night = Night(journal, plan_of(tmp_path, text))
    for rule in ("a", "b", "c", "d", "e", "f", "g"):
        night.fire(rule)
        night.go(1, rounds=2)
    assert [call.json["subject"] for call in web.calls] == ["Critical: A", "Critical: B"]
    night.go(5, rounds=12)
    assert [call.json["subject"] for call in web.calls[2:]] == [
        "5 alerts (5 critical): C and 4 more"
    ]


def test_a_silent_receiver_keeps_no_other_waiting(
    journal: Journal, web: Web, tmp_path: Path
) -> None:
    text = "".join(
        f'[channels.{name}]\ntype = "webhook"\nurl = "{web.url("/" + name)}"\n'
        "allow_private = true\n"
        for name in ("silent", "quick")
    )
    night = Night(journal, plan_of(tmp_path, text))
    jobs: list[Callable[[], None]] = []
    night.start_anew(start=lambda _name, job: jobs.append(job))
    night.fire()
    night.go()
    night.go(5)
    assert len(jobs) == 2
    night.go(6)
    # Both are on their way: neither is begun once more, whatever its time.
    assert len(jobs) == 2
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert [one.state for one in night.deliveries()] == [State.SENT, State.SENT]


def test_a_channel_that_is_gone_from_the_file(night: Night, web: Web, tmp_path: Path) -> None:
    night.fire()
    night.go()
    night.plan = plan_of(tmp_path, "")
    night.go(5)
    (one,) = night.deliveries()
    assert one.state is State.DEAD
    assert one.last_error == "the rules file has no channel program any more"
    assert web.calls == []


def test_a_clock_that_stood_wrong_keeps_nothing_waiting(night: Night, web: Web) -> None:
    night.now += timedelta(days=30)
    web.answer(503, 200)
    night.fire("tried")
    night.go()
    night.go(5)
    night.fire("new")
    night.go()
    night.now -= timedelta(days=30)
    night.start_anew()
    night.go(1, rounds=3)
    assert [call.json["subject"] for call in web.calls[1:]] == ["Critical: Tried", "Critical: New"]


def test_a_test_says_at_once_what_is_wrong(night: Night, web: Web) -> None:
    def test(key: str) -> Delivery:
        return send_test(
            night.journal,
            night.plan,
            "program",
            by="anna",
            now=night.now,
            key=key,
            public_url="https://console.example",
        )

    assert (test("t1").state, test("t1b").kind) == (State.SENT, "test")
    assert web.calls[0].json["subject"] == "Test of the channel program"
    web.answer(404, text="no such hook")
    found = test("t2")
    assert found.state is State.DEAD
    assert "answered 404: no such hook" in (found.last_error or "")
    with pytest.raises(UsageError, match="no channel 'pager'"):
        send_test(
            night.journal, night.plan, "pager", by="anna", now=night.now, key="t3", public_url=""
        )


def test_old_deliveries_go_and_what_waits_stays(night: Night, web: Web) -> None:
    night.fire("old")
    night.go()
    night.go(5)
    web.answer(503)
    night.fire("stuck")
    night.go()
    night.go(5)
    night.now += timedelta(days=500)
    with night.journal.write() as connection:
        deliveries.prune(connection, night.now - timedelta(days=400))
    assert [one.state for one in night.deliveries()] == [State.WAITING]
