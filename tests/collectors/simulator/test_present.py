"""The living shop: payments in their real steps, cases, and outages that were asked for."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from collectors.simulator import Simulator, shop
from collectors.simulator.rhythm import bustle
from tests.collectors.simulator.living import NOW, SHORT, content, finish, live, one, opened
from vcanalytics.model.outages import read_outage


def test_payments_live_through_their_steps_in_place(copy: Path) -> None:
    simulator = opened(copy, rate=20)
    connection = sqlite3.connect(copy, isolation_level=None)
    last = one(connection, "SELECT max(id) FROM transactions")
    seen: dict[str, list[tuple[str, int]]] = {}
    now = NOW
    while now < NOW + timedelta(minutes=8):
        now += timedelta(seconds=simulator.loop(now))
        for name, status, mailed in connection.execute(
            "SELECT transaction_id, status, email_sent FROM transactions WHERE id > ?", (last,)
        ):
            states = seen.setdefault(name, [])
            if not states or states[-1] != (status, mailed):
                states.append((status, mailed))
    whole = [("pending", 0), ("awaiting_payment", 0), ("completed", 0), ("completed", 1)]
    assert 150 < len(seen) < 350
    assert sum(states == whole for states in seen.values()) > 50
    assert sum(states[-1][0] == "failed" for states in seen.values()) >= 3
    mails = dict(
        connection.execute(
            "SELECT status, count(*) FROM email_logs WHERE created_at > '2026-11-25 12:00:05'"
            " AND created_at < '2026-11-25 12:07:30' GROUP BY 1"
        )
    )
    assert mails["sent"] > 50
    assert "pending" not in mails
    for table, column in (
        ("performance_metrics", "timestamp"),
        ("system_health", "checked_at"),
        ("system_metrics", "timestamp"),
        ("system_logs", "created_at"),
        ("users", "created_at"),
        ("user_uploads", "upload_date"),
        ("user_activities", "timestamp"),
    ):
        after = f"SELECT count(*) FROM {table} WHERE {column} > '2026-11-25 12:00:01'"
        assert one(connection, after) > 0, table
    connection.close()
    simulator.shutdown()


def test_the_rate_is_a_setting(copy: Path) -> None:
    simulator = opened(copy, rate=0)
    live(simulator, NOW, timedelta(minutes=5, seconds=2))
    simulator.shutdown()
    connection = sqlite3.connect(copy)
    new = "SELECT count(*) FROM {} WHERE {} > '2026-11-25 12:00:01'"
    assert one(connection, new.format("transactions", "created_at")) == 0
    assert one(connection, new.format("system_health", "checked_at")) == 20
    connection.close()


def test_payments_under_way_when_the_past_ends_are_brought_to_the_same_end(
    made: Path, tmp_path: Path
) -> None:
    about = (
        "SELECT status, completed_at, email_sent, metadata FROM transactions"
        " WHERE transaction_id = ?"
    )
    connection = sqlite3.connect(made)
    name, created = connection.execute(
        "SELECT transaction_id, created_at FROM transactions WHERE status = 'completed'"
        " AND email_sent = 1 AND julianday(completed_at) - julianday(created_at) > 0.001"
        " AND created_at > '2026-11-24' ORDER BY id LIMIT 1"
    ).fetchone()
    expected = connection.execute(about, (name,)).fetchone()
    connection.close()
    path = tmp_path / "vectorcraft.db"
    middle = datetime.fromisoformat(f"{created}+00:00") + timedelta(seconds=40)
    cut = Simulator(path, payments_per_minute=0, history=middle - (NOW - SHORT))
    cut.initialise()
    finish(cut, middle)
    connection = sqlite3.connect(path)
    assert connection.execute(about, (name,)).fetchone() == ("awaiting_payment", None, 0, None)
    live(cut, middle, timedelta(hours=2), step_s=30)
    assert connection.execute(about, (name,)).fetchone() == expected
    mails = connection.execute(
        "SELECT status FROM email_logs WHERE recipient_email = ? AND created_at >= ?",
        (json.loads(expected[3])["payer_email"], created),
    ).fetchall()
    assert mails == [("sent",), ("sent",)]
    connection.close()
    cut.shutdown()


def test_cases_are_opened_and_after_a_restart_brought_to_their_end(copy: Path) -> None:
    simulator = opened(copy, rate=40)
    later = live(simulator, NOW, timedelta(minutes=10), step_s=5)
    simulator.shutdown()
    connection = sqlite3.connect(copy)
    new = (
        "SELECT count(*) FROM dispute_cases JOIN transactions USING (transaction_id)"
        " WHERE dispute_cases.created_at > '2026-11-25 12:00:01' AND {}"
    )
    assert one(connection, new.format("dispute_cases.status = 'open'")) >= 3
    again = opened(copy, rate=0)
    live(again, later, timedelta(hours=20), step_s=60)
    again.shutdown()
    refunded = (
        "resolved_at > dispute_cases.created_at AND dispute_cases.status = 'resolved'"
        " AND transactions.status = 'refunded'"
        " AND json_extract(metadata, '$.refund_case_id') = case_id"
    )
    assert one(connection, new.format(refunded)) >= 1
    connection.close()


def test_living_is_the_same_each_time(made: Path, tmp_path: Path) -> None:
    contents = []
    for name in ("a.db", "b.db"):
        shutil.copyfile(made, tmp_path / name)
        simulator = opened(tmp_path / name, rate=12)
        live(simulator, NOW, timedelta(minutes=5))
        simulator.shutdown()
        contents.append(content(tmp_path / name))
    assert contents[0] == contents[1] != content(made)


def test_the_living_shop_has_the_rhythm_of_the_hour_around_its_rate(copy: Path) -> None:
    connection = sqlite3.connect(copy, isolation_level=None)
    begun = {}
    # A Wednesday's busiest hour, and the night before: the shop sleeps, but never whole.
    for hour in (13, 22):
        at = NOW.replace(hour=hour)
        simulator = opened(copy, rate=10)
        finish(simulator, at)
        before = one(connection, "SELECT max(id) FROM transactions")
        live(simulator, at, timedelta(minutes=20), step_s=60)
        begun[hour] = one(connection, "SELECT max(id) FROM transactions") - before
        simulator.shutdown()
    for hour, count in begun.items():
        busy = bustle(NOW.replace(hour=hour))
        assert count / (20 * 10) == pytest.approx(busy, rel=0.25), hour
    assert begun[13] > 1.5 * begun[22]
    connection.close()


def test_the_living_shop_puts_right_what_was_left_open_days_ago(copy: Path) -> None:
    connection = sqlite3.connect(copy, isolation_level=None)
    left = (
        "FROM transactions WHERE transaction_id LIKE 'VC%' AND ("
        " status = 'completed' AND (email_sent = 0 OR user_created = 0)"
        " OR error_message = 'name ''string'' is not defined'"
        " OR error_message LIKE 'User with email % already exists')"
    )
    # More than a small shop has by itself.
    connection.execute(
        "UPDATE transactions SET status = 'failed', metadata = NULL, email_sent = 0,"
        " completed_at = NULL, error_message = 'User with email ' || email || ' already exists'"
        " WHERE status = 'completed' AND transaction_id LIKE 'VC%' AND id % 10 = 0"
    )
    before = one(connection, f"SELECT count(*) {left}")
    assert before > 20
    later = NOW + timedelta(days=15)
    simulator = opened(copy, rate=0)
    simulator._present = None
    live(simulator, later, timedelta(minutes=2), step_s=5)
    simulator.shutdown()
    after = one(connection, f"SELECT count(*) {left}")
    assert after < before / 4
    stale = "SELECT count(*) FROM email_logs WHERE status = 'pending'"
    assert one(connection, stale) == 0
    again = "SELECT count(*) - count(DISTINCT id) FROM transactions"
    assert one(connection, again) == 0
    connection.close()


@pytest.mark.parametrize("service", ["paypal", "mail"])
def test_an_outage_can_be_asked_for(copy: Path, service: str) -> None:
    outage = read_outage(f"{service}@2026-11-25T12:05/10m")
    simulator = opened(copy, rate=20, outages=(outage,))
    live(simulator, NOW, timedelta(minutes=25), step_s=5)
    simulator.shutdown()
    connection = sqlite3.connect(copy)
    inside = "BETWEEN '2026-11-25 12:05:30' AND '2026-11-25 12:14:30'"
    failing = {
        "paypal": "SELECT avg(status IN ('failed', 'error')) FROM transactions WHERE created_at",
        "mail": "SELECT avg(status = 'failed') FROM email_logs WHERE created_at",
    }[service]
    assert one(connection, f"{failing} {inside}") > 0.6
    assert one(connection, f"{failing} BETWEEN '2026-11-25 12:16' AND '2026-11-25 12:23'") < 0.35
    component = {"paypal": "paypal_api", "mail": "email_service"}[service]
    health = f"SELECT avg(status = 'critical') FROM system_health WHERE component = '{component}'"
    assert one(connection, f"{health} AND checked_at {inside}") == 1
    assert one(connection, f"{health} AND checked_at > '2026-11-25 12:15'") == 0
    assert one(connection, f"SELECT count(*) FROM admin_alerts WHERE created_at {inside}") >= 1
    connection.close()


def test_a_reader_never_makes_it_fail(copy: Path) -> None:
    simulator = opened(copy, rate=60)
    simulator.loop(NOW)
    reader = sqlite3.connect(copy, isolation_level=None, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM transactions").fetchone()
    letting_go = threading.Timer(0.3, reader.execute, ("COMMIT",))
    letting_go.start()
    live(simulator, NOW, timedelta(seconds=30))
    letting_go.join()
    assert one(reader, "SELECT count(*) FROM transactions WHERE created_at > '2026-11-25 12:00:01'")
    reader.close()
    simulator.shutdown()


def test_a_shop_that_has_grown_enough_sells_no_more(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop, "SIZE_MAX_BYTES", 1000)
    simulator = opened(copy, rate=60)
    live(simulator, NOW, timedelta(minutes=3))
    simulator.shutdown()
    connection = sqlite3.connect(copy)
    new = "SELECT count(*) FROM transactions WHERE created_at > '2026-11-25 12:00:01'"
    assert one(connection, new) == 0
    connection.close()
