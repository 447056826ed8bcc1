"""Wrong usage and what cannot be answered: one line on stderr, nothing on stdout, its status."""

from __future__ import annotations

import importlib
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.commands.asked import NOW, Store
from tests.shop import Shop
from vcanalytics.__main__ import COMMANDS, main
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.sealer import seal

DAY = timedelta(days=1)
#: Those that need an argument or a subcommand first.
NO_ZONE = {
    "transaction",
    "backup",
    "restore",
    "forget",
    "user",
    "note",
    "notify",
    "token",
    "paypal",
    "report",
}


@pytest.fixture
def empty(store: Store, shop: Shop) -> Store:
    """A store that was read, of a shop without rows."""
    store.keep(shop)
    return store


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "Missing command."),
        (("revenu",), "No such command 'revenu'."),
        (("--grain", "day"), "No such option '--grain'."),
        (("revenue", "day"), "Got unexpected extra argument (day)."),
        (("revenue", "--gran", "day"), "No such option '--gran'. Did you mean '--grain'?"),
        (("revenue", "--grain", "days"), "Invalid value for '--grain': 'days' is not one of"),
        (("revenue", "--grain"), "Option '--grain' requires an argument."),
        (("revenue", "--format", "xml"), "Invalid value for '--format'"),
        (("revenue", "--currency", "XYZ"), "--currency: unknown currency 'XYZ'."),
        (("revenue", "--zone", "Mars/Base"), "--zone: unknown time zone 'Mars/Base'."),
        (("revenue", "--zone", "../UTC"), "--zone: unknown time zone '../UTC'."),
        (("revenue", "--from", "yesterday"), "--from: 'yesterday' is not a time."),
        (("revenue", "--from", "1999-12-31"), "--from: '1999-12-31' is out of range."),
        (("revenue", "--to", "2100-01-02"), "--to: '2100-01-02' is out of range."),
        (("revenue", "--from", "2026-11-23"), "--from: 2026-11-23T00:00:00+00:00 lies after --to"),
        (("latency", "--kind", "cpu"), "Invalid value for '--kind'"),
        (("latency", "--from", "2026-13-01"), "--from: '2026-13-01' is not a time."),
        (("transactions", "--limit", "1000001"), "Invalid value for '--limit'"),
        (("transactions", "--limit", "0"), "Invalid value for '--limit'"),
        (("transactions", "--limit", "many"), "Invalid value for '--limit'"),
        (("transactions", "--from", "2026-11-02", "--to", "2026-11-01"), "--from: "),
        (("transactions", "--email", "\udcff"), "Invalid value for '--email'"),
        (("transaction",), "Missing argument 'ID'."),
        (("transaction", "\udcff"), "Invalid value for 'ID'"),
        (("reconcile", "--as-of", "noon"), "--as-of: 'noon' is not a time."),
        (("reconcile", "--as-of", "1970-01-01"), "--as-of: '1970-01-01' is out of range."),
        (("check", "--mend"), "No such option '--mend'."),
        (("backup",), "Missing argument 'DIR'."),
        (("restore",), "Missing argument 'DIR'."),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    store: Store, args: tuple[str, ...], says: str
) -> None:
    # Also where there is no store to ask: what is wrong with the question comes first.
    status, line = store.error(*args)
    assert status == 2
    assert line.startswith(says)


def test_too_many_windows_are_wrong_usage(empty: Store) -> None:
    status, line = empty.error("revenue", "--grain", "hour", "--from", "2000-01-01")
    assert status == 2
    assert line.startswith("the range holds more than 100,000 windows of one hour.")


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in NO_ZONE])
def test_an_unknown_zone_is_wrong_for_every_command(store: Store, command: str) -> None:
    assert store.error(command, "--zone", "Nowhere") == (
        2,
        "--zone: unknown time zone 'Nowhere'. Use a name like UTC, Asia/Kolkata or Europe/Berlin",
    )


def test_a_wrong_setting_is_wrong_usage(store: Store) -> None:
    store.env = {"VC_TIMEZON": "UTC"}
    assert store.error("streams") == (
        2,
        "VC_TIMEZON: there is no such setting. The nearest is VC_TIMEZONE",
    )


