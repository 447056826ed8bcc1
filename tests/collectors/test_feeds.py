"""Tables that only grow, and the users: every row is read once, as what it is."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.capture import Tally
from collectors.feed import GROWING
from collectors.place import Place
from collectors.swapped import Swapped
from tests.collectors.rig import Console
from tests.shop import SHOP_TIME, Shop, make_shop
from vcanalytics.source import TABLES, Source
from vcanalytics.source.connection import LONG_TEXT_MAX, READ_ROWS_MAX

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop.db") as shop:
        yield shop


@pytest.fixture
def console(shop: Shop, tmp_path: Path) -> Console:
    return Console(tmp_path / "data", shop.url)


def rows(console: Console, stream: str = "activity") -> list[dict[str, Any]]:
    """What is kept of a stream, without the empty cells."""
    table: list[dict[str, Any]] = console.reader.snapshot([stream]).table(stream).to_pylist()
    return [{k: v for k, v in row.items() if v is not None and k != "seq"} for row in table]


def add_user(shop: Shop, name: str = "ann", **values: object) -> int:
    given = {"email": f"{name}@example.com", "created_at": SHOP_TIME, **values}
    return shop.insert("users", username=name, password_hash="h4sh", salt="s4lt", **given)


def add_upload(shop: Shop, user_id: object = 1, **values: object) -> int:
    row: dict[str, object] = {
        "filename": "5a1f_logo.png",
        "original_filename": "logo.png",
        "file_size": 52_000,
        "upload_date": SHOP_TIME,
        "svg_filename": "5a1f_result.svg",
        "processing_time": 2.25,
        "strategy_used": "vtracer_high_fidelity",
    }
    return shop.insert("user_uploads", user_id=user_id, **{**row, **values})


def add_activity(shop: Shop, kind: str = "login", **values: object) -> int:
    row: dict[str, object] = {"user_id": 1, "description": kind, "timestamp": SHOP_TIME}
    return shop.insert("user_activities", activity_type=kind, **{**row, **values})


def add_log(shop: Shop, message: str = "m", component: str = "payment", **values: object) -> int:
    row: dict[str, object] = {"level": "INFO", "created_at": SHOP_TIME}
    return shop.insert("system_logs", message=message, component=component, **{**row, **values})


def add_load(shop: Shop, **values: object) -> int:
    row: dict[str, object] = {"cpu_percent": 12.34, "timestamp": "2026-11-20 17:30:00.250000"}
    return shop.insert("system_metrics", metric_type="system_resources", **{**row, **values})


def add_health(shop: Shop, **values: object) -> int:
    row: dict[str, object] = {"status": "healthy", "response_time": 3, "checked_at": SHOP_TIME}
    return shop.insert("system_health", component="database", **{**row, **values})


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


@pytest.mark.parametrize(
    ("table", "values", "reason"),
    [
        ("user_uploads", {"upload_date": "soon"}, "upload_date 'soon' is not a time"),
        ("user_uploads", {"processing_time": -1.0}, "processing_time -1.0 is no duration"),
        ("user_uploads", {"file_size": "big"}, "file_size 'big' is not a number"),
        ("user_uploads", {"file_size": 1.5}, "file_size 1.5 is no whole number"),
        ("user_activities", {"timestamp": ""}, "timestamp '' is not a time"),
        ("user_activities", {"activity_type": ""}, "activity_type is empty"),
        ("system_metrics", {"cpu_percent": None}, "it holds no figure"),
        ("system_metrics", {"cpu_percent": "much"}, "cpu_percent 'much' is not a number"),
        ("system_health", {"status": ""}, "status is empty"),
        ("system_health", {"response_time": "slow"}, "response_time 'slow' is not a number"),
        ("system_logs", {"created_at": None}, "created_at (empty) is not a time"),
        ("users", {"created_at": "once"}, "created_at 'once' is not a time"),
        ("users", {"last_login": "now"}, "last_login 'now' is not a time"),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_whole_and_costs_no_other(
    shop: Shop, console: Console, table: str, values: dict[str, object], reason: str
) -> None:
    add: Any = {
        "user_uploads": add_upload,
        "user_activities": lambda shop, **more: add_activity(
            shop, **{"kind": more.pop("activity_type", "login"), **more}
        ),
        "system_metrics": add_load,
        "system_health": add_health,
        "system_logs": add_log,
        "users": lambda shop, **more: add_user(shop, name=f"u{len(more)}", **more),
    }[table]
    add(shop)
    add(shop, **values)
    stream = next((g.stream.name for g in GROWING if g.table.name == table), "activity")
    tally = console.tally(stream)

    assert (tally.read, tally.kept, tally.rejected) == (2, 1, 1)
    assert console.rejected(stream) == {f"{table}:1:2": reason}
    (aside,) = console.catalogue.rejected(stream)
    whole = json.loads(aside["row"])
    assert whole["id"] == 2
    assert {whole[name] for name in values} == set(values.values())
    # A second look sets nothing aside anew and adds nothing.
    assert console.tally(stream).kept == 0
    assert len(console.rejected(stream)) == 1


def test_a_users_row_that_heals_gives_the_events_it_held_back(shop: Shop, console: Console) -> None:
    add_user(shop)
    console.once()
    shop.execute("UPDATE users SET last_login = 'now'")
    assert console.tally("activity").rejected == 1
    console.restart()
    shop.execute("UPDATE users SET last_login = '2026-11-20 13:00:00'")
    console.once()

    assert console.rejected() == {}
    assert [row["kind"] for row in rows(console)] == ["sign_up", "sign_in"]


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


def test_details_of_any_size_cost_no_row(shop: Shop, console: Console) -> None:
    add_activity(shop, details="x" * (LONG_TEXT_MAX + 1))
    add_log(shop, details="x" * (LONG_TEXT_MAX + 1), created_at="rubbish")
    console.once()

    (row,) = rows(console)
    assert "details" not in row
    (aside,) = console.catalogue.rejected("logs")
    assert len(json.loads(aside["row"])["details"]) == LONG_TEXT_MAX + 1


@pytest.mark.parametrize("details", ["[1]", "{", '{"filename": 7, "file_size": "x"}', "9" * 9])
def test_details_that_say_nothing_are_kept_as_they_are(
    shop: Shop, console: Console, details: str
) -> None:
    add_activity(shop, "upload", details=details)
    console.once()

    (row,) = rows(console)
    assert row["details"] == details
    assert "file_name" not in row


def test_a_source_that_was_swapped_for_another_is_noticed_and_read_anew_on_consent(
    shop: Shop, console: Console
) -> None:
    for number in range(3):
        add_upload(shop)
        add_user(shop, f"u{number}")
    console.once()
    # Other rows under the ids that were read last.
    shop.execute("UPDATE user_uploads SET upload_date = '2026-11-02 00:00:00'")
    with pytest.raises(Swapped, match="user_uploads: row 3 is another one than before"):
        console.once()
    with console.daemon() as daemon:
        daemon.settle(10)
        assert console.fact("swapped")["stream"] == "activity"
    assert len(rows(console)) == 6
    console.once(accept=True)
    assert len(rows(console)) == 9

    shop.execute("UPDATE users SET created_at = '2026-11-02 00:00:00' WHERE id = 1")
    with pytest.raises(Swapped, match="users: row 1 is another one than before"):
        console.once()
    console.once(accept=True)
    assert len(rows(console)) == 12
    assert console.tally("activity").kept == 0


def test_old_rows_that_are_cleared_away_are_no_swap(shop: Shop, console: Console) -> None:
    for _ in range(5):
        add_log(shop)
    console.once()
    shop.execute("DELETE FROM system_logs")
    console.once()
    add_log(shop)

    assert console.tally("logs").kept == 1
    assert console.catalogue.states()["logs"].rows == 6


def test_a_file_that_does_not_move_is_not_read_again(
    shop: Shop, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    inner = Source.after

    def spy(self: Source, table: Any, *args: Any) -> Any:
        asked.append(table.name)
        return inner(self, table, *args)

    add_log(shop)
    with console.daemon() as daemon:
        daemon.settle(20)
        monkeypatch.setattr(Source, "after", spy)
        daemon.settle(120)
        assert not {growing.table.name for growing in GROWING} & set(asked)
        add_log(shop)
        daemon.until(lambda: console.catalogue.states()["logs"].rows == 2, within_s=2)
        assert {growing.table.name for growing in GROWING} <= set(asked)


def test_a_stream_is_fresh_while_any_of_its_tables_is_read(shop: Shop, console: Console) -> None:
    shop.execute("DROP TABLE user_activities")
    shop.execute("DROP TABLE system_health")
    add_upload(shop)
    with console.daemon() as daemon:
        daemon.settle(20)
        states = console.catalogue.states()
        assert states["activity"].read_at is not None
        assert console.clock.now - states["activity"].read_at < timedelta(seconds=3)
        assert not states["activity"].reading_history
        assert states["health"].read_at is None


def test_a_long_history_says_how_far_it_is_read(shop: Shop, console: Console) -> None:
    shop.insert_many(
        "system_logs",
        [{"level": "INFO", "component": "c", "message": "m"}] * (3 * READ_ROWS_MAX + 1),
    )
    seen = set()
    with console.daemon() as daemon:
        for _ in range(20):
            daemon.round(1.0)
            state = console.catalogue.states()["logs"]
            seen.add((state.reading_history, state.done))
    assert (True, READ_ROWS_MAX) in seen
    assert (False, 3 * READ_ROWS_MAX + 1) in seen


class Crash(Exception):
    """The process dies here."""


ADD: dict[str, Any] = {
    "upload": add_upload,
    "activity": add_activity,
    "log": add_log,
    "load": add_load,
    "health": add_health,
    "metric": lambda shop: shop.metric(),
    "admin": lambda shop: add_log(shop, "Admin action: x", "admin"),
}
steps = st.one_of(
    st.sampled_from([*ADD, "user", "sign_in", "sign_in", "read", "restart"]),
    st.tuples(st.just("crash"), st.integers(1, 8), st.booleans()),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(steps, max_size=25))
def test_each_event_is_kept_once_wherever_the_reading_stops(
    tmp_path_factory: pytest.TempPathFactory, actions: list[Any]
) -> None:
    folder = tmp_path_factory.mktemp("once")
    expected: Counter[str] = Counter()
    users, second = 0, 0
    with make_shop(folder / "shop.db") as shop:
        console = Console(folder / "data", shop.url)
        for action in [*actions, "read"]:
            if isinstance(action, tuple):
                crash_once(console, at=action[1], committed=action[2])
            elif action in ADD:
                ADD[action](shop)
                expected[action] += 1
            elif action == "user":
                users += 1
                add_user(shop, f"u{users}")
                expected["sign_up"] += 1
            elif action == "sign_in" and users:
                console.once()  # a sign-in that the next one overwrites is seen by nobody
                second += 1
                at = AT + timedelta(seconds=second)
                shop.update_row("users", "id", 1 + second % users, last_login=at)
                expected["sign_in"] += 1
            elif action == "read":
                console.once()
            elif action == "restart":
                console.restart()
        activity = Counter(row["kind"] for row in rows(console) if row["source"] != "system_logs")
        assert activity == +Counter(
            {
                "vectorisation": expected["upload"],
                "sign_in": expected["activity"] + expected["sign_in"],
                "sign_up": expected["sign_up"],
            }
        )
        admin = sum(row["source"] == "system_logs" for row in rows(console))
        assert admin == expected["admin"]
        for stream, number in (
            ("logs", expected["log"] + expected["admin"]),
            ("system", expected["load"]),
            ("health", expected["health"]),
            ("requests", expected["metric"]),
        ):
            assert len(rows(console, stream)) == number
        console.assert_sound()


def crash_once(console: Console, *, at: int, committed: bool) -> None:
    """Read, and die at the so-manieth transaction of a table: before it commits, or just after."""
    left = at
    keep, after = Place.keep, Source.after

    def dying_keep(self: Place, *args: Any) -> None:
        nonlocal left
        keep(self, *args)
        left -= 1
        if not committed and left == 0:
            raise Crash

    def dying_read(self: Source, *args: Any) -> Any:
        if committed and left <= 0:
            raise Crash
        return after(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Place, "keep", dying_keep)
        patch.setattr(Source, "after", dying_read)
        try:
            console.once()
        except Crash:
            console.restart()


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
