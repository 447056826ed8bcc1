"""A customer is found by any part of what they tell, and their whole story stands together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics.moments import NOON, Row, ago, event, moment, only
from vcanalytics.analytics.customer_addresses import SAME_MAX, Customer
from vcanalytics.analytics.customer_search import TEXT_MAX, customers
from vcanalytics.analytics.customer_story import EVENTS_MAX, Story, story
from vcanalytics.analytics.engine import Engine
from vcanalytics.errors import UsageError


def payment(
    number: int, email: str, payer: str = "", *, begun: datetime = NOON, **more: object
) -> Row:
    paid: Row = {"status": "completed", "captured_at": begun, "payer_email": payer} if payer else {}
    return {
        "source_id": number,
        "transaction_id": f"VC_{number}",
        "email": email,
        "created_at": begun,
        "captured_amount": Decimal(49),
        "amount_column": Decimal(49),
        "currency_column": "USD",
        "user_created": True,
        "email_sent": True,
        **paid,
        **more,
    }


def sign_up(number: int, username: str, email: str) -> Row:
    return event(
        ago(hours=number), "sign_up", email, source="users", user_id=number, username=username
    )


def search(
    engine: Engine, text: str, transactions: Sequence[Row] = (), activity: Sequence[Row] = ()
) -> list[tuple[object, ...]]:
    found = customers(engine, moment(transactions=transactions, activity=activity), text).customers
    return only(found, "customer", "found_by", "payments", "account")


PAYMENTS = [
    payment(1, "Ann@Example.com", "ann@example.com", begun=ago(hours=3)),
    payment(2, "ann@example.com", "Boss@Firm.com", begun=ago(hours=2)),
    payment(3, "bob@example.com", paypal_order_id="ORDER-77XY", begun=ago(hours=1)),
    payment(4, "cyd@example.com", error_message="ann declined", username="cyd_c"),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ANN@", [("ann@example.com", "email", 2, False)]),
        ("boss@firm", [("ann@example.com", "payer_email", 1, False)]),
        ("-77x", [("bob@example.com", "paypal_order_id", 1, False)]),
        ("vc_3", [("bob@example.com", "transaction_id", 1, False)]),
        ("CYD_", [("cyd@example.com", "username", 1, False)]),
        # What an error says is nobody's name.
        ("declined", []),
        # Literally: no sign stands for any other.
        ("ann%", []),
        ("_nn@", []),
        (".*", []),
        ("' OR 1=1 --", []),
        ("", []),
        ("   ", []),
        (
            "example",
            [
                ("cyd@example.com", "email", 1, False),
                ("bob@example.com", "email", 1, False),
                ("ann@example.com", "email", 2, False),
            ],
        ),
    ],
)
def test_any_part_finds_a_customer_the_newest_first(
    engine: Engine, text: str, expected: list[tuple[object, ...]]
) -> None:
    assert search(engine, text, transactions=PAYMENTS) == expected


def test_other_payers_are_named(engine: Engine) -> None:
    found = customers(engine, moment(transactions=PAYMENTS), "ann@").customers
    assert only(found, "payers", "captured") == [(["boss@firm.com"], 2)]


def test_an_account_without_a_payment_is_found_and_one_with_is_no_second_customer(
    engine: Engine,
) -> None:
    activity = [sign_up(5, "annabel", "bel@example.com"), sign_up(6, "ann", " ANN@example.com")]
    assert search(engine, "ann", transactions=PAYMENTS, activity=activity) == [
        ("ann@example.com", "email", 2, True),
        ("bel@example.com", "username", 0, True),
    ]


def test_a_text_longer_than_any_address_is_refused_in_words(engine: Engine) -> None:
    with pytest.raises(UsageError, match="10,000 characters"):
        customers(engine, moment(), "a" * 10_000)
    assert search(engine, "a" * TEXT_MAX) == []


def who(engine: Engine, address: str, *rows: Row, activity: list[Row] | None = None) -> Customer:
    return story(engine, moment(transactions=list(rows), activity=activity or []), address).customer


def test_addresses_that_a_payment_names_together_are_one_customers(engine: Engine) -> None:
    rows = (
        payment(1, "case@x.com", "payer@x.com"),
        payment(2, "CASE@x.com", "payer@x.com"),
        payment(3, "second@x.com", "payer@x.com"),
        payment(4, "stranger@x.com", "stranger@x.com"),
    )
    found = who(engine, "case@x.com", *rows, activity=[sign_up(1, "cc", "payer@x.com")])
    assert [(one.address, one.how, one.payments) for one in found.addresses] == [
        ("case@x.com", "asked", 0),
        ("payer@x.com", "payer", 2),
        ("second@x.com", "typed", 1),
    ]
    assert only(found.accounts, "username", "address") == [("cc", "payer@x.com")]
    # From either end.
    assert set(who(engine, "payer@x.com", *rows).names) == {
        "payer@x.com",
        "case@x.com",
        "second@x.com",
    }


def test_who_pays_for_many_makes_them_no_single_customer(engine: Engine) -> None:
    rows = [payment(n, f"p{n}@x.com", "firm@x.com") for n in range(SAME_MAX + 1)]
    found = who(engine, "p1@x.com", *rows)
    assert found.names == ["p1@x.com"]
    assert found.apart == (("firm@x.com", SAME_MAX + 1),)
    firm = who(engine, "firm@x.com", *rows)
    assert firm.names == ["firm@x.com"]
    assert firm.apart == (("firm@x.com", SAME_MAX + 1),)


_NAMES = st.sampled_from(["a@x", "b@x", "c@x", "d@x", "e@x"])


@settings(max_examples=25, deadline=None)
@given(pairs=st.lists(st.tuples(_NAMES, _NAMES), min_size=1, max_size=8), asked=_NAMES)
def test_nobody_is_joined_but_by_a_payment_of_a_payer_of_few(
    engine: Engine, pairs: list[tuple[str, str]], asked: str
) -> None:
    found = who(engine, asked, *(payment(n, *pair) for n, pair in enumerate(pairs)))
    paid_for = {payer: {typed for typed, by in pairs if by == payer} for _, payer in pairs}
    many = {payer for payer, typed in paid_for.items() if len(typed) > SAME_MAX}
    expected = {asked}
    for _ in range(2):
        payers = {payer for typed, payer in pairs if typed in expected} - many
        typed_for = {typed for typed, payer in pairs if payer in expected - many} - many
        expected |= payers | typed_for
    assert set(found.names) == expected


def told(engine: Engine, address: str, **streams: Any) -> Story:
    return story(engine, moment(**streams), address, sample_prefixes=("TEST_",))


def test_one_story_of_all_that_happened(engine: Engine) -> None:
    first = ago(days=3)
    found = told(
        engine,
        "ann@x.com",
        transactions=[
            payment(1, "Ann@x.com", begun=first, status="failed", error_message="card declined"),
            payment(
                2,
                "ann@x.com",
                "pay@x.com",
                begun=first + timedelta(hours=1),
                email_sent=False,
                status="refunded",
                refund_case_id="DISP_1",
            ),
            payment(3, "other@x.com", "other@x.com"),
            payment(4, "ann@x.com", begun=ago(hours=1), status="awaiting_payment"),
        ],
        disputes=[
            {
                "source_id": 1,
                "observed_at": NOON,
                "deleted": False,
                "case_id": "DISP_1",
                "transaction_id": "VC_2",
                "customer_email": "ann@x.com",
                "dispute_type": "refund_request",
                "status": "resolved",
                "amount": Decimal(49),
                "currency": "USD",
                "created_at": ago(days=2),
                "resolved_at": ago(days=1),
            }
        ],
        mails=[
            {
                "source_id": 1,
                "observed_at": NOON,
                "deleted": False,
                "email_type": "credentials",
                "recipient_email": "PAY@x.com",
                "status": "sent",
                "created_at": first + timedelta(hours=1, minutes=1),
                "bounced_at": first + timedelta(hours=1, minutes=2),
            }
        ],
        activity=[
            event(
                first + timedelta(hours=1, seconds=5),
                "sign_up",
                "pay@x.com",
                source="users",
                user_id=7,
            ),
            # Told twice by VectorCraft, and by an address nobody knows, but by the same account.
            event(ago(hours=9), "sign_in", "new@x.com", source="users", user_id=7),
            event(
                ago(hours=9) + timedelta(seconds=1),
                "sign_in",
                "pay@x.com",
                source="user_activities",
                user_id=7,
                description="User ann login",
            ),
            event(ago(hours=8), "sign_in", "other@x.com", source="users", user_id=8),
        ],
        logs=[
            {
                "source_id": 1,
                "happened_at": first + timedelta(minutes=1),
                "level": "ERROR",
                "component": "payment",
                "message": "declined",
                "transaction_id": "VC_1",
            }
        ],
    )
    assert only(found.events, "what", "detail") == [
        ("failed", "49.00 USD, failed: card declined"),
        ("log", "ERROR payment: declined"),
        ("captured", "49.00 USD captured, paid by pay@x.com"),
        ("sign_up", ""),
        ("mail", "credentials to PAY@x.com: sent"),
        ("mail_bounced", "credentials to PAY@x.com came back"),
        ("case_opened", "case DISP_1, refund_request, 49.00 USD"),
        ("refunded", "49.00 USD refunded"),
        ("case_resolved", "case DISP_1 resolved"),
        ("sign_in", "User ann login"),
        ("begun", "49.00 USD, awaiting_payment"),
    ]
    assert found.worth.rows() == [("USD", 1, Decimal(49), 1, Decimal(49), Decimal(0))]
    assert (found.attempts, found.known, found.missing, found.cut) == (3, True, (), ())


def test_currencies_are_not_added_and_samples_and_deleted_rows_are_worth_nothing(
    engine: Engine,
) -> None:
    rows = [
        payment(1, "a@x.com", "a@x.com"),
        payment(2, "a@x.com", "a@x.com", currency="EUR", captured_amount=Decimal("10.50")),
        payment(3, "a@x.com", "a@x.com", transaction_id="TEST_3"),
        payment(4, "a@x.com", "a@x.com", deleted=True),
        payment(5, "a@x.com", "a@x.com", captured_amount=None),
    ]
    found = told(engine, "a@x.com", transactions=rows)
    assert found.worth.rows() == [
        ("USD", 2, Decimal(49), 0, Decimal(0), Decimal(49)),
        ("EUR", 1, Decimal("10.50"), 0, Decimal(0), Decimal("10.50")),
    ]
    assert (found.attempts, found.payments.height) == (3, 5)


def test_an_address_nobody_has_is_not_known_and_a_long_story_says_so(engine: Engine) -> None:
    assert not told(engine, "nobody@x.com", transactions=PAYMENTS).known
    lines: list[Row] = [
        {
            "source_id": n,
            "happened_at": NOON,
            "level": "INFO",
            "component": "auth",
            "message": f"{n}",
            "user_email": "ANN@example.com",
        }
        for n in range(EVENTS_MAX + 1)
    ]
    long = told(engine, "ann@example.com", transactions=PAYMENTS, logs=lines)
    assert long.cut == ("logs",)
    assert long.events.filter(long.events["what"] == "log").height == EVENTS_MAX
