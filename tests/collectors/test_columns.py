"""A column that was read and is gone: the table stands still, and no row is taken for emptied."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors import notices
from tests.collectors.rig import Console, command
from tests.shop import SHOP_TIME, Shop, make_shop
from vcanalytics.source.tables import TABLES

ROWS = 60
GONE = "a column that was there is missing: "
#: The stream each table's rows are counted in.
STREAM_OF = {
    "transactions": "transactions",
    "dispute_cases": "disputes",
    "email_logs": "mails",
    "user_uploads": "activity",
    "user_activities": "activity",
    "users": "activity",
    "system_metrics": "system",
    "system_health": "health",
    "system_logs": "logs",
}
OPTIONAL = [
    (table.name, column)
    for table in TABLES.values()
    for column in sorted({*table.optional[:1], *table.optional[-1:]})
]


def add_rows(shop: Shop, name: str) -> None:
    """One row more of every table."""
    shop.transaction(name)
    shop.dispute(f"DISP_{name}", name)
    shop.mail(recipient_email=f"{name}@b.c", delivered_at=SHOP_TIME)
    shop.metric(endpoint=f"/{name}")
    user = shop.insert(
        "users",
        username=name,
        email=f"{name}@b.c",
        password_hash="x",
        salt="x",
        created_at=SHOP_TIME,
    )
    picture = {"filename": "f", "original_filename": "f", "upload_date": SHOP_TIME}
    shop.insert("user_uploads", user_id=user, **picture)
    shop.insert(
        "user_activities",
        user_id=user,
        activity_type="logout",
        description=name,
        timestamp=SHOP_TIME,
    )
    shop.insert("system_metrics", metric_type="load", cpu_percent=1.0, timestamp=SHOP_TIME)
    shop.insert("system_health", component=name, status="healthy", checked_at=SHOP_TIME)
    words: dict[str, object] = {"level": "INFO", "component": "payment", "message": name}
    shop.insert("system_logs", created_at=SHOP_TIME, **words)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop.db") as shop:
        with shop.batch():
            for i in range(ROWS):
                shop.transaction(f"VC_{i}")
        shop.complete("VC_1")
        add_rows(shop, "first")
        yield shop


@pytest.fixture
def console(shop: Shop, tmp_path: Path) -> Console:
    return Console(tmp_path / "data", shop.url)


def kept(console: Console) -> dict[str, int]:
    return {name: state.rows for name, state in console.catalogue.states().items()}


def problem(console: Console) -> Any:
    return (console.fact("source") or {}).get("problem")


@pytest.mark.parametrize(("table", "column"), OPTIONAL)
def test_once_leaves_the_table_as_it_is_says_so_and_heals(
    shop: Shop, console: Console, table: str, column: str
) -> None:
    console.once()
    before, payments = kept(console), console.current()
    console.restart()
    shop.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO gone")
    for _ in range(2):
        found = console.once()[STREAM_OF[table]]
        assert GONE + column in (found if isinstance(found, str) else found.problem)
        assert problem(console) == f"{table}: {GONE}{column}"
        assert "--accept-deletions" in console.fact("source")["hint"]
    assert kept(console) == before
    assert console.current() == payments
    shop.execute(f"ALTER TABLE {table} RENAME COLUMN gone TO {column}")
    console.once()
    assert problem(console) is None
    assert kept(console) == before
    console.assert_sound()


def test_once_reads_every_other_table_on(shop: Shop, console: Console) -> None:
    console.once()
    before = kept(console)
    add_rows(shop, "second")
    shop.execute("ALTER TABLE transactions DROP COLUMN amount")
    console.once()
    after = kept(console)
    assert after["transactions"] == before["transactions"]
    assert all(after[name] > before[name] for name in before.keys() - {"transactions"})


def test_several_columns_are_named_together(shop: Shop, console: Console) -> None:
    console.once()
    for column in ("error_message", "amount"):
        shop.execute(f"ALTER TABLE transactions DROP COLUMN {column}")
    assert (
        console.once()["transactions"]
        == "columns that were there are missing: amount, error_message"
    )


@pytest.mark.parametrize("again", [False, True], ids=["at work", "started anew"])
def test_a_daemon_leaves_the_table_as_it_is_reads_the_others_and_heals(
    shop: Shop, console: Console, again: bool
) -> None:
    with console.daemon() as daemon:
        daemon.settle()
        before, payments = kept(console), console.current()
        shop.execute("ALTER TABLE transactions RENAME COLUMN amount TO amnt")
        daemon.until(lambda: problem(console) is not None, within_s=90)
    if again:
        console.restart()
    with console.daemon() as daemon:
        daemon.settle()
        assert problem(console) == f"transactions: {GONE}amount"
        shop.mail(recipient_email="new@b.c")
        shop.metric(endpoint="/new")
        daemon.settle()
        after = kept(console)
        assert (after["mails"], after["requests"]) == (before["mails"] + 1, before["requests"] + 1)
        assert console.current() == payments
        assert len(console.versions()) == before["transactions"]
        shop.execute("ALTER TABLE transactions RENAME COLUMN amnt TO amount")
        shop.transaction("VC_new")
        daemon.until(lambda: "VC_new" in console.current(), within_s=90)
        assert problem(console) is None
        assert len(console.versions()) == before["transactions"] + 1
    console.assert_sound()


def test_a_column_that_goes_while_the_console_is_away_is_noticed(
    shop: Shop, console: Console
) -> None:
    with console.daemon() as daemon:
        daemon.settle()
    before = console.current()
    shop.execute("ALTER TABLE transactions DROP COLUMN metadata")
    console.restart()
    with console.daemon() as daemon:
        daemon.settle()
        assert problem(console) == f"transactions: {GONE}metadata"
    assert console.current() == before


def test_users_without_their_addresses_cost_no_other_table(shop: Shop, console: Console) -> None:
    with console.daemon() as daemon:
        daemon.settle()
        before = kept(console)
        with shop.batch():
            shop.execute("ALTER TABLE users RENAME COLUMN email TO mail")
            shop.insert("user_uploads", user_id=1, filename="f", original_filename="f")
        daemon.settle()
        shop.transaction("VC_new")
        daemon.until(lambda: "VC_new" in console.current(), within_s=10)
        assert kept(console)["activity"] == before["activity"] + 1
        assert problem(console) == f"users: {GONE}email"


def test_told_that_it_is_meant_once_reads_the_column_as_empty_from_then_on(
    shop: Shop, console: Console
) -> None:
    console.once()
    shop.execute("ALTER TABLE transactions DROP COLUMN amount")
    console.once()
    console.once(accept=True)
    assert console.current()["VC_2"]["amount_column"] is None
    assert problem(console) is None
    console.restart()
    console.once()
    assert problem(console) is None
    # The word counted once: another column that goes is another matter.
    shop.execute("ALTER TABLE transactions DROP COLUMN username")
    console.once()
    assert problem(console) == f"transactions: {GONE}username"


def test_running_daemons_take_a_missing_column_as_meant_when_told(
    shop: Shop, console: Console
) -> None:
    with console.daemon() as daemon:
        daemon.settle()
        shop.execute("ALTER TABLE transactions DROP COLUMN amount")
        daemon.until(lambda: problem(console) is not None, within_s=90)
        notices.ask_consent(console.catalogue)
        daemon.until(lambda: problem(console) is None, within_s=30)
        daemon.until(lambda: console.current()["VC_2"]["amount_column"] is None, within_s=60)
        shop.execute("ALTER TABLE transactions DROP COLUMN username")
        daemon.until(lambda: problem(console) == f"transactions: {GONE}username", within_s=90)


def test_a_column_that_came_later_is_missed_when_it_goes(shop: Shop, console: Console) -> None:
    shop.execute("ALTER TABLE transactions DROP COLUMN error_message")
    console.once()
    assert problem(console) is None
    shop.execute("ALTER TABLE transactions ADD COLUMN error_message TEXT")
    console.once()
    shop.execute("ALTER TABLE transactions DROP COLUMN error_message")
    console.once()
    assert problem(console) == f"transactions: {GONE}error_message"


def test_the_columns_of_a_swapped_source_are_not_taken_for_its_own(
    shop: Shop, console: Console, tmp_path: Path
) -> None:
    shop.execute("ALTER TABLE transactions DROP COLUMN error_message")
    console.once()
    saved = shop.path.read_bytes()
    shop.close()
    with make_shop(tmp_path / "other.db") as other:
        other.transaction("XX_1")
    with console.daemon() as daemon:
        other.path.replace(shop.path)
        daemon.settle(60)
        assert console.fact("swapped") is not None
        shop.path.write_bytes(saved)
        daemon.until(lambda: console.fact("swapped") is None, within_s=90)
        daemon.settle(90)
        assert problem(console) is None


def test_the_command_says_it_in_the_streams_line_and_takes_the_word(
    shop: Shop, console: Console
) -> None:
    console.once()
    data = console.settings.data_dir
    shop.execute("ALTER TABLE transactions DROP COLUMN amount")
    told = command(data, shop.url, "--once").stdout.splitlines()
    assert told[0] == f"transactions: 0 rows read, 0 rejected: {GONE}amount"
    taken = command(data, shop.url, "--accept-deletions").stdout.splitlines()
    assert taken[0] == f"transactions: {ROWS + 1} rows read, 0 rejected"
