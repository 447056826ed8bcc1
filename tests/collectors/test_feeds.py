"""Tables that only grow, and the users: every row is read once, as what it is."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from collectors.capture import Tally
from collectors.feed import GROWING
from tests.collectors.feeding import (
    AT,
    add_activity,
    add_health,
    add_load,
    add_log,
    add_upload,
    add_user,
    rows,
)
from tests.collectors.rig import Console
from tests.shop import SHOP_TIME, Shop, make_shop
from vcanalytics.source import TABLES, Source


def test_every_row_of_the_sample_is_read_and_none_twice(
    sample_db: Path, sample_truth: dict[str, Any], tmp_path: Path
) -> None:
    there = sample_truth["rows"]
    console = Console(tmp_path / "data", f"sqlite:///{sample_db}")

    first, second = console.once(), console.once()

    assert list(first) == [
        *("transactions", "disputes", "mails"),
        *("activity", "requests", "system", "health", "logs"),
    ]
    read = {name: tally.read for name, tally in first.items() if isinstance(tally, Tally)}
    assert read["activity"] == there["user_uploads"] + there["user_activities"] + there["users"]
    assert read["requests"] == there["performance_metrics"]
    assert read["system"] == there["system_metrics"]
    assert read["health"] == there["system_health"]
    assert read["logs"] == there["system_logs"]
    assert console.rejected() == {}
    assert all(isinstance(tally, Tally) and tally.kept == 0 for tally in second.values())
    activity = pl.DataFrame(rows(console), infer_schema_length=None)
    by_source = dict(activity.group_by("source").len().iter_rows())
    assert by_source["user_uploads"] == there["user_uploads"]
    assert by_source["user_activities"] == there["user_activities"]
    # 150 users signed up, 136 of them have signed in.
    assert by_source["users"] == 150 + 136
    failed = activity.filter(pl.col("outcome") == "failed")
    assert failed["source"].to_list() == ["user_uploads"] * 80
    assert console.catalogue.states()["system"].rows == 3 * there["system_metrics"]
    console.assert_sound()


def test_trap_10_activity_comes_from_every_table_that_tells_of_it(
    shop: Shop, console: Console
) -> None:
    add_user(shop, last_login="2026-11-20 12:05:00")
    add_upload(shop)
    add_upload(shop, svg_filename=None, processing_time=None, strategy_used=None, file_size=None)
    add_activity(shop, "vectorization", details='{"strategy": "x", "processing_time": 0.5}')
    add_activity(shop, "Coffee break", user_id=99)
    add_log(shop, "Admin action: user disabled", "admin", user_email="boss@example.com")
    add_log(shop, "Failed login attempt for username: ann", "auth", level="WARNING")
    add_log(shop, "User login successful", "auth", user_email="ann@example.com")
    add_log(shop, "Vectorization completed successfully", "vectorization")
    console.once()
    ann = {"user_id": 1, "username": "ann", "email": "ann@example.com"}
    upload = {"source": "user_uploads", "kind": "vectorisation", "file_name": "logo.png", **ann}
    log = {"source": "system_logs", "happened_at": AT}

    assert sorted(rows(console), key=lambda row: (row["source"], row["source_id"])) == [
        log
        | {"source_id": 1, "kind": "admin_action", "email": "boss@example.com"}
        | {"description": "Admin action: user disabled"},
        log
        | {"source_id": 2, "kind": "sign_in_failed", **ann}
        | {"description": "Failed login attempt for username: ann"},
        log | {"source_id": 3, "kind": "sign_in", "description": "User login successful", **ann},
        {"source": "user_activities", "source_id": 1, "happened_at": AT, "kind": "vectorisation"}
        | {"outcome": "done", "strategy": "x", "duration_ms": 500.0, "description": "vectorization"}
        | {"details": '{"strategy": "x", "processing_time": 0.5}', **ann},
        {"source": "user_activities", "source_id": 2, "happened_at": AT, "kind": "Coffee break"}
        | {"description": "Coffee break", "user_id": 99},
        upload
        | {"source_id": 1, "happened_at": AT, "outcome": "done", "size_bytes": 52_000}
        | {"strategy": "vtracer_high_fidelity", "duration_ms": 2250.0},
        upload | {"source_id": 2, "happened_at": AT, "outcome": "failed"},
        {"source": "users", "source_id": 1, "happened_at": AT, "kind": "sign_up", **ann},
        {"source": "users", "source_id": 1, "kind": "sign_in", **ann}
        | {"happened_at": AT + timedelta(minutes=5)},
    ]
    assert len(rows(console, "logs")) == 4


def test_trap_7_vectorcrafts_own_samples_are_in_its_hosts_time(shop: Shop, tmp_path: Path) -> None:
    console = Console(tmp_path / "data", shop.url, source_timezone="Asia/Kolkata")
    add_load(shop, memory_percent=50, disk_percent=None)
    add_health(shop)
    console.once()

    sample = {"happened_at": AT, "host": "vectorcraft", "item": ""}
    assert rows(console, "system") == [
        sample | {"measure": "cpu_percent", "value": 12.3},
        sample | {"measure": "memory_percent", "value": 50.0},
    ]
    (health,) = rows(console, "health")
    assert (health["happened_at"], health["response_ms"]) == (AT, 3.0)


@pytest.mark.parametrize("growing", GROWING, ids=lambda growing: growing.table.name)
def test_trap_11_tables_with_other_columns_are_left_alone_and_named(
    shop: Shop, console: Console, growing: Any
) -> None:
    column = growing.table.required[-1]
    add_user(shop, last_login=SHOP_TIME)
    add_upload(shop)
    shop.execute(f"ALTER TABLE {growing.table.name} RENAME COLUMN {column} TO other")
    result = console.once()

    wrong = f"columns are missing: {column}"
    told = result[growing.stream.name]
    if growing.stream.name == "activity":
        assert isinstance(told, Tally)
        assert told.problem == f"{growing.table.name}: {wrong}"
        assert "sign_in" in {row["kind"] for row in rows(console)}
    else:
        assert told == wrong
    assert all(isinstance(found, Tally) for found in result.values() if found != wrong)
    with console.daemon() as daemon:
        daemon.settle(10)
        assert console.fact("source")["problem"] == f"{growing.table.name}: {wrong}"


def test_optional_columns_that_are_missing_read_as_empty(shop: Shop, console: Console) -> None:
    add_user(shop)
    add_upload(shop)
    add_log(shop)
    add_load(shop)
    for table, column in (
        ("user_uploads", "strategy_used"),
        ("users", "last_login"),
        ("users", "is_active"),
        ("system_logs", "details"),
        ("system_metrics", "disk_percent"),
    ):
        shop.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    console.once()

    assert [row["kind"] for row in rows(console)] == ["vectorisation", "sign_up"]
    assert [row["username"] for row in rows(console)] == ["ann", "ann"]
    assert len(rows(console, "logs")) == len(rows(console, "system")) == 1


def test_a_shop_without_users_still_tells_who_by_id(tmp_path: Path) -> None:
    with make_shop(tmp_path / "shop.db", without=("users",)) as shop:
        console = Console(tmp_path / "data", shop.url)
        add_upload(shop, user_id=7)
        result = console.once()
        assert isinstance(result["activity"], Tally)
        assert result["activity"].problem == "users: the table is missing"
        assert [row["user_id"] for row in rows(console)] == [7]


def test_each_new_last_login_is_one_sign_in(shop: Shop, console: Console) -> None:
    ann, bob = add_user(shop), add_user(shop, "bob", last_login="2026-11-01 08:00:00")
    with console.daemon() as daemon:
        daemon.settle(10)
        for minute in (1, 2, 3):
            shop.update_row("users", "id", ann, last_login=f"2026-11-20 12:0{minute}:00")
            daemon.round(1.0)
            daemon.round(1.0)
    # A restored copy goes back: what was told is not told again.
    shop.update_row("users", "id", ann, last_login="2026-11-20 12:02:00")
    shop.update_row("users", "id", bob, last_login="2026-11-20 12:30:00")
    console.restart()
    console.once()
    # A new name is no event.
    shop.update_row("users", "id", bob, username="robert", email="robert@example.com")
    console.once()

    told = Counter(
        (row["user_id"], row["happened_at"].minute) for row in rows(console) if "in" in row["kind"]
    )
    assert told == {(ann, 1): 1, (ann, 2): 1, (ann, 3): 1, (bob, 0): 1, (bob, 30): 1}


def test_hashes_and_salts_are_never_read(
    shop: Shop, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    inner = Source._rows

    def spy(self: Source, statement: Any, parameters: Any) -> Any:
        asked.append(str(statement))
        return inner(self, statement, parameters)

    monkeypatch.setattr(Source, "_rows", spy)
    add_user(shop, last_login="rubbish")
    add_log(shop, "Failed login attempt for username: ann", "auth")
    console.once()

    assert any("FROM users" in statement for statement in asked)
    assert not any("hash" in s or "salt" in s or "*" in s for s in asked if "count(*)" not in s)
    catalogue = (console.settings.data_dir / "catalogue.db").read_bytes()
    assert b"h4sh" not in catalogue
    assert b"s4lt" not in catalogue
    names = {name for table in TABLES.values() for name in table.columns}
    assert not names & {"password_hash", "salt"}


def test_the_sample_is_what_the_readers_expect(sample_db: Path) -> None:
    """A vectorisation's row is whole or failed: no row waits for its result."""
    connection = sqlite3.connect(sample_db)
    [(halves,)] = connection.execute(
        "SELECT count(*) FROM user_uploads"
        " WHERE (svg_filename IS NULL) <> (processing_time IS NULL)"
        " OR (svg_filename IS NULL) <> (strategy_used IS NULL)"
    )
    connection.close()
    assert halves == 0