@pytest.mark.parametrize(
    "command", ["revenue", "latency", "transactions", "reconcile", "streams", "check"]
)
def test_a_missing_store_is_said_and_none_is_made(store: Store, command: str) -> None:
    status, line = store.error(command, "--format", "json")
    assert status == 1
    assert line == (
        f"{store.data_dir}/demo/catalogue.db: there is no catalogue yet."
        " Run `python -m collectors --once`, or start the console"
    )
    assert not store.data_dir.exists()


def test_a_real_store_is_asked_before_the_demos_also_where_no_source_is_named(
    empty: Store,
) -> None:
    (empty.data_dir / "demo").mkdir()
    (empty.data_dir / "demo" / "catalogue.db").write_text("nobody looks at it")
    assert len(empty.csv("streams")) == 8


@pytest.mark.parametrize("command", ["revenue", "transactions", "streams", "check"])
def test_a_file_that_is_no_store_is_said(store: Store, command: str) -> None:
    store.data_dir.mkdir()
    (store.data_dir / "catalogue.db").write_text("no database" * 1000)
    status, line = store.error(command)
    assert status == 1
    assert "catalogue cannot be opened: file is not a database" in line


def _break_pages(path: Path) -> None:
    """The first page of every table but the migrations', which opening reads."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        roots = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE tbl_name <> 'migration'"
        )
        pages = [page for (page,) in roots]
    whole = bytearray(path.read_bytes())
    for page in pages:
        whole[(page - 1) * 4096 : page * 4096] = b"\xa5" * 4096
    path.write_bytes(whole)


def _shop_of_one(store: Store, shop: Shop) -> None:
    shop.transaction("VC_1")
    shop.metric(timestamp="2026-11-22 03:00:00")
    store.keep(shop)


@pytest.mark.parametrize("command", ["revenue", "latency", "transactions", "streams"])
def test_a_damaged_store_is_said(store: Store, shop: Shop, command: str) -> None:
    _shop_of_one(store, shop)
    _break_pages(store.data_dir / "catalogue.db")
    status, line = store.error(command)
    assert status == 1
    assert "the store cannot be read: database disk image is malformed." in line
    assert "Run `python -m vcanalytics check`" in line


def test_a_batch_that_cannot_be_decoded_gives_no_figures(store: Store, shop: Shop) -> None:
    _shop_of_one(store, shop)
    catalogue = Catalogue.open(store.data_dir)
    with catalogue.transaction() as connection:
        connection.exec_driver_sql("UPDATE batch SET payload = x'00' WHERE stream = 'transactions'")
    catalogue.close()
    status, line = store.error("revenue")
    assert status == 1
    assert "1 rows of transactions cannot be read (batch 1: " in line
    assert len(store.csv("latency")) == 1  # which needs none of them


def _sealed(store: Store, shop: Shop) -> Path:
    _shop_of_one(store, shop)
    catalogue, segments = Catalogue.open(store.data_dir), Segments(store.data_dir)
    sealed = seal(catalogue, segments, STREAMS["requests"], NOW)
    catalogue.close()
    assert sealed is not None
    return segments.local(sealed.segments[0].key)


def test_a_segment_answers_and_a_damaged_one_is_said(store: Store, shop: Shop) -> None:
    path = _sealed(store, shop)
    assert [row["count"] for row in store.csv("latency")] == ["1"]
    path.write_bytes(path.read_bytes()[:-20])
    status, line = store.error("latency")
    assert status == 1
    assert line.startswith(f"{store.data_dir}/catalogue.db: 1 rows of requests cannot be read")
    assert "Run `python -m vcanalytics check`" in line


def test_a_missing_segment_costs_only_the_range_it_lies_in(store: Store, shop: Shop) -> None:
    _sealed(store, shop).unlink()
    status, line = store.error("latency")
    assert status == 1
    assert "1 rows of requests cannot be read" in line
    assert store.csv("latency", "--to", "2026-11-21") == []


def test_an_unknown_payment_is_said(empty: Store) -> None:
    status, line = empty.error("transaction", "VC_9")
    assert status == 1
    assert line.startswith("VC_9: no such payment is known. Find one by `python -m vcanalytics ")


def test_a_fault_of_the_program_is_one_line_too(
    empty: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("two\nlines")

    monkeypatch.setattr("vcanalytics.commands.streams.streams", fail)
    status, line = empty.error("streams")
    assert status == 1
    assert line.startswith("test_usage.py:")
    assert line.endswith("This is a fault of the console: please report it")


@pytest.mark.parametrize("args", [("--help",), *((name, "-h") for name in COMMANDS)])
def test_help_is_no_error_and_needs_no_store(args: tuple[str, ...]) -> None:
    result = CliRunner().invoke(main, args, env={"VC_TIMEZONE": "wrong"})
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("Usage: ")


def test_the_list_of_commands_says_what_each_says_itself() -> None:
    for name, first_line in COMMANDS.items():
        command = importlib.import_module(f"vcanalytics.commands.{name}").command
        assert isinstance(command, click.Command)
        assert (command.name, (command.help or "").split("\n\n")[0]) == (name, first_line)


# What is no error


def test_a_future_end_is_fine(empty: Store) -> None:
    rows = empty.csv("revenue", "--from", "2026-11-22", "--to", "2026-11-24")
    assert [row["complete"] for row in rows] == ["false", "false"]


def test_a_range_without_length_has_no_windows(empty: Store) -> None:
    assert empty.json("revenue", "--from", "2026-11-22", "--to", "2026-11-22") == []
    assert empty.csv("revenue", "--from", "2026-11-22", "--to", "2026-11-22") == []


def test_the_defaults_end_now_or_at_to(empty: Store) -> None:
    starts = [row["window_start"] for row in empty.csv("revenue")]
    assert (starts[0], starts[-1]) == ("2026-10-23T00:00:00+00:00", "2026-11-22T00:00:00+00:00")
    starts = [row["window_start"] for row in empty.csv("revenue", "--to", "2026-03-31")]
    assert (starts[0], starts[-1]) == ("2026-03-01T00:00:00+00:00", "2026-03-30T00:00:00+00:00")


def test_a_time_without_offset_is_in_the_zone(empty: Store, shop: Shop) -> None:
    shop.transaction("VC_1", created_at="2026-11-19 18:45:00")
    empty.keep(shop)
    kolkata = ("--zone", "Asia/Kolkata")
    asked = ("transactions", "--from", "2026-11-20", "--to", "2026-11-21")
    assert empty.csv(*asked) == []
    assert len(empty.csv(*asked, *kolkata)) == 1
    assert empty.csv(*asked[:2], "2026-11-20T00:00Z", *asked[3:], *kolkata) == []
    empty.env = {"VC_TIMEZONE": "Asia/Kolkata"}
    assert empty.csv(*asked)[0]["created_at"] == "2026-11-20T00:15:00+05:30"


def test_without_payments_windows_stand_in_the_setting_s_currency(empty: Store) -> None:
    empty.env = {"VC_CURRENCY": "JPY", "VC_WEEK_START": "sunday"}
    assert empty.csv("revenue", "--grain", "week", "--from", "2026-11-20")[0] == {
        "window_start": "2026-11-15T00:00:00+00:00",
        "currency": "JPY",
        **dict.fromkeys(("attempts", "captured", "refunded", "failed"), "0"),
        **dict.fromkeys(("gross", "refunds", "net"), "0"),
        "average": "",
        "success_rate": "",
        "complete": "false",
    }


def test_a_repeated_hour_is_two_windows(empty: Store) -> None:
    empty.now = NOW + DAY
    span = ("--from", "2026-11-01T01:00-04:00", "--to", "2026-11-01T02:00-05:00")
    rows = empty.csv("revenue", "--grain", "hour", "--zone", "America/New_York", *span)
    assert [row["window_start"] for row in rows] == [
        "2026-11-01T01:00:00-04:00",
        "2026-11-01T01:00:00-05:00",
    ]
