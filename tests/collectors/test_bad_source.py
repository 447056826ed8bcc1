"""A source that cannot be read: a clear line, nothing lost, and it heals by itself."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.collectors.rig import NOW, Console, command, leave_hot_journal
from tests.shop import Shop, make_shop
from vcanalytics.errors import SourceError
from vcanalytics.source import Source


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop.db") as shop:
        for i in range(300):
            shop.transaction(f"VC_{i}")
        shop.dispute("DISP_1", "VC_1")
        shop.mail()
        shop.metric()
        yield shop


@pytest.fixture
def console(shop: Shop, tmp_path: Path) -> Console:
    return Console(tmp_path / "data", shop.url)


def spoil(path: Path, kind: str) -> None:
    """Make the file at ``path`` what ``kind`` says."""
    whole = path.read_bytes()
    path.unlink()
    if kind == "truncated":
        path.write_bytes(whole[: len(whole) // 3])
    elif kind == "not SQLite":
        path.write_bytes(b"<!DOCTYPE html>" + b"x" * 8_192)
    elif kind == "empty":
        path.touch()
    elif kind == "a folder":
        path.mkdir()


PROBLEMS = {
    "missing": "the database file is not there",
    "truncated": "the database file is damaged or cut short",
    "not SQLite": "the file is not a SQLite database",
    "a folder": "the database file is not there",
}


@pytest.mark.parametrize("kind", list(PROBLEMS))
def test_a_source_that_cannot_be_read_is_named_in_one_line_and_read_on_when_mended(
    shop: Shop, console: Console, kind: str
) -> None:
    console.once()
    saved = shop.path.read_bytes()
    spoil(shop.path, kind)
    with console.daemon() as daemon:
        daemon.settle(10)
        said = console.fact("source")
        assert said["problem"].startswith(PROBLEMS[kind])
        assert "\n" not in said["problem"] + said["hint"]
        assert said["since"] < console.clock.now.isoformat()
        assert len(console.current()) == 300
        with pytest.raises(SourceError, match=PROBLEMS[kind]):
            console.once()
        # What is wrong began when it began, however often it is found.
        assert console.fact("source")["since"] == said["since"]
        shutil.rmtree(shop.path) if shop.path.is_dir() else shop.path.unlink(missing_ok=True)
        shop.path.write_bytes(saved)
        daemon.until(lambda: console.fact("source") is None, within_s=15)
        daemon.settle(40)
    assert len(console.versions()) == 300
    console.assert_sound()


def test_the_command_says_what_is_wrong_in_one_line(tmp_path: Path) -> None:
    for kind, words in (
        ("missing", "is not there"),
        ("not SQLite", "is not a SQLite database"),
    ):
        with make_shop(tmp_path / f"{kind}.db") as made:
            spoil(made.path, kind)
        done = command(tmp_path / "data", made.url, "--once")
        assert (done.returncode, done.stdout) == (1, "")
        [line] = done.stderr.splitlines()
        assert line.startswith(f"collectors: {made.path}: ")
        assert words in line
        assert "Check VC_SOURCE_URL" in line


def test_a_file_of_no_bytes_is_a_database_without_tables(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    path.touch()
    console = Console(tmp_path / "data", f"sqlite:///{path}")
    assert set(console.once().values()) == {"the table is missing"}
    assert console.fact("source")["problem"].startswith("transactions: the table is missing; ")


def test_a_hot_journal_fails_the_command_and_loses_nothing(shop: Shop, tmp_path: Path) -> None:
    crashed = leave_hot_journal(shop, tmp_path / "crashed.db")
    before = crashed.read_bytes()
    console = Console(tmp_path / "data", f"sqlite:///{crashed}")
    with pytest.raises(SourceError, match="left a journal to roll back"):
        console.once()
    assert crashed.read_bytes() == before
    assert Path(f"{crashed}-journal").exists()
    assert console.current() == {}


def test_a_source_locked_for_longer_than_a_read_waits_is_named_and_heals(
    shop: Shop, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.vectorcraft.Source", partial(Source, lock_wait_s=0.02))
    monkeypatch.setattr("collectors.once.PATIENCE_S", 0.02)
    console.once()
    with console.daemon() as daemon:
        daemon.settle(20)
        shop.execute("BEGIN EXCLUSIVE")
        daemon.settle(3)
        assert console.fact("source")["problem"].startswith("the database is locked")
        with pytest.raises(SourceError, match="locked by VectorCraft"):
            console.once()
        shop.transaction("VC_new")
        shop.execute("COMMIT")
        daemon.until(lambda: "VC_new" in console.current(), within_s=10)
    assert console.fact("source") is None


def test_short_locks_are_waited_out_without_a_word(
    shop: Shop, console: Console, caplog: pytest.LogCaptureFixture
) -> None:
    console.once()
    with console.daemon() as daemon:
        daemon.settle(20)
        shop.execute("BEGIN EXCLUSIVE")
        shop.transaction("VC_new")
        release = threading.Timer(0.4, lambda: shop.execute("COMMIT"))
        release.start()
        daemon.until(lambda: "VC_new" in console.current(), within_s=5)
        release.join()
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("table", "stream"),
    [
        ("transactions", "transactions"),
        ("dispute_cases", "disputes"),
        ("email_logs", "mails"),
        ("performance_metrics", "requests"),
        ("system_metrics", "system"),
        ("system_health", "health"),
        ("system_logs", "logs"),
    ],
)
def test_a_missing_table_costs_the_others_nothing(tmp_path: Path, table: str, stream: str) -> None:
    with make_shop(tmp_path / "shop.db", without=(table,)) as shop:
        console = Console(tmp_path / "data", shop.url)
        result = console.once()
        assert result.pop(stream) == "the table is missing"
        assert all(not isinstance(tally, str) for tally in result.values())
        with console.daemon() as daemon:
            daemon.settle()
            problem = f"{table}: the table is missing"
            assert console.fact("source")["problem"] == problem
            made = make_shop(tmp_path / "other.db")
            [(sql,)] = made.rows("SELECT sql FROM sqlite_master WHERE name = ?", (table,))
            shop.execute(sql)
            daemon.until(lambda: console.fact("source") is None, within_s=90)
            made.close()


def test_a_required_column_that_is_renamed_is_named_and_taken_up_again(
    shop: Shop, console: Console
) -> None:
    with console.daemon() as daemon:
        daemon.settle()
        shop.execute("ALTER TABLE transactions RENAME COLUMN status TO state")
        shop.mail(recipient_email="new@example.com")
        daemon.settle()
        assert console.fact("source")["problem"] == "transactions: columns are missing: status"
        assert len(console.current()) == 300
        assert len(console.current("mails")) == 2
        shop.execute("ALTER TABLE transactions RENAME COLUMN state TO status")
        shop.transaction("VC_new")
        daemon.until(lambda: "VC_new" in console.current(), within_s=90)
        assert console.fact("source") is None
    assert len(console.versions()) == 301


def test_an_optional_column_that_is_missing_reads_as_empty_and_is_taken_up_when_it_comes(
    shop: Shop, console: Console
) -> None:
    for column in ("username", "metadata", "error_message"):
        shop.execute(f"ALTER TABLE transactions DROP COLUMN {column}")
    with console.daemon() as daemon:
        daemon.settle()
        assert console.fact("source") is None
        assert console.current()["VC_1"]["error_message"] is None
        shop.execute("ALTER TABLE transactions ADD COLUMN error_message TEXT")
        shop.update("VC_1", status="failed", error_message="declined")
        daemon.until(lambda: console.current()["VC_1"]["error_message"] == "declined", within_s=120)


def test_a_database_in_wal_mode_is_read_while_it_is_written(tmp_path: Path) -> None:
    with make_shop(tmp_path / "shop.db", journal_mode="wal") as shop:
        shop.transaction("VC_1")
        console = Console(tmp_path / "data", shop.url)
        with console.daemon() as daemon, shop.batch():
            shop.transaction("VC_2")
            daemon.until(lambda: "VC_1" in console.current(), within_s=5)
            assert set(console.current()) == {"VC_1"}
        console.once()
        assert set(console.current()) == {"VC_1", "VC_2"}


def test_a_file_put_in_the_place_of_another_is_the_one_that_is_read(
    shop: Shop, console: Console, tmp_path: Path
) -> None:
    with console.daemon() as daemon:
        daemon.settle()
        copy = tmp_path / "copy.db"
        shutil.copyfile(shop.path, copy)
        with Shop(copy, shop.connection.__class__(copy, isolation_level=None)) as restored:
            restored.transaction("VC_new")
            restored.update("VC_5", status="failed")
        copy.replace(shop.path)
        daemon.until(lambda: "VC_new" in console.current(), within_s=20)
        assert console.current()["VC_5"]["status"] == "failed"
        assert console.fact("swapped") is None
    console.assert_sound()


def test_reading_says_when_it_was_last_read(shop: Shop, console: Console) -> None:
    console.once()
    assert console.catalogue.states()["transactions"].read_at == NOW
    with console.daemon() as daemon:
        daemon.settle()
        last = console.catalogue.states()["transactions"].read_at
        assert last is not None
        assert (console.clock.now - last).total_seconds() <= 2
        shop.path.rename(shop.path.with_suffix(".away"))
        daemon.settle(30)
        assert console.catalogue.states()["transactions"].read_at == last
