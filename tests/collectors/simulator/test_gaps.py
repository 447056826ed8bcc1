"""Restarts, pauses and clocks: the demo never has a hole, and lives nothing twice."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

from collectors.simulator import Simulator, make_ready
from tests.collectors.simulator.living import NOW, content, finish, live, one, opened


def hours_without_rows(connection: sqlite3.Connection, since: str, until: str) -> float:
    """Of the quarter hours between two times, those in which nothing at all was written."""
    quarters = (
        "WITH RECURSIVE q(t) AS (SELECT ? UNION ALL"
        " SELECT datetime(t, '+15 minutes') FROM q WHERE t < ?)"
        " SELECT count(*) FROM q WHERE NOT EXISTS (SELECT 1 FROM system_health"
        " WHERE checked_at >= t AND checked_at < datetime(t, '+15 minutes'))"
    )
    return one(connection, quarters, since, until)


def test_a_restart_fills_the_gap(copy: Path) -> None:
    simulator = opened(copy)
    stopped = live(simulator, NOW, timedelta(minutes=3))
    simulator.shutdown()
    back = stopped + timedelta(days=2)
    again = opened(copy)
    finish(again, back)
    live(again, back, timedelta(minutes=3))
    again.shutdown()
    connection = sqlite3.connect(copy)
    assert hours_without_rows(connection, "2026-11-25 11:00:00", "2026-11-27 11:30:00") == 0
    gap = "created_at BETWEEN '2026-11-25 12:05' AND '2026-11-27 12:00'"
    assert 150 < one(connection, f"SELECT count(*) FROM transactions WHERE {gap}") < 500
    assert one(connection, f"SELECT count(*) FROM email_logs WHERE {gap}") > 200
    doubles = "SELECT count(*) - count(DISTINCT transaction_id) FROM transactions"
    assert one(connection, doubles) == 0
    stale = f"SELECT count(*) FROM email_logs WHERE status = 'pending' AND {gap}"
    assert one(connection, stale) == 0
    connection.close()


def test_a_host_that_slept_fills_the_gap_too(copy: Path) -> None:
    simulator = opened(copy)
    asleep = live(simulator, NOW, timedelta(minutes=3))
    awake = asleep + timedelta(hours=30)
    while not simulator.ready or simulator.loop(awake) == 0.0:
        simulator.loop(awake)
    simulator.shutdown()
    connection = sqlite3.connect(copy)
    assert hours_without_rows(connection, "2026-11-25 11:00:00", "2026-11-26 17:30:00") == 0
    connection.close()


def test_a_gap_of_years_is_filled_for_ninety_days_only(tmp_path: Path) -> None:
    path = tmp_path / "vectorcraft.db"
    make_ready(Simulator(path, history=timedelta(days=3)), NOW)
    later = NOW + timedelta(days=800)
    make_ready(Simulator(path, history=timedelta(days=3)), later)
    connection = sqlite3.connect(path)
    days = "SELECT count(DISTINCT date(created_at)) FROM transactions"
    assert one(connection, f"{days} WHERE transaction_id LIKE 'VC%'") <= 8
    assert one(connection, "SELECT max(checked_at) >= ? FROM system_health", f"{later:%Y-%m-%d}")
    connection.close()


def test_a_short_pause_is_no_gap(copy: Path) -> None:
    before = content(copy)
    make_ready(Simulator(copy), NOW + timedelta(seconds=90))
    assert content(copy) == before


def test_a_clock_set_back_is_survived(copy: Path) -> None:
    simulator = opened(copy, rate=30)
    live(simulator, NOW, timedelta(minutes=2))
    earlier = NOW - timedelta(hours=3)
    live(simulator, earlier, timedelta(minutes=2))
    simulator.shutdown()
    connection = sqlite3.connect(copy)
    again = "SELECT count(*) FROM {} WHERE {} BETWEEN '2026-11-25 09:00:01' AND '2026-11-25 09:02'"
    assert one(connection, again.format("transactions", "created_at")) > 25
    assert one(connection, again.format("system_health", "checked_at")) >= 4
    connection.close()


def test_a_past_that_was_cut_short_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "vectorcraft.db"
    simulator = opened(path)
    simulator.loop(NOW)
    assert not simulator.ready
    assert not path.exists()  # no reader ever sees half a past
    simulator.shutdown()
    make_ready(Simulator(path, history=timedelta(days=2)), NOW)
    assert [entry.name for entry in tmp_path.iterdir()] == ["vectorcraft.db"]
