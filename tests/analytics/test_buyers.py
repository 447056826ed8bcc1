"""Suspicious buyers: the findings of reconcile, grouped, with every reason and case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics.moments import NOON, Row, moment
from vcanalytics.analytics import buyers, desk_list
from vcanalytics.analytics.buyers import Buyer
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.reconcile import reconcile
from vcanalytics.journal.case_records import Case, CaseState, Key
from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.store import Snapshot

#: One for all examples: it holds nothing between questions.
ENGINE = Engine(30.0, threads=2)
MINUTE = timedelta(minutes=1)


def attempt(number: int, minute: int, email: str | None, amount: str = "49", **more: Any) -> Row:
    return {
        "source_id": number,
        "transaction_id": f"VC_{number:02}",
        "created_at": NOON - timedelta(days=2) + minute * MINUTE,
        "status": "failed",
        "email": email,
        "captured_amount": Decimal(amount),
        "email_sent": True,
        "user_created": True,
        "amount_column": Decimal(amount),
    } | more


def paid(number: int, minute: int, email: str | None, amount: str = "49", **more: Any) -> Row:
    row = attempt(number, minute, email, amount, status="completed", **more)
    return row | {"captured_at": row["created_at"], "captured": True}


def found(rows: Sequence[Row], cases: Sequence[Case] = ()) -> list[Buyer]:
    snapshot = moment(transactions=rows)
    findings = _suspicious(snapshot)
    ids = findings["transaction_id"].unique().to_list()
    joined = desk_list.joined(findings, desk_list.cases_frame(cases), gone=False)
    return buyers.buyers(joined, buyers.captured(ENGINE, snapshot, ids))


def _suspicious(snapshot: Snapshot) -> pl.DataFrame:
    return reconcile(
        ENGINE, snapshot, as_of=NOON, sample_prefixes=SAMPLE_PREFIXES, only=("suspicious",)
    )


def case(payment: str, state: CaseState, at: datetime = NOON) -> Case:
    fields: dict[str, Any] = dict.fromkeys(Case.__dataclass_fields__)
    return Case(
        **fields
        | {
            "number": 1,
            "key": Key("suspicious", payment),
            "state": state,
            "standing": True,
            "version": 1,
            "returns": 0,
            "waits_from": at,
            "changed_at": at,
        }
    )


SHOP = [
    *(attempt(n, 10 * n, ("Ann@b.c", " ann@b.c")[n % 2]) for n in range(5)),
    paid(5, 50, "ANN@B.C", "1000.01", payer_email="Ann@Home.c"),
    *(attempt(10 + n, 600 + n, "ann@b.c") for n in range(4)),
    paid(20, 700, "bo@mailinator.com", "0.01"),
    paid(21, 701, "bo@mailinator.com", "9", currency="EUR"),
    paid(22, 800, "cy@b.c", "20", payer_email="x@Mailinator.com"),
    paid(23, 801, "fine@b.c"),
    attempt(24, 802, "", "5000"),
    paid(25, 803, "di@b.c", "5000", transaction_id="TEST_25"),
]


def test_a_buyer_has_every_reason_with_its_payments_and_its_time() -> None:
    ann, *others = sorted(found(SHOP), key=lambda one: one.address or "z")
    begun = NOON - timedelta(days=2)
    assert [(r.words, len(r.payments), (r.first_at - begun) / MINUTE) for r in ann.reasons] == [
        ("more than 3 attempts within an hour", 6, 0),
        ("the amount is above 1,000", 1, 50),
        ("more than 3 attempts within an hour", 4, 600),
    ]
    assert (ann.address, ann.payers, len(ann.payments)) == ("ann@b.c", ("ann@home.c",), 10)
    assert [(m.currency, m.attempts, m.captured, m.amount) for m in ann.money] == [
        ("USD", 10, 1, Decimal("1000.01"))
    ]
    assert [(one.address, [r.words for r in one.reasons]) for one in others] == [
        (
            "bo@mailinator.com",
            ["the amount is 0.01 or less", "throw-away address at mailinator.com"],
        ),
        ("cy@b.c", ["payer with a throw-away address at mailinator.com"]),
        ("", ["the amount is above 1,000"]),
    ]
    table = buyers.table(found(SHOP)).filter(pl.col("buyer") == "bo@mailinator.com")
    assert table.select("currency", "attempts", "captured", "amount").rows() == [
        ("EUR", 1, 1, Decimal(9)),
        ("USD", 1, 1, Decimal("0.01")),
    ]


def test_who_has_something_to_do_comes_first_and_leads_to_that_case() -> None:
    done = [case(f"VC_{n}", CaseState.DONE) for n in (20, 21)]
    told = found(SHOP, [*done, case("VC_00", CaseState.DISMISSED), case("VC_10", CaseState.OPEN)])
    assert [(one.address, one.to_do) for one in told] == [
        ("", True),
        ("cy@b.c", True),
        ("ann@b.c", True),
        ("bo@mailinator.com", False),
    ]
    ann, bo = told[2:]
    assert (ann.states, ann.case) == ((("dismissed", 1), ("open", 9)), "VC_01")
    assert (bo.states, bo.case) == ((("done", 2),), "VC_21")


def test_what_was_typed_as_an_address_is_no_reason() -> None:
    evil = "a; the amount is above 1,000; throw-away address at <script>"
    told = found([attempt(n, n, evil) for n in range(4)])
    assert [r.words for r in told[0].reasons] == ["more than 3 attempts within an hour"]
    assert told[0].address == evil


@settings(max_examples=15)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 240),
            st.sampled_from(("a@b.c", "A@b.c", "b@b.c", "c@mailinator.com", "", None)),
            st.sampled_from(("49", "49", "49", "2000", "0.01")),
        ),
        max_size=14,
    )
)
def test_buyers_and_their_reasons_are_the_findings_and_nothing_else(
    tried: list[tuple[int, str | None, str]],
) -> None:
    rows = [attempt(n, *one) for n, one in enumerate(tried)]
    findings = _suspicious(moment(transactions=rows))
    told = found(rows)
    assert sorted(p for one in told for p in one.payments) == sorted(findings["transaction_id"])
    assert len({one.address for one in told}) == len(told)
    # Each payment stands with as many reasons as reconcile gives it.
    given_of = {row["transaction_id"]: row["detail"].count("; ") + 1 for row in findings.to_dicts()}
    counted: dict[str, int] = {}
    for one in told:
        for reason in one.reasons:
            for payment in reason.payments:
                counted[payment] = counted.get(payment, 0) + 1
            if reason.words.startswith("more than 3"):
                assert len(reason.payments) > 3
    assert counted == given_of


def test_nobody_is_suspicious_of_nothing() -> None:
    assert found([]) == []
    assert buyers.table([]).height == 0
