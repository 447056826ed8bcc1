"""How far people get, one by one and step by step."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.analytics.moments import NOON, Row, ago, event, moment, only
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.funnels import checkout_funnel, sign_up_funnel
from vcanalytics.store import Snapshot

START, END = ago(hours=2), NOON


def attempt(number: int, email: str | None, **more: object) -> Row:
    return {
        "transaction_id": f"VC_{number}",
        "created_at": ago(hours=1),
        "email": email,
        "user_created": False,
    } | more


def paid(number: int, email: str, **more: object) -> Row:
    usual: Row = {"status": "completed", "captured_at": ago(minutes=50), "user_created": True}
    return attempt(number, email, **(usual | more))


def of_sign_ups(engine: Engine, snapshot: Snapshot) -> list[tuple[object, ...]]:
    answer = sign_up_funnel(engine, snapshot, start=START, end=END, sample_prefixes=("TEST_",))
    return [
        (step, people, anyone, first and round(first, 3), before and round(before, 3))
        for step, people, anyone, first, before in answer.rows()
    ]


def test_from_an_account_to_a_payment(engine: Engine) -> None:
    def step(kind: str, email: str) -> Row:
        return event(ago(hours=1), kind, email)

    snapshot = moment(
        activity=[
            step("sign_up", "ann@x"),
            step("sign_in", "ANN@x"),
            step("upload", "ann@x"),
            step("vectorisation", "ann@x"),
            step("sign_up", "bob@x"),
            step("sign_in", "bob@x"),
            step("sign_up", "cyd@x"),
            # Cyd uploads without signing in: a step was left out.
            step("upload", "cyd@x"),
            # Dan has had his account for long.
            step("sign_in", "dan@x"),
            event(ago(hours=3), "sign_in", "cyd@x"),
        ],
        transactions=[
            # Ann's account stands under the payer's address.
            paid(1, "other@x", payer_email=" Ann@X"),
            attempt(2, "dan@x"),
            paid(3, "test@x", transaction_id="TEST_3"),
            paid(4, "late@x", captured_at=END),
            paid(5, "gone@x"),
            paid(5, "gone@x", deleted=True),
        ],
    )
    assert of_sign_ups(engine, snapshot) == [
        ("signed_up", 3, 3, 1.0, None),
        ("signed_in", 2, 3, 0.667, 0.667),
        ("uploaded", 1, 2, 0.333, 0.5),
        ("began", 1, 3, 0.333, 1.0),
        ("paid", 1, 1, 0.333, 1.0),
    ]


def test_a_funnel_of_nobody_has_no_shares(engine: Engine) -> None:
    steps = of_sign_ups(engine, moment())
    assert [step[1:] for step in steps] == [(0, 0, None, None)] * 5


def test_from_a_checkout_to_the_first_upload(engine: Engine) -> None:
    snapshot = moment(
        activity=[
            event(ago(minutes=30), "upload", "payer@x"),
            event(ago(minutes=30), "vectorisation", "bob@x", source="user_uploads"),
            event(END + timedelta(minutes=1), "upload", "cyd@x"),
            event(ago(minutes=30), "upload", "fay@x"),
        ],
        transactions=[
            # Tried twice, paid once: one person.
            attempt(1, "ann@x"),
            paid(2, " ANN@x", payer_email="payer@x", paypal_order_id="O2"),
            paid(3, "bob@x", paypal_order_id="O3"),
            # The upload comes after the range.
            paid(4, "cyd@x"),
            # Paid, and no account.
            paid(5, "dan@x", user_created=False),
            attempt(6, "eve@x", paypal_order_id="O6", status="awaiting_payment"),
            # An upload, and nothing paid.
            attempt(7, "fay@x"),
            attempt(8, None),
            attempt(9, "early@x", created_at=START - timedelta(seconds=1)),
        ],
    )
    answer = checkout_funnel(engine, snapshot, start=START, end=END)
    assert only(answer, "step", "people") == [
        ("opened", 7),
        ("at_paypal", 5),
        ("captured", 4),
        ("account", 3),
        ("uploaded", 2),
    ]
    assert answer["share_of_first"].to_list() == pytest.approx([1, 5 / 7, 4 / 7, 3 / 7, 2 / 7])
    assert answer["share_of_before"][0] is None
    assert answer["share_of_before"][1:].to_list() == pytest.approx([5 / 7, 4 / 5, 3 / 4, 2 / 3])
