"""Outages out of signs, and whom they hit: against plain Python, and the sample shop literally."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics.moments import NOON, Row, moment, only, request
from vcanalytics.analytics import outages
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.outages import MAIL, PAYPAL, Outage, Sign
from vcanalytics.model.payments import SAMPLE_PREFIXES

#: One for all examples: it holds nothing between questions.
ENGINE = Engine(30.0, threads=2)
MINUTE = timedelta(minutes=1)
GRACE = timedelta(minutes=10)


def minutes(number: float) -> datetime:
    """So long after the day began that is looked at."""
    return NOON - timedelta(hours=12) + number * MINUTE


def sign(service: str, start: int, length: int, *, still: bool = False) -> Sign:
    return Sign(service, "slow", minutes(start), minutes(start + length), still, f"{start}")


@settings(max_examples=30)
@given(
    st.lists(
        st.builds(
            sign,
            st.sampled_from((PAYPAL, MAIL)),
            st.integers(0, 120),
            st.integers(1, 40),
            still=st.booleans(),
        ),
        max_size=12,
    )
)
def test_outages_are_what_signs_cover_with_short_gaps_between(signs: list[Sign]) -> None:
    found = outages.merged(signs)
    for service in (PAYPAL, MAIL):
        mine = [one for one in signs if one.service == service]
        covered = {
            minute
            for one in mine
            for minute in range(400)
            if one.start <= minutes(minute) <= one.end + outages.GAP
        }
        told = [one for one in found if one.service == service]
        stretches = {
            minute
            for one in told
            for minute in range(400)
            if one.start <= minutes(minute) <= one.end + outages.GAP
        }
        assert stretches == covered
        for one, later in zip(told[1:], told, strict=False):
            assert one.end + outages.GAP < later.start
        assert sorted(s.told for one in told for s in one.signs) == sorted(s.told for s in mine)
        assert {one.open for one in told if any(s.open for s in one.signs)} <= {True}


def told(now: datetime = NOON, **streams: Any) -> list[tuple[str, str, float, float, bool]]:
    """Signs of the day: service, name, from and to in minutes of it, whether open."""
    found = outages.told_by_streams(
        ENGINE,
        moment(**streams),
        start=minutes(0),
        end=NOON,
        now=now,
        grace=GRACE,
        sample_prefixes=SAMPLE_PREFIXES,
    )
    return [
        (one.service, one.name, (one.start - minutes(0)) / MINUTE, (one.end - minutes(0)) / MINUTE,
         one.open)
        for one in found
    ]  # fmt: skip


def check(minute: float, status: str, component: str = "paypal_api") -> Row:
    return {"happened_at": minutes(minute), "component": component, "status": status}


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.integers(0, 1000), st.sampled_from(("critical", "critical", "healthy"))),
        max_size=14,
        unique_by=lambda one: one[0],
    )
)
def test_a_critical_check_holds_until_a_good_one(checks: list[tuple[int, str]]) -> None:
    checks.sort()
    expected: list[tuple[str, str, float, float, bool]] = []
    apart, holds = outages.CHECKS_APART / MINUTE, outages.HOLDS / MINUTE
    run: list[int] = []

    def over(good: float | None) -> None:
        if run:
            until = run[-1] + holds
            still = not any(m > run[-1] and s == "healthy" for m, s in checks) and until > 720
            end = until if good is None else min(until, good)
            if run[0] < min(end, 720):
                expected.append((PAYPAL, "reported_down", run[0], min(end, 720), still))
        run.clear()

    for minute, status in [one for one in checks if one[0] < 720]:
        if status == "healthy":
            over(minute)
        else:
            if run and minute - run[-1] > apart:
                later = [m for m, s in checks if s == "healthy" and run[-1] < m < 720]
                over(min(later, default=None))
            run.append(minute)
    over(None)
    found = told(health=[check(*one) for one in checks])
    known = [one for one in found if one[4] is False] + [one for one in found if one[4]]
    assert sorted(one[:4] for one in known) == sorted(one[:4] for one in expected)


def call(minute: float, status: str, endpoint: str = "paypal_oauth") -> Row:
    kind = "paypal_api_response_time"
    return request(9, minutes(minute), kind=kind, status=status, endpoint=endpoint)


def test_calls_that_fail_in_a_row_are_a_sign_and_one_is_none() -> None:
    calls = [call(10, "error"), call(11, "healthy"), call(12, "error", "orders")]
    calls += [call(20, "error"), call(30, "unhealthy"), call(55, "error"), call(57, "healthy")]
    # Too far apart to be in a row; the last two go on still.
    calls += [call(100, "error"), call(140, "error"), call(700, "error"), call(715, "error")]
    assert told(requests=calls) == [
        (PAYPAL, "calls_fail", 20, 57, False),
        (PAYPAL, "calls_fail", 700, 720, True),
    ]


def mail(minute: float, status: str = "sent", to: str = "a@b.c", **more: object) -> Row:
    return {
        "source_id": int(minute * 100),
        "observed_at": NOON,
        "deleted": False,
        "created_at": minutes(minute),
        "status": status,
        "recipient_email": to,
    } | more


def test_mails_that_fail_are_told_by_their_share_of_half_an_hour() -> None:
    few = [mail(10 + n, "failed") for n in range(4)]
    well = [mail(100 + n) for n in range(6)]
    half = [mail(200 + n, "failed" if n % 2 else "sent") for n in range(12)]
    back = [mail(300 + n, bounced_at=minutes(500)) for n in range(5)]
    waiting = [mail(400 + n, "pending") for n in range(9)]
    found = told(mails=[*few, *well, *half, *back, *waiting, mail(320)])
    assert found == [
        # Of twelve every second one: from the sixth mail on it is half of at least five.
        (MAIL, "mails_fail", 201, pytest.approx(211 + 30), False),
        (MAIL, "mails_fail", 300, 320, False),
    ]


def paid(number: int, minute: float, *, mailed: bool, **more: object) -> Row:
    return {
        "source_id": number,
        "transaction_id": f"VC_{number}",
        "status": "completed",
        "created_at": minutes(minute),
        "captured_at": minutes(minute),
        "email_sent": mailed,
    } | more


def test_three_in_a_row_without_a_mail_are_a_sign_once_the_grace_is_over() -> None:
    two = [paid(1, 10, mailed=False), paid(2, 20, mailed=False), paid(3, 30, mailed=True)]
    three = [paid(n, 10 * n, mailed=False) for n in (4, 5, 6)]
    sample = [paid(7, 65, mailed=False, transaction_id="TEST_7")]
    found = told(transactions=[*two, *three, *sample, paid(8, 66, mailed=True)])
    assert found == [(MAIL, "not_mailed", 40, 66, False)]
    late = [paid(n, 700 + n, mailed=False) for n in (1, 2, 15)]
    assert told(transactions=late) == []
    open_still = [paid(n, 700 + n, mailed=False) for n in (7, 8, 9)]
    assert told(transactions=open_still) == [(MAIL, "not_mailed", 707, 719, False)]


def outage(service: str, start: int, end: int) -> Outage:
    return Outage(service, minutes(start), minutes(end), False, ())


def tried(number: int, minute: float, status: str = "failed", **more: object) -> Row:
    return {
        "source_id": number,
        "transaction_id": f"VC_{number}",
        "created_at": minutes(minute),
        "status": status,
        "captured_amount": Decimal(49),
        "email": f"{number}@b.c",
    } | more


def test_who_tried_in_vain_is_hit_and_may_have_paid_later() -> None:
    rows = [
        tried(1, 9, email="early@b.c"),
        tried(2, 10, email=" Ann@B.C "),
        tried(3, 15, "awaiting_payment", currency="EUR", email=None, payer_email="Bo@b.c"),
        tried(4, 19, "error", email="", payer_email=None),
        tried(5, 20),
        tried(6, 12, transaction_id="TEST_6"),
        tried(7, 12, deleted=True),
        tried(8, 12, "cancelled"),
        paid(9, 30, mailed=True, email="other@b.c", payer_email="ann@b.c"),
        paid(10, 15 + 24 * 60 + 1, mailed=True, email="bo@b.c"),
        paid(11, 40, mailed=True, email=""),
        paid(12, 13, mailed=True, email="cy@b.c"),
    ]
    hit = outages.affected(
        ENGINE,
        moment(transactions=rows),
        [outage(PAYPAL, 10, 20)],
        sample_prefixes=SAMPLE_PREFIXES,
    )
    assert only(hit, "transaction_id", "customer", "paid_at") == [
        ("VC_2", "ann@b.c", minutes(30)),
        ("VC_3", "bo@b.c", None),
        ("VC_4", None, None),
    ]
    table = outages.table([outage(PAYPAL, 10, 20)], hit)
    assert only(table, "currency", "payments", "customers", "amount", "paid_later", "length_s") == [
        ("EUR", 1, 1, Decimal(49), 0, 600.0),
        ("USD", 2, 1, Decimal(98), 1, 600.0),
    ]


def test_who_paid_without_a_mail_is_hit_and_whose_mail_came_back() -> None:
    rows = [
        paid(1, 9, mailed=False, email="early@b.c"),
        paid(2, 10, mailed=False, email="Ann@b.c"),
        paid(3, 11, mailed=True, email="bo@b.c", payer_email=" Bo@Home.c"),
        paid(4, 12, mailed=True, email="cy@b.c"),
        paid(5, 13, mailed=True, email=""),
        paid(6, 20, mailed=False, email="late@b.c"),
    ]
    mails = [
        mail(11, "failed", "bo@home.c "),
        mail(12, "sent", "cy@b.c"),
        mail(13, "failed", ""),
        mail(25, "failed", "cy@b.c"),
    ]
    told_of = [outage(MAIL, 100, 110), outage(MAIL, 10, 20)]
    hit = outages.affected(ENGINE, moment(transactions=rows, mails=mails), told_of)
    assert only(hit, "outage", "customer") == [(1, "ann@b.c"), (1, "bo@home.c")]
    table = outages.table(told_of, hit)
    assert only(table, "outage", "payments", "customers", "currency", "paid_later") == [
        (0, 0, 0, None, None),
        (1, 2, 2, "USD", None),
    ]


def test_no_outage_hits_nobody() -> None:
    hit = outages.affected(ENGINE, moment(), [])
    assert hit.height == 0
    assert outages.table([], hit).height == 0
    assert isinstance(hit, pl.DataFrame)
