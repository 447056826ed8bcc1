"""The traps of a real VectorCraft database (docs/source.md), one by one, by their numbers."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from collectors.capture import Capture
from collectors.subjects import subjects
from tests.collectors.rig import NOW, Console, leave_hot_journal
from tests.shop import Shop, make_shop, open_shop, utc_text
from vcanalytics.analytics import revenue
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind, latency
from vcanalytics.analytics.reconcile import reconcile
from vcanalytics.model.windows import Grain
from vcanalytics.settings import CAPTURED_ERRORS
from vcanalytics.source import Source

SAMPLES = ("TEST_", "TXN_")
LONG_AGO = "2024-02-29 08:30:00"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine(20)
    yield engine
    engine.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop.db") as shop:
        yield shop


@pytest.fixture
def console(shop: Shop, tmp_path: Path) -> Console:
    return Console(tmp_path / "data", shop.url)


def findings(
    engine: Engine, console: Console, as_of: datetime = NOW, **more: Any
) -> list[tuple[str, str]]:
    """(finding, transaction_id) pairs."""
    found = reconcile(
        engine,
        console.reader.snapshot(),
        as_of=as_of,
        captured_errors=CAPTURED_ERRORS,
        sample_prefixes=SAMPLES,
        **more,
    )
    return list(found.select("finding", "transaction_id").iter_rows())


def totals(engine: Engine, console: Console) -> dict[str, dict[str, Any]]:
    """All figures of all time, by currency."""
    found = revenue.totals(
        engine,
        console.reader.snapshot(),
        start=datetime(2000, 1, 1, tzinfo=UTC),
        end=datetime(2100, 1, 1, tzinfo=UTC),
        zone=console.settings.zone,
        now=NOW,
        sample_prefixes=SAMPLES,
    )
    return {row["currency"]: row for row in found.to_dicts()}


def test_trap_01_rows_updated_in_place_are_found_at_any_age(shop: Shop, console: Console) -> None:
    shop.insert_many(
        "transactions",
        [
            {"transaction_id": f"VC_{i}", "email": "a@b.c", "amount": 49, "created_at": LONG_AGO}
            for i in range(2_500)
        ],
    )
    console.once()
    shop.update("VC_3", status="failed", error_message="declined")
    shop.update("VC_2400", email_sent=1)
    tally = console.tally()
    assert (tally.read, tally.kept) == (2_500, 2)
    assert console.states("VC_3") == ["pending", "failed"]
    assert console.current()["VC_2400"]["email_sent"] is True
    # The daemon polls the young ones and compares the rest in turn: no row is beyond it.
    with console.daemon() as daemon:
        daemon.settle()
        shop.update("VC_7", status="error")
        daemon.until(lambda: console.states("VC_7") == ["pending", "error"], within_s=20)


def test_trap_02_paid_without_mail_waits_for_the_second_update(
    shop: Shop, console: Console, engine: Engine
) -> None:
    paid_at = NOW - timedelta(seconds=30)
    shop.transaction("VC_1", created_at=NOW - timedelta(minutes=2))
    shop.complete("VC_1", completed_at=utc_text(paid_at), email_sent=0)
    shop.transaction("VC_2", created_at=NOW - timedelta(minutes=2))
    shop.complete("VC_2", completed_at=utc_text(paid_at), email_sent=0)
    console.once()
    shop.update("VC_1", email_sent=1)
    console.once()
    assert findings(engine, console, paid_at + timedelta(minutes=10)) == []
    late = findings(engine, console, paid_at + timedelta(minutes=10, seconds=1))
    assert late == [("paid_not_mailed", "VC_2")]


def test_trap_03_a_refund_that_overwrites_the_metadata_costs_neither_amount_nor_payer(
    shop: Shop, console: Console, engine: Engine
) -> None:
    shop.transaction("VC_1", amount=49)
    shop.complete("VC_1", amount=30.55, currency="EUR", payer_email="payer@example.net")
    console.once()
    shop.refund("VC_1", resolved_at="2026-11-21 10:00:00")
    console.restart()
    console.once()
    row = console.current()["VC_1"]
    assert (row["status"], row["refund_case_id"]) == ("refunded", "DISP_VC_1")
    assert (row["captured_amount"], row["currency"]) == (Decimal("30.55"), "EUR")
    assert row["payer_email"] == "payer@example.net"
    assert totals(engine, console)["EUR"]["refunds"] == Decimal("30.55")


def test_trap_03_what_was_refunded_before_the_first_read_falls_back_to_the_columns(
    shop: Shop, console: Console
) -> None:
    shop.transaction("VC_1", amount=49)
    shop.complete("VC_1", amount=30.55, currency="EUR")
    shop.refund("VC_1")
    console.once()
    row = console.current()["VC_1"]
    assert (row["captured_amount"], row["currency"]) == (Decimal(49), "USD")
    assert row["refund_seen_at"] is None


def test_trap_04_the_metadata_says_what_was_captured_not_what_the_client_sent(
    shop: Shop, console: Console, engine: Engine
) -> None:
    shop.transaction("VC_1", amount=0.01)
    shop.complete("VC_1", amount="49.00", currency="eur")
    console.once()
    assert totals(engine, console)["EUR"]["gross"] == Decimal(49)
    assert ("amount_mismatch", "VC_1") in findings(engine, console)


def test_trap_05_amounts_of_every_storage_class_sum_exactly_or_are_listed(
    shop: Shop, console: Console, engine: Engine
) -> None:
    amounts: list[object] = [49, 29.4, "702026.15", 0.1, 0.2, None, "49,00", -5]
    for i, amount in enumerate(amounts):
        shop.transaction(f"VC_{i}", amount=amount, status="completed", email_sent=1, user_created=1)
    kinds = {kind for (kind,) in shop.rows("SELECT DISTINCT typeof(amount) FROM transactions")}
    assert kinds == {"integer", "real", "null", "text"}
    console.once()
    assert totals(engine, console)["USD"]["gross"] == Decimal("702099.85")
    assert totals(engine, console)["USD"]["captured"] == len(amounts)
    missing = [who for what, who in findings(engine, console) if what == "amount_missing"]
    assert missing == ["VC_5", "VC_6"]
    assert "'49,00'" in console.current()["VC_6"]["notes"]


def test_trap_06_emails_are_kept_as_typed_and_compared_without_case(
    shop: Shop, console: Console, engine: Engine
) -> None:
    for i, email in enumerate(("Ann@X.org", "ann@x.org", " ANN@x.org ", "ann@X.ORG")):
        shop.transaction(f"VC_{i}", email=email, created_at=f"2026-11-20 12:0{i}:00")
    shop.complete("VC_0", payer_email="Payer@Other.net")
    console.once()
    rows = console.current()
    assert rows["VC_0"]["email"] == "Ann@X.org"
    assert rows["VC_0"]["payer_email"] == "Payer@Other.net"
    suspicious = [who for what, who in findings(engine, console) if what == "suspicious"]
    assert sorted(suspicious) == ["VC_0", "VC_1", "VC_2", "VC_3"]


def test_trap_07_utc_and_local_columns_stand_in_one_file(
    shop: Shop, tmp_path: Path, engine: Engine
) -> None:
    console = Console(tmp_path / "data", shop.url, source_timezone="Asia/Kolkata")
    shop.transaction("VC_1", created_at="2026-11-20 12:00:00")
    # In the wild some rows were completed before they were created.
    shop.complete("VC_1", completed_at="2026-11-20 11:59:58")
    shop.dispute("DISP_1", "VC_1", due_date="2026-11-27T17:30:00.123456")
    shop.metric(timestamp="2026-11-20 17:30:00.250000", endpoint="/a")
    console.once()
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    payment = console.current()["VC_1"]
    assert payment["created_at"] == noon
    assert payment["completed_at"] == noon - timedelta(seconds=2)
    assert console.current("disputes")["DISP_1"]["due_at"] == datetime(
        2026, 11, 27, 12, 0, 0, 123456, tzinfo=UTC
    )
    in_that_second = latency(
        engine,
        console.reader.snapshot(),
        kind=Kind.REQUEST,
        start=noon,
        end=noon + timedelta(seconds=1),
    )
    assert in_that_second["endpoint"].to_list() == ["/a"]


def test_trap_08_samples_are_in_no_figure_and_may_vanish(
    shop: Shop, console: Console, engine: Engine
) -> None:
    for name in ("VC_1", "TEST_1", "TXN_2"):
        shop.transaction(name)
        shop.complete(name)
    console.once()
    assert totals(engine, console)["USD"]["captured"] == 1
    assert [who for what, who in findings(engine, console) if what == "sample_row"] == [
        "TEST_1",
        "TXN_2",
    ]
    shop.delete("TEST_1")
    shop.delete("TXN_2")
    assert console.tally().deleted == 2
    assert totals(engine, console)["USD"]["captured"] == 1
    assert findings(engine, console) == []
    assert console.states("TEST_1") == ["completed", "gone"]


def test_trap_09_money_taken_from_a_payment_that_ended_as_a_failure_is_found(
    shop: Shop, console: Console, engine: Engine
) -> None:
    for name, status, message in (
        ("VC_1", "error", "name 'string' is not defined"),
        ("VC_2", "failed", "User with email ann@example.com already exists"),
        ("VC_3", "failed", "INSTRUMENT_DECLINED"),
    ):
        shop.transaction(name, status=status, error_message=message)
    console.once()
    assert findings(engine, console) == [
        ("captured_but_failed", "VC_1"),
        ("captured_but_failed", "VC_2"),
    ]
    # The status decides what was captured: such a payment is listed, and in no sum.
    assert totals(engine, console)["USD"]["captured"] == 0


def test_trap_10_a_table_without_rows_counts_as_read(shop: Shop, console: Console) -> None:
    console.once()
    states = console.reader.snapshot().states
    for stream in ("transactions", "disputes", "mails", "requests"):
        assert (states[stream].rows, states[stream].read_at) == (0, NOW)
        assert not states[stream].reading_history


def test_trap_11_performance_metrics_of_another_module_is_looked_at_not_assumed(
    tmp_path: Path,
) -> None:
    with make_shop(tmp_path / "shop.db", without=("performance_metrics",)) as shop:
        shop.execute("CREATE TABLE performance_metrics (id INTEGER PRIMARY KEY, op TEXT, ms REAL)")
        shop.transaction("VC_1")
        console = Console(tmp_path / "data", shop.url)
        result = console.once()
        assert str(result["requests"]) == (
            "columns are missing: metric_type, endpoint, value, status, timestamp"
        )
        assert set(console.current()) == {"VC_1"}
        assert "performance_metrics: " not in str(result["transactions"])
        assert "performance_metrics: columns are missing" in console.fact("source")["problem"]
        # Further columns hurt nobody, and a table that is mended is read from then on.
        shop.execute("DROP TABLE performance_metrics")
        shop.execute(
            "CREATE TABLE performance_metrics (extra TEXT, id INTEGER PRIMARY KEY, status TEXT,"
            " value REAL, endpoint TEXT, metric_type TEXT, timestamp TEXT)"
        )
        shop.metric(extra="?", value=12.5)
        assert console.tally("requests").kept == 1
        assert console.fact("source") is None


def test_trap_12_reads_are_read_only_and_hold_no_lock_between_one_another(
    shop: Shop, console: Console
) -> None:
    shop.insert_many(
        "transactions",
        [{"transaction_id": f"VC_{i}", "email": "a@b.c"} for i in range(3_500)],
    )
    before = shop.path.read_bytes()
    console.once()
    assert shop.path.read_bytes() == before
    writer = sqlite3.connect(shop.path, timeout=0, isolation_level=None)
    with Source(shop.url) as source:
        payments = subjects(24)[0]
        capture = Capture(payments, source, console.catalogue, UTC)
        capture.open()
        steps = 0
        for _step in capture.sweep(lambda: NOW):
            # With no patience at all: a read transaction left open would refuse it.
            writer.execute("UPDATE transactions SET username = ? WHERE id = 1", (str(steps),))
            steps += 1
    writer.close()
    assert steps == 4


def test_trap_12_a_locked_source_is_waited_out(shop: Shop, console: Console) -> None:
    shop.transaction("VC_1")
    shop.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.4, lambda: shop.execute("COMMIT"))
    release.start()
    try:
        assert console.tally().kept == 1
    finally:
        release.join()


def test_trap_13_times_with_t_and_with_a_blank_mean_the_same_and_null_breaks_no_sum(
    shop: Shop, console: Console, engine: Engine
) -> None:
    for name, created_at in (
        ("VC_1", "2026-11-20T09:00:00"),
        ("VC_2", "2026-11-20 10:00:00"),
        ("VC_3", "2026-11-20T14:00:00+03:00"),
    ):
        shop.transaction(name, created_at=created_at, amount=None, status="completed")
    shop.update("VC_1", amount=10)
    console.once()
    day = revenue.revenue(
        engine,
        console.reader.snapshot(),
        start=datetime(2026, 11, 20, 9, tzinfo=UTC),
        end=datetime(2026, 11, 20, 12, tzinfo=UTC),
        grain=Grain.HOUR,
        zone=console.settings.zone,
        now=NOW,
    )
    assert day["attempts"].to_list() == [1, 1, 1]
    assert day["gross"].to_list() == [Decimal(10), Decimal(0), Decimal(0)]


def test_trap_14_a_hot_journal_is_waited_for_and_named(tmp_path: Path) -> None:
    with make_shop(tmp_path / "before.db") as made:
        made.transaction("VC_1")
        crashed = leave_hot_journal(made, tmp_path / "shop.db")
    console = Console(tmp_path / "data", f"sqlite:///{crashed}")
    with console.daemon() as daemon:
        daemon.round()
        assert "left a journal to roll back" in console.fact("source")["problem"]
        assert "VectorCraft opens its database again" in console.fact("source")["hint"]
        assert console.current() == {}
        with open_shop(crashed) as app:  # VectorCraft is back
            assert app.rows("SELECT count(*) FROM transactions") == [(1,)]
        daemon.until(lambda: "VC_1" in console.current(), within_s=15)
        assert console.fact("source") is None


def test_trap_15_an_abandoned_checkout_is_told_from_a_stuck_one_by_its_age(
    shop: Shop, console: Console, engine: Engine
) -> None:
    for name, age in (
        ("VC_now", timedelta(minutes=5)),
        ("VC_stuck", timedelta(minutes=5, seconds=1)),
        ("VC_long", timedelta(hours=24)),
        ("VC_gone", timedelta(hours=24, seconds=1)),
    ):
        shop.transaction(name, status="awaiting_payment", created_at=NOW - age)
    console.once()
    assert sorted(findings(engine, console)) == [
        ("abandoned", "VC_gone"),
        ("stuck", "VC_long"),
        ("stuck", "VC_stuck"),
    ]
