"""Payments as rows: each filter, each order, pages, counts, and what is marked."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.analytics.moments import NOON, ago, moment, only
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.transactions import Filters, Order, by_status, count, transactions

#: Numbered in the order of their begin, the newest last.
ROWS = [
    {
        "transaction_id": "VC_1",
        "created_at": ago(hours=5),
        "status": "completed",
        "email": "Ann@Example.com",
        "payer_email": "payer@bank.example",
        "captured_at": ago(hours=4),
        "captured_amount": Decimal(49),
        "paypal_order_id": "ORDER1",
    },
    {
        "transaction_id": "VC_2",
        "created_at": ago(hours=4),
        "status": "failed",
        "email": "bob_b@example.com",
        "captured_amount": Decimal("0.01"),
        "paypal_payment_id": "PAY2",
        "error_message": "name 'string' is not defined",
    },
    {
        "transaction_id": "VC_3",
        "created_at": ago(hours=3),
        "status": "on hold, again",
        "email": "cyd@example.com",
        "username": "user_3",
        "captured_amount": Decimal("1200.5"),
        "currency": "EUR",
    },
    {"transaction_id": "TEST_4", "created_at": ago(hours=2), "email": "test@example.com"},
    {"transaction_id": "VC_5", "created_at": ago(hours=1), "email": "gone@example.com"},
    {
        "transaction_id": "VC_5",
        "created_at": ago(hours=1),
        "email": "gone@example.com",
        "deleted": True,
    },
]
SAMPLES = ("TEST_", "TXN_")


def ids(engine: Engine, filters: Filters | None = None, order: Order = Order.NEWEST) -> list[str]:
    answer = transactions(
        engine, moment(transactions=ROWS), filters, order=order, sample_prefixes=SAMPLES
    )
    wanted = filters or Filters()
    assert count(engine, moment(transactions=ROWS), wanted, sample_prefixes=SAMPLES) == len(answer)
    found: list[str] = answer["transaction_id"].to_list()
    return found


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), ["TEST_4", "VC_3", "VC_2", "VC_1"]),
        (Filters(samples=False), ["VC_3", "VC_2", "VC_1"]),
        (Filters(deleted=True), ["VC_5"]),
        (Filters(deleted=None), ["VC_5", "TEST_4", "VC_3", "VC_2", "VC_1"]),
        (Filters(statuses=("failed", "completed")), ["VC_2", "VC_1"]),
        (Filters(statuses=("on hold, again",)), ["VC_3"]),
        (Filters(statuses=("Failed",)), []),
        (Filters(email="ANN@"), ["VC_1"]),
        (Filters(email="BANK"), ["VC_1"]),
        # Literal: no wildcard stands for anything.
        (Filters(email="b_b"), ["VC_2"]),
        (Filters(email="a%"), []),
        (Filters(start=ago(hours=4)), ["TEST_4", "VC_3", "VC_2"]),
        (Filters(end=ago(hours=4)), ["VC_1"]),
        (Filters(least=Decimal(49)), ["VC_3", "VC_1"]),
        (Filters(most=Decimal(49)), ["VC_2", "VC_1"]),
        (Filters(currency="EUR"), ["VC_3"]),
        (Filters(order_id="ORDER1"), ["VC_1"]),
        (Filters(order_id="PAY2"), ["VC_2"]),
        (Filters(order_id="ORDER"), []),
        (Filters(search="not DEFINED"), ["VC_2"]),
        (Filters(search="user_"), ["VC_3"]),
        (Filters(search="order1"), ["VC_1"]),
        (Filters(search="vc_"), ["VC_3", "VC_2", "VC_1"]),
        (Filters(search="bank"), ["VC_1"]),
        (Filters(search="' OR 1=1 --"), []),
        (Filters(search="example", least=Decimal(1), currency="USD"), ["VC_1"]),
    ],
)
def test_what_passes_a_filter(engine: Engine, filters: Filters, found: list[str]) -> None:
    assert ids(engine, filters) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (Order.NEWEST, ["VC_3", "VC_2", "VC_1"]),
        (Order.OLDEST, ["VC_1", "VC_2", "VC_3"]),
        (Order.LARGEST, ["VC_3", "VC_1", "VC_2"]),
        (Order.SMALLEST, ["VC_2", "VC_1", "VC_3"]),
        (Order.STATUS, ["VC_1", "VC_2", "VC_3"]),
        (Order.EMAIL, ["VC_1", "VC_2", "VC_3"]),
    ],
)
def test_each_order(engine: Engine, order: Order, found: list[str]) -> None:
    assert ids(engine, Filters(samples=False), order) == found


def test_pages_follow_on_each_other(engine: Engine) -> None:
    snapshot = moment(transactions=ROWS)
    pages = [
        transactions(engine, snapshot, limit=2, offset=offset)["transaction_id"].to_list()
        for offset in (0, 2, 4)
    ]
    assert pages == [["TEST_4", "VC_3"], ["VC_2", "VC_1"], []]


def test_a_row_tells_what_lists_show(engine: Engine) -> None:
    snapshot = moment(transactions=ROWS)
    answer = transactions(engine, snapshot, Filters(deleted=None), sample_prefixes=SAMPLES).sort(
        "transaction_id"
    )
    assert only(
        answer, "transaction_id", "sample", "deleted", "captured", "amount", "currency"
    ) == [
        ("TEST_4", True, False, False, None, "USD"),
        ("VC_1", False, False, True, 49, "USD"),
        ("VC_2", False, False, False, Decimal("0.01"), "USD"),
        ("VC_3", False, False, False, Decimal("1200.5"), "EUR"),
        ("VC_5", False, True, False, None, "USD"),
    ]


def test_states_are_counted_the_most_frequent_first(engine: Engine) -> None:
    snapshot = moment(
        transactions=[
            *ROWS,
            {"transaction_id": "VC_6", "status": "failed", "created_at": NOON},
        ]
    )
    everything = by_status(engine, snapshot, sample_prefixes=SAMPLES)
    assert everything.rows() == [
        ("failed", 2),
        ("completed", 1),
        ("on hold, again", 1),
        ("pending", 1),
    ]
    some = by_status(engine, snapshot, replace(Filters(), samples=False, end=NOON))
    assert ("failed", 1) in some.rows()
