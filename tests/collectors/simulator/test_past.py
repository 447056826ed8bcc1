"""The made past: a plausible shop with every fate, trap and outage, in seconds."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from collectors.simulator import Simulator, make_ready, shop
from collectors.simulator.outages import planned_outages
from tests.collectors.simulator.living import NOW, SHORT, content, one, opened
from vcanalytics.settings import Settings

ACTIVE = "('open', 'investigating', 'pending_response', 'escalated')"


class Whole(NamedTuple):
    """A shop with its whole past, how its making was told, and what it cost."""

    path: Path
    told: list[tuple[int, int, str]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    path = tmp_path_factory.mktemp("demo") / "demo" / "vectorcraft.db"
    told: list[tuple[int, int, str]] = []
    make_ready(Simulator(path, progress=lambda *step: told.append(step)), NOW)
    return Whole(path, told)


@pytest.fixture
def past(whole: Whole) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{whole.path.as_uri()}?mode=ro", uri=True)
    yield connection
    connection.close()


def test_ninety_days_are_made_with_progress(whole: Whole) -> None:
    assert whole.told[0][1] == whole.told[-1][0] == 90
    assert [done for done, _, _ in whole.told] == sorted(done for done, _, _ in whole.told)
    assert whole.told[-1][2] == "2026-11-25"


def test_a_stop_never_waits_long_while_the_past_is_made(tmp_path: Path) -> None:
    simulator = opened(tmp_path / "vectorcraft.db", history=timedelta(days=30))
    longest_s, calls = 0.0, 0
    while not simulator.ready:
        began = time.process_time()
        simulator.loop(NOW)
        longest_s, calls = max(longest_s, time.process_time() - began), calls + 1
    simulator.shutdown()
    assert calls > 1
    assert longest_s < 3


def test_the_same_seed_and_clock_give_the_same_shop(made: Path, tmp_path: Path) -> None:
    make_ready(Simulator(tmp_path / "again.db", history=SHORT), NOW)
    assert content(tmp_path / "again.db") == content(made)
    make_ready(Simulator(tmp_path / "other.db", history=SHORT, seed=7), NOW)
    assert content(tmp_path / "other.db") != content(made)


def test_the_past_has_the_size_and_shares_of_a_shop(past: sqlite3.Connection) -> None:
    total = one(past, "SELECT count(*) FROM transactions")
    assert 28_000 < total < 34_000
    assert 45_000 < one(past, "SELECT count(*) FROM email_logs") < 58_000
    assert 150_000 < one(past, "SELECT count(*) FROM performance_metrics") < 220_000
    shares = {
        status: count / total
        for status, count in past.execute("SELECT status, count(*) FROM transactions GROUP BY 1")
    }
    expected = {
        "completed": (0.74, 0.81),
        "awaiting_payment": (0.045, 0.065),
        "failed": (0.07, 0.1),
        "error": (0.03, 0.05),
        "pending": (0.006, 0.012),
        "refunded": (0.025, 0.045),
        "cancelled": (0.0005, 0.006),
    }
    assert shares.keys() == expected.keys()
    for status, (low, high) in expected.items():
        assert low < shares[status] < high, status
    first = one(past, "SELECT julianday(min(created_at)) FROM transactions")
    last = one(past, "SELECT julianday(max(created_at)) FROM transactions")
    assert 89.9 < last - first < 90.01


def test_the_past_has_a_rhythm_and_growth(past: sqlite3.Connection) -> None:
    def count(where: str) -> float:
        return one(past, f"SELECT count(*) FROM transactions WHERE {where}")

    assert count("strftime('%w', created_at) = '2'") > 1.3 * count(
        "strftime('%w', created_at) = '0'"
    )
    assert count("strftime('%H', created_at) IN ('13', '14')") > 1.7 * count(
        "strftime('%H', created_at) IN ('22', '23')"
    )
    assert count("created_at > '2026-10-26'") > 4 * count("created_at < '2026-09-25'")


def test_the_past_ends_at_about_the_rate_at_which_the_shop_goes_on(
    past: sqlite3.Connection,
) -> None:
    last_week = "FROM transactions WHERE created_at > '2026-11-18 12:00'"
    assert 700 < one(past, f"SELECT count(*) / 7.0 {last_week}") < 900
    # A minute has one payment on the average: no chart has a wall where the past ends.
    assert Settings().demo_payments_per_minute == 1
    by_kind = {
        "user_uploads": "upload_date",
        "user_activities": "timestamp",
        "performance_metrics": "timestamp",
    }
    for table, column in by_kind.items():
        each = f"SELECT count(*) FROM {table} WHERE {column} > '2026-11-18 12:00'"
        assert one(past, each) / one(past, f"SELECT count(*) {last_week}") > 1, table


UNSERVED = {
    "charged but failed": (
        "status IN ('failed', 'error') AND (error_message = 'name ''string'' is not defined'"
        " OR error_message LIKE 'User with email % already exists')"
    ),
    "no mail": "status = 'completed' AND email_sent = 0",
    "no account": "status = 'completed' AND user_created = 0",
}


@pytest.mark.parametrize("what", UNSERVED)
def test_who_paid_and_was_not_served_is_mostly_served_within_two_weeks(
    past: sqlite3.Connection, what: str
) -> None:
    real = f"transaction_id LIKE 'VC%' AND {UNSERVED[what]}"
    total = one(past, f"SELECT count(*) FROM transactions WHERE {real}")
    old = one(past, f"SELECT count(*) FROM transactions WHERE {real} AND created_at < '2026-11-11'")
    assert 3 <= total < 40
    assert old <= total / 2


REPAIRED = {
    "completed by hand": (
        "status = 'completed' AND julianday(completed_at) - julianday(created_at) > 0.1"
        " AND user_created = 1 AND email_sent = 1 AND error_message IS NULL"
    ),
    "refunded without an account": (
        "status = 'refunded' AND user_created = 0 AND completed_at IS NOT NULL"
    ),
}


@pytest.mark.parametrize("how", REPAIRED)
def test_what_was_put_right_looks_like_it(past: sqlite3.Connection, how: str) -> None:
    rows = f"SELECT count(*) FROM transactions AS t WHERE {REPAIRED[how]}"
    assert one(past, f"{rows} AND transaction_id LIKE 'VC%'") >= 10


def test_mails_that_failed_are_sent_days_later(past: sqlite3.Connection) -> None:
    days = (
        "SELECT julianday(max(created_at) FILTER (WHERE status = 'sent'))"
        " - julianday(min(created_at) FILTER (WHERE status = 'failed')) AS days"
        " FROM email_logs GROUP BY recipient_email"
    )
    late = f"SELECT count(*) FROM ({days}) WHERE days BETWEEN 0.5 AND 15"
    assert one(past, late) >= 20


FATES = {
    "order failed": "status = 'failed' AND error_message = 'Failed to create PayPal order'",
    "capture failed": "status = 'failed' AND error_message = 'PayPal capture failed'",
    "captured, account exists": (
        "status = 'failed' AND error_message LIKE 'User with email % already exists'"
    ),
    "captured, exception": "status = 'error' AND error_message = 'name ''string'' is not defined'",
    "timed out": "status = 'error' AND error_message LIKE 'HTTPSConnectionPool%'",
    "locked": "status = 'error' AND error_message = 'database is locked'",
    "no mail": "status = 'completed' AND email_sent = 0",
    "no account": "status = 'completed' AND user_created = 0",
    "abandoned": "status = 'awaiting_payment' AND created_at < '2026-11-24'",
    "left pending": "status = 'pending' AND created_at < '2026-11-24'",
    "metadata overwritten": (
        "status = 'refunded' AND metadata LIKE '{\"refund_case_id\": %' "
        " AND completed_at IS NOT NULL"
    ),
    "other payer": (
        "status = 'completed' AND lower(email) <> json_extract(metadata, '$.payer_email')"
    ),
    "Case": "email GLOB '[A-Z][a-z]*'",
    "tampered": "amount = 0.01",
    "differs": "status = 'completed' AND amount = 49 AND json_extract(metadata, '$.amount') = 0.01",
    "other currency": "json_extract(metadata, '$.currency') = 'EUR' AND currency = 'USD'",
    "large": "amount > 1000",
    "discount": "amount IN (29.4, 39.2, 44.1)",
    "NULL": "amount IS NULL",
    "TEXT": "typeof(amount) = 'text' AND amount = '49,00'",
    "throw-away": "email LIKE '%@mailinator.com' OR email LIKE '%@yopmail.com'",
    "sample": "transaction_id LIKE 'TXN!_%' ESCAPE '!'",
    "test": "transaction_id LIKE 'TEST!_%' ESCAPE '!'",
    "completed before created": "completed_at < created_at",
    "refund without case": (
        "status = 'refunded' AND NOT EXISTS (SELECT 1 FROM dispute_cases AS d"
        " WHERE d.transaction_id = transactions.transaction_id)"
    ),
}


@pytest.mark.parametrize("fate", FATES)
def test_every_fate_of_a_payment_is_there(past: sqlite3.Connection, fate: str) -> None:
    assert one(past, f"SELECT count(*) FROM transactions WHERE {FATES[fate]}") >= 1


CASES = {
    "refund at resolution": "status = 'resolved' AND resolved_at >= created_at AND EXISTS ("
    "SELECT 1 FROM transactions AS t WHERE t.transaction_id = d.transaction_id"
    " AND t.status = 'refunded'"
    " AND json_extract(t.metadata, '$.refund_case_id') = d.case_id)",
    "chargeback": "dispute_type = 'chargeback'",
    "lost": "status = 'lost'",
    "asked twice": "status = 'closed' AND resolution_notes LIKE 'duplicate of DISP_%'",
    "open, not yet due": f"status IN {ACTIVE} AND due_date > '2026-11-25T12:00:00'",
    "open, overdue": f"status IN {ACTIVE} AND due_date < '2026-11-25T12:00:00'",
    "without refund": "status IN ('resolved', 'lost') AND EXISTS (SELECT 1 FROM transactions AS t"
    " WHERE t.transaction_id = d.transaction_id AND t.status = 'completed')",
}


@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_case_is_there(past: sqlite3.Connection, case: str) -> None:
    assert one(past, f"SELECT count(*) FROM dispute_cases AS d WHERE {CASES[case]}") >= 1


def test_a_case_is_due_two_weeks_after_it_is_opened_in_local_time(past: sqlite3.Connection) -> None:
    rows = past.execute("SELECT created_at, due_date, communication_log FROM dispute_cases")
    for created, due, log in rows:
        gap = datetime.fromisoformat(due) - datetime.fromisoformat(created)
        assert timedelta(days=14) <= gap < timedelta(days=14, seconds=1)
        assert due[10] == "T"
        assert json.loads(log)[-1]["action_type"] == "dispute_created"


def test_customers_try_again_and_some_too_often(past: sqlite3.Connection) -> None:
    again = one(
        past,
        "SELECT count(*) FROM transactions AS a JOIN transactions AS b ON a.email = b.email"
        " WHERE a.status = 'failed' AND b.id > a.id"
        " AND julianday(b.created_at) - julianday(a.created_at) < 0.02",
    )
    assert again > 50
    hourly = (
        "SELECT count(*) AS n FROM transactions GROUP BY lower(email), substr(created_at, 1, 13)"
    )
    assert one(past, f"SELECT max(n) FROM ({hourly})") > 3


def test_nothing_in_the_past_is_in_the_future(past: sqlite3.Connection) -> None:
    columns = {
        "transactions": "created_at",
        "email_logs": "created_at",
        "users": "created_at",
        "user_uploads": "upload_date",
        "user_activities": "timestamp",
        "performance_metrics": "timestamp",
        "system_health": "checked_at",
        "system_logs": "created_at",
        "dispute_cases": "created_at",
        "admin_alerts": "created_at",
    }
    for table, column in columns.items():
        assert one(past, f"SELECT max({column}) <= '2026-11-25 12:00:01' FROM {table}") == 1, table
        ordered = f"SELECT {column} < lag({column}) OVER (ORDER BY id) AS back FROM {table}"
        if table not in {"users", "transactions"}:
            assert one(past, f"SELECT sum(back) FROM ({ordered})") == 0, table


def test_mails_users_and_uploads_belong_to_payments(past: sqlite3.Connection) -> None:
    statuses = {row[0] for row in past.execute("SELECT DISTINCT status FROM email_logs")}
    assert statuses >= {"sent", "failed", "simulated"}
    assert one(past, "SELECT count(*) FROM email_logs WHERE sent_at IS NOT NULL") == 0
    strangers = (
        "SELECT count(*) FROM transactions WHERE status = 'completed' AND user_created = 1"
        " AND transaction_id LIKE 'VC!_%' ESCAPE '!'"
        " AND json_extract(metadata, '$.payer_email') NOT IN (SELECT email FROM users)"
    )
    assert one(past, strangers) == 0
    orphans = "SELECT count(*) FROM {} WHERE user_id NOT IN (SELECT id FROM users)"
    assert one(past, orphans.format("user_uploads")) == 0
    assert one(past, orphans.format("user_activities")) == 0
    failed = one(past, "SELECT avg(svg_filename IS NULL) FROM user_uploads")
    assert 0.005 < failed < 0.05
    assert one(past, "SELECT count(DISTINCT strategy_used) FROM user_uploads") == 5


def test_the_past_has_a_paypal_and_a_mail_outage_in_any_thirty_days(
    past: sqlite3.Connection,
) -> None:
    outages = planned_outages(shop.DEFAULT_SEED, NOW - timedelta(days=30), NOW)
    assert {outage.service for outage in outages} == {"paypal", "mail"}
    for outage in outages:
        start, end = (at.strftime("%Y-%m-%d %H:%M:%S") for at in (outage.start, outage.end))
        component = {"paypal": "paypal_api", "mail": "email_service"}[outage.service]
        checks = "FROM system_health WHERE component = ? AND checked_at BETWEEN ? AND ?"
        critical = one(past, f"SELECT avg(status = 'critical') {checks}", component, start, end)
        assert critical == 1
        if outage.service == "paypal":
            failures = (
                "SELECT avg(status IN ('failed', 'error')) FROM transactions"
                " WHERE created_at BETWEEN ? AND ?"
            )
            assert one(past, failures, start, end) > 0.5
            slow = (
                "SELECT avg(value) FROM performance_metrics WHERE metric_type = 'request_time'"
                " AND endpoint = 'create_paypal_order' AND timestamp BETWEEN ? AND ?"
            )
            assert one(past, slow, start, end) > 4000
        else:
            mails = "SELECT avg(status = 'failed') FROM email_logs WHERE created_at BETWEEN ? AND ?"
            assert one(past, mails, start, end) > 0.8
    alerts = "SELECT count(*) FROM admin_alerts WHERE title = ? AND resolved = 1"
    assert one(past, alerts, "Email_Service Service Critical") >= 1
    assert one(past, alerts, "High Payment Failure Rate") >= 1


def test_local_columns_are_the_hosts(tmp_path: Path) -> None:
    path = tmp_path / "vectorcraft.db"
    kolkata = Simulator(path, zone=ZoneInfo("Asia/Kolkata"), history=timedelta(days=2))
    make_ready(kolkata, NOW)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT max(timestamp) FROM system_metrics").fetchone()[0] >= (
        "2026-11-25 17:30:00.000000"
    )
    assert connection.execute("SELECT max(checked_at) FROM system_health").fetchone()[0] == (
        "2026-11-25 12:00:00"
    )
    connection.close()
