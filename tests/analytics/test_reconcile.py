"""What does not add up: each finding where it begins and where it does not."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.analytics.conftest import Look
from tests.analytics.moments import NOON, Row, ago, at, moment, only
from tests.shop import Shop
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.reconcile import FINDINGS, message_pattern, reconcile

CAPTURED_ERRORS = ("name 'string' is not defined", "User with email*already exists")
SECOND = timedelta(seconds=1)


def found(
    engine: Engine, *rows: Row, cases: tuple[Row, ...] = (), **more: Any
) -> list[tuple[str, str]]:
    """(finding, payment) of each finding; rows that say nothing of it are in order."""
    usual: Row = {"amount_column": Decimal(49), "captured_amount": Decimal(49)}
    payments = [{"transaction_id": f"VC_{i}"} | usual | row for i, row in enumerate(rows)]
    disputes = [
        {
            "source_id": 1,
            "observed_at": NOON,
            "deleted": False,
            "case_id": f"DISP_{i}",
            "created_at": ago(days=1),
        }
        | row
        for i, row in enumerate(cases)
    ]
    answer = reconcile(
        engine,
        moment(transactions=payments, disputes=disputes),
        as_of=NOON,
        captured_errors=CAPTURED_ERRORS,
        sample_prefixes=("TEST_",),
        **more,
    )
    return only(answer, "finding", "transaction_id")


HOUR_AGO = ago(hours=1)


def completed(captured_at: Any = HOUR_AGO, **more: object) -> Row:
    usual: Row = {
        "status": "completed",
        "created_at": captured_at,
        "captured_at": captured_at,
        "email_sent": True,
        "user_created": True,
    }
    return usual | more


@pytest.mark.parametrize(
    ("column", "finding"), [("email_sent", "paid_not_mailed"), ("user_created", "paid_no_account")]
)
def test_paid_and_not_served_once_the_grace_is_over(
    engine: Engine, column: str, finding: str
) -> None:
    grace = timedelta(minutes=10)
    assert found(
        engine,
        completed(NOON - grace - SECOND, **{column: False}),
        completed(NOON - grace, **{column: False}),
        completed(NOON - grace - SECOND),
        completed(NOON - grace - SECOND, **{column: False, "status": "refunded"}),
        cases=({"transaction_id": "VC_3", "status": "resolved"},),
    ) == [(finding, "VC_0")]


@pytest.mark.parametrize(
    ("message", "is_one"),
    [
        ("name 'string' is not defined", True),
        ("User with email ann@example.com already exists", True),
        ("User with email ann@example.com\nor another already exists", True),
        ("NameError: name 'string' is not defined", False),
        ("User with email ann@example.com already exists.", False),
        ("declined", False),
        (None, False),
    ],
)
def test_captured_but_failed_by_its_message(
    engine: Engine, message: str | None, is_one: bool
) -> None:
    expected = [("captured_but_failed", "VC_0"), ("captured_but_failed", "VC_1")] if is_one else []
    assert (
        found(
            engine,
            {"status": "failed", "error_message": message},
            {"status": "error", "error_message": message},
            {"status": "pending", "error_message": message, "created_at": NOON},
        )
        == expected
    )


def test_a_pattern_is_a_whole_message_and_only_stars_stand_for_any_text() -> None:
    assert message_pattern([]) is None
    assert message_pattern(["a.b*c"]) == r"(?s:a\.b.*c)"


@pytest.mark.parametrize("status", ["pending", "awaiting_payment"])
def test_an_open_payment_is_new_then_stuck_then_abandoned(engine: Engine, status: str) -> None:
    ages = [
        timedelta(minutes=5),
        timedelta(minutes=5, seconds=1),
        timedelta(hours=24),
        timedelta(hours=24, seconds=1),
    ]
    rows: list[Row] = [{"status": status, "created_at": NOON - age} for age in ages]
    assert found(engine, *rows) == [
        ("stuck", "VC_2"),
        ("stuck", "VC_1"),
        ("abandoned", "VC_3"),
    ]
    # By other settings, other ages.
    assert found(engine, *rows, stuck=timedelta(hours=25), abandoned=timedelta(hours=30)) == []


def test_amounts_that_are_missing_or_disagree(engine: Engine) -> None:
    dollars: Row = {"currency_column": "USD", "currency_metadata": "USD"}
    assert found(
        engine,
        completed(amount_column=None),
        completed(**dollars, amount_column=Decimal("0.01"), amount_metadata=Decimal(49)),
        completed(**dollars, amount_column=Decimal(49), amount_metadata=Decimal("49.0")),
        completed(
            amount_column=Decimal(49),
            amount_metadata=Decimal(49),
            currency_column="USD",
            currency_metadata="EUR",
        ),
        # Only one of the two is readable: nothing to compare.
        completed(amount_column=Decimal(49), currency_column="USD", amount_metadata=None),
    ) == [("amount_missing", "VC_0"), ("amount_mismatch", "VC_1"), ("amount_mismatch", "VC_3")]


def test_refunds_and_cases_that_miss_each_other(engine: Engine) -> None:
    refunded = completed(status="refunded")
    assert found(
        engine,
        refunded,
        refunded,
        completed(),
        completed(),
        completed(),
        refunded,
        cases=(
            {"transaction_id": "VC_1", "status": "open"},
            {"transaction_id": "VC_2", "status": "resolved"},
            {"transaction_id": "VC_3", "status": "lost"},
            {"transaction_id": "VC_4", "status": "won"},
            {"transaction_id": "VC_5", "status": "resolved", "deleted": True},
        ),
    ) == [
        ("refund_without_case", "VC_0"),
        # A case that is gone from the source is none.
        ("refund_without_case", "VC_5"),
        ("case_without_refund", "VC_2"),
        ("case_without_refund", "VC_3"),
    ]


@pytest.mark.parametrize(
    ("amount", "currency", "is_one"),
    [
        ("1000.01", "USD", True),
        ("1000", "USD", False),
        ("0.01", "USD", True),
        ("0.02", "USD", False),
        ("-5", "USD", True),
        ("150000", "JPY", False),
    ],
)
def test_suspicious_amounts(engine: Engine, amount: str, currency: str, is_one: bool) -> None:
    rows = found(engine, completed(captured_amount=Decimal(amount), currency=currency))
    assert rows == ([("suspicious", "VC_0")] if is_one else [])


@pytest.mark.parametrize(("minutes", "suspicious"), [(60, 4), (60.5, 0)])
def test_more_than_three_attempts_within_an_hour(
    engine: Engine, minutes: float, suspicious: int
) -> None:
    spellings = ["ann@example.com", "ANN@example.com", " Ann@Example.com ", "ann@example.com"]
    rows = [
        completed(ago(hours=5) + timedelta(minutes=minutes) * i / 3, email=email)
        for i, email in enumerate(spellings)
    ]
    assert len(found(engine, *rows)) == suspicious
    # Nobody named is nobody in particular.
    assert found(engine, *(row | {"email": "  "} for row in rows)) == []


def test_throw_away_addresses_of_buyer_and_payer(engine: Engine) -> None:
    assert found(
        engine,
        completed(email="x@10minutemail.com"),
        completed(email="x@example.com", payer_email="Y@10MinuteMail.com"),
        completed(email="10minutemail.com@example.com"),
        completed(email="x@sub.10minutemail.com.example"),
    ) == [("suspicious", "VC_0"), ("suspicious", "VC_1")]


def test_a_sample_is_nothing_but_a_sample(engine: Engine) -> None:
    assert found(
        engine,
        completed(ago(days=3), transaction_id="TEST_1", email_sent=False, amount_column=None),
        {"transaction_id": "TEST_2", "created_at": ago(days=2)},
        completed(ago(days=1), transaction_id="TEST_3", deleted=True),
    ) == [("sample_row", "TEST_1"), ("sample_row", "TEST_2")]


def test_the_range_is_that_of_created_at(engine: Engine) -> None:
    rows: list[Row] = [{"created_at": ago(hours=hours)} for hours in (1, 2, 3)]
    assert found(engine, *rows, start=ago(hours=2), end=ago(hours=1)) == [("stuck", "VC_1")]


def test_findings_of_a_shop_in_their_words(engine: Engine, shop: Shop, look: Look) -> None:
    shop.transaction("VC_1", email="Ann@Example.com", amount=0.01, created_at="2026-11-20 08:00:00")
    shop.complete(
        "VC_1",
        completed_at="2026-11-20 08:01:00",
        amount=49.0,
        payer_email="payer@example.com",
        email_sent=0,
    )
    shop.transaction("VC_2", amount="49,00", created_at="2026-11-20 09:00:00")
    shop.transaction("VC_3", created_at="2026-11-20 09:30:00")
    shop.complete("VC_3", completed_at="2026-11-20 09:31:00")
    shop.dispute("DISP_3", "VC_3", status="resolved", resolved_at="2026-11-20 10:00:00")
    answer = reconcile(engine, look(NOON), as_of=NOON)
    assert answer.drop("email", "currency").rows() == [
        (
            *("paid_not_mailed", "VC_1", "payer@example.com", 49),
            *(at("2026-11-20T08:01:00"), "completed, and no mail is marked as sent"),
        ),
        (
            *("stuck", "VC_2", None, None),
            *(at("2026-11-20T09:00:00"), "pending"),
        ),
        (
            *("amount_missing", "VC_2", None, None),
            *(at("2026-11-20T09:00:00"), answer["detail"][2]),
        ),
        (
            *("amount_mismatch", "VC_1", "payer@example.com", 49),
            *(at("2026-11-20T08:01:00"), "the row says 0.01 USD, the payment 49.00 USD"),
        ),
        (
            *("case_without_refund", "VC_3", "ann@example.com", 49),
            *(at("2026-11-20T10:00:00"), "case DISP_3 is resolved, the payment completed"),
        ),
    ]
    assert "49,00" in answer["detail"][2]
    assert set(answer["finding"]) <= set(FINDINGS)
