"""``source``: what there is, what is missing, whose clock, and why nothing can be read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.collectors import rig
from tests.commands.asked import NOW, Store
from tests.shop import Shop, make_shop, metadata


@pytest.fixture
def store(store: Store, shop: Shop) -> Store:
    store.url = shop.url
    return store


def tables(store: Store, *args: str) -> dict[str, dict[str, str]]:
    return {row["table"]: row for row in store.csv("source", *args)}


def test_a_whole_source_is_told_table_by_table(store: Store, shop: Shop) -> None:
    shop.transaction("VC_1", created_at="2026-11-22 11:50:00")
    assert tables(store, "--zone", "Asia/Kolkata")["transactions"] == {
        "source": str(shop.path),
        "journal_mode": "delete",
        "table": "transactions",
        "used": "true",
        "found": "true",
        "readable": "true",
        "columns_missing": "",
        "newest_as_written": "2026-11-22 11:50:00",
        "newest_at": "2026-11-22T17:20:00+05:30",
        "ahead_s": "-600.000000",
        "suggested_offset": "",
    }


def test_a_missing_table_and_missing_columns_are_told(store: Store, tmp_path: Path) -> None:
    with make_shop(tmp_path / "odd.db", without=["dispute_cases", "performance_metrics"]) as shop:
        shop.execute("CREATE TABLE performance_metrics (id INTEGER PRIMARY KEY, took REAL)")
        shop.execute("ALTER TABLE email_logs DROP COLUMN bounced_at")
        shop.execute("CREATE TABLE wishes (id INTEGER PRIMARY KEY)")
        store.url = shop.url
        found = tables(store)
    assert found["dispute_cases"]["found"] == "false"
    assert found["performance_metrics"]["readable"] == "false"
    missing = found["performance_metrics"]["columns_missing"]
    assert missing == "metric_type endpoint value status timestamp"
    mails = found["email_logs"]
    assert (mails["readable"], mails["columns_missing"]) == ("true", "bounced_at")
    assert (found["wishes"]["used"], found["wishes"]["found"]) == ("false", "true")


def test_a_table_for_people_says_it_in_words(store: Store, shop: Shop) -> None:
    shop.metric(timestamp="2026-11-22 17:30:00.250000")
    lines = store.text("source").splitlines()
    assert lines[0] == str(shop.path)
    assert lines[1:3] == ["journal mode delete", "VC_SOURCE_TIMEZONE UTC"]
    assert (
        "performance_metrics: its newest time lies in the future with VC_SOURCE_TIMEZONE UTC;"
        " a zone at +05:30 would explain it"
    ) in lines


@pytest.mark.parametrize(
    ("zone", "written", "suggested"),
    [
        ("UTC", "2026-11-22 17:29:58.123456", "+05:30"),
        ("UTC", "2026-11-22 11:59:58", ""),
        ("Asia/Kolkata", "2026-11-22 17:29:58", ""),
        ("America/New_York", "2026-11-22 11:59:58", "+00:00"),
        ("America/New_York", "2026-11-22 08:29:00", "-03:30"),
        ("UTC", "2030-01-01 00:00:00", ""),  # no zone is that far away
        ("UTC", "no time", ""),
    ],
)
def test_the_clock_suggests_the_zone(
    store: Store, shop: Shop, zone: str, written: str, suggested: str
) -> None:
    shop.metric(timestamp=written)
    store.env = {"VC_SOURCE_TIMEZONE": zone}
    row = tables(store)["performance_metrics"]
    assert (row["newest_as_written"], row["suggested_offset"]) == (written, suggested)


def test_samples_written_last_do_not_hide_the_newest_time(store: Store, shop: Shop) -> None:
    shop.transaction("VC_1", created_at="2026-11-22 11:59:00")
    for number in range(20):
        shop.transaction(f"TEST_{number}", created_at="2026-11-10 12:00:00")
    assert tables(store)["transactions"]["newest_as_written"] == "2026-11-22 11:59:00"


def test_journal_mode_wal_is_told(store: Store, tmp_path: Path) -> None:
    with make_shop(tmp_path / "wal.db", "wal") as shop:
        store.url = shop.url
        assert {row["journal_mode"] for row in store.json("source")} == {"wal"}


def test_without_a_source_the_demo_shop_is_told(store: Store) -> None:
    store.url = ""
    path = store.data_dir / "demo" / "vectorcraft.db"
    status, line = store.error("source")
    assert status == 1
    assert line.startswith(
        f"{path}: VC_SOURCE_URL is empty, and the demo shop is not made yet. Set VC_SOURCE_URL"
    )
    make_shop(path).close()
    assert store.text("source").splitlines()[0] == f"{path} (the demo shop)"


def test_a_source_that_cannot_be_read_is_one_line(store: Store, tmp_path: Path) -> None:
    store.url = f"sqlite:///{tmp_path}/nowhere.db"
    status, line = store.error("source")
    assert status == 1
    assert line.startswith(
        f"{tmp_path}/nowhere.db: the database file is not there. Check VC_SOURCE_URL"
    )
    odd = tmp_path / "odd.db"
    odd.write_text("not a database " * 1000)
    store.url = f"sqlite:///{odd}"
    status, line = store.error("source")
    assert status == 1
    assert line.startswith(f"{odd}: the file is not a SQLite database")


def test_a_hot_journal_is_one_line(store: Store, shop: Shop, tmp_path: Path) -> None:
    shop.transaction("VC_1", metadata=metadata())
    store.url = f"sqlite:///{rig.leave_hot_journal(shop, tmp_path / 'crashed.db')}"
    status, line = store.error("source")
    assert status == 1
    assert "a crash of VectorCraft left a journal to roll back" in line


def test_looking_writes_nothing(store: Store, shop: Shop) -> None:
    shop.transaction("VC_1")
    before = shop.path.read_bytes(), shop.path.stat().st_mtime_ns
    store.now = NOW + timedelta(days=1)
    store.text("source")
    assert (shop.path.read_bytes(), shop.path.stat().st_mtime_ns) == before
    assert not store.data_dir.exists()
