"""PayPal's side beside ours: an example of each finding, and the whole against a brute force."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics.conftest import Look
from tests.analytics.paypal_force import Force, Ours
from tests.shop import Shop, metadata
from vcanalytics.analytics import paypal
from vcanalytics.analytics.engine import Engine
from vcanalytics.model.streams import DISPUTES, TRANSACTIONS
from vcanalytics.model.windows import Grain
from vcanalytics.paypal.imports import ROWS

NOON: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NOW: Final = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE: Final = timedelta(minutes=1)
COVER: Final = [(NOON - timedelta(days=3), NOON + timedelta(days=3))]


def row(number: str, at: datetime = NOON, gross: str = "49.00", **more: Any) -> dict[str, Any]:
    """A row of PayPal's."""
    amount = Decimal(gross)
    fee = Decimal("-1.92") if amount > 0 else Decimal(0)
    made = {
        "id": number,
        "happened_at": at,
        "kind": "payment" if amount > 0 else "refund",
        "state": "done",
        "type": "Express Checkout Payment",
        "status": "Completed",
        "currency": "USD",
        "gross": amount,
        "fee": fee,
        "net": amount + fee,
        "payer": "ann@example.com",
        "reference": None,
        "invoice": None,
        "custom": None,
    }
    return made | more


def frame(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), ROWS)


@dataclass
class Sides:
    """A shop and PayPal's rows, and what they differ in."""

    engine: Engine
    shop: Shop
    look: Look
    rows: list[dict[str, Any]] = field(default_factory=list)

    def paid(self, number: str, paypal_id: str | None = None, *, at: datetime = NOON) -> None:
        """A payment of ours, captured; with PayPal's id in its metadata, if any."""
        self.shop.transaction(number, created_at=at)
        self.shop.complete(number, completed_at=at)
        ids = {} if paypal_id is None else {"paypal_transaction_id": paypal_id}
        text = metadata(49.0, **ids) if ids else '{"amount": 49.0, "currency": "USD"}'
        self.shop.update(number, metadata=text)

    def found(self, **asked: Any) -> list[tuple[str, str | None, str | None]]:
        answer = self.answer(**asked)
        return [(one["finding"], one["paypal_id"], one["transaction_id"]) for one in answer]

    def answer(self, **asked: Any) -> list[dict[str, Any]]:
        found = paypal.findings(self.engine, self.look(NOW), frame(*self.rows), COVER, **asked)
        return found.to_dicts()


@pytest.fixture
def sides(engine: Engine, shop: Shop, look: Look) -> Sides:
    return Sides(engine, shop, look)


def test_what_fits_is_no_finding(sides: Sides) -> None:
    sides.paid("VC_1", "P1")
    sides.paid("VC_2", at=NOON + 5 * MINUTE)
    sides.paid("VC_3", at=NOON + 9 * MINUTE)
    sides.shop.update("VC_2", email="eve@example.com")
    sides.rows = [
        row("P1"),
        # By the number that PayPal was given; by customer, amount and time.
        row("P2", NOON + 300 * MINUTE, payer="other@example.com", invoice="VC_3"),
        row("P3", NOON + 6 * MINUTE, payer="EVE@Example.com "),
    ]
    assert sides.found() == []


def test_an_id_that_a_refund_overwrote_is_found_in_an_earlier_version(sides: Sides) -> None:
    sides.paid("VC_1", "P1")
    sides.look(NOW)
    sides.shop.refund("VC_1", resolved_at=NOON)
    sides.rows = [row("P1", payer="nobody"), row("R1", gross="-49.00", reference="P1")]
    assert sides.found() == []
    # Without the row of the payment, by the id alone.
    del sides.rows[0]
    assert sides.found() == [("unknown_there", None, "VC_1")]


def test_paid_there_and_unknown_here(sides: Sides) -> None:
    sides.rows = [row("P1"), row("P2", state="pending"), row("P3", kind="transfer")]
    (found,) = sides.answer()
    assert found == {
        "finding": "unknown_here",
        "paypal_id": "P1",
        "transaction_id": None,
        "email": "ann@example.com",
        "paypal_amount": Decimal("49.0000"),
        "amount": None,
        "currency": "USD",
        "amount_currency": None,
        "fee": Decimal("-1.9200"),
        "happened_at": NOON,
        "detail": "Express Checkout Payment",
    }


def test_captured_here_and_unknown_there_only_where_imports_cover_it(sides: Sides) -> None:
    sides.paid("VC_1")
    sides.paid("VC_2", at=NOON - timedelta(days=3) + 14 * MINUTE)
    sides.paid("VC_3", at=NOON + timedelta(days=9))
    sides.shop.transaction("VC_4")
    assert sides.found() == [("unknown_there", None, "VC_1")]
    assert sides.found(start=NOON + MINUTE) == []
    assert sides.found(end=NOON) == []
    assert sides.found(sample_prefixes=("VC_1",)) == []


def test_charged_and_not_captured_here(sides: Sides) -> None:
    sides.shop.transaction("VC_1", status="error", created_at=NOON, amount="49.00")
    sides.rows = [row("P1", NOON + MINUTE)]
    (found,) = sides.answer()
    assert (found["finding"], found["transaction_id"]) == ("not_captured", "VC_1")
    assert (found["detail"], found["amount"]) == ("here it is error", Decimal(49))
    # What was denied there is no payment of anybody's, unless it is named.
    sides.rows = [row("P1", NOON + MINUTE, state="void")]
    assert sides.found() == []
    sides.paid("VC_2")
    assert sides.found() == [("unknown_there", None, "VC_2")]


def test_amounts_and_currencies_that_differ(sides: Sides) -> None:
    sides.paid("VC_1", "P1")
    sides.paid("VC_2", "P2")
    sides.rows = [row("P1", gross="48.00"), row("P2", currency="EUR")]
    found = sides.answer()
    assert [one["detail"] for one in found] == ["the amount differs", "in USD here"]
    assert {one["finding"] for one in found} == {"amount_differs"}


def test_one_payment_captured_twice_and_one_customer_charged_twice(sides: Sides) -> None:
    sides.paid("VC_1", "P1")
    sides.rows = [row("P1"), row("P2", NOON + MINUTE, invoice="VC_1")]
    assert sides.found() == [("captured_twice", "P2", "VC_1")]
    sides.paid("VC_2", "P2")
    sides.rows = [row("P1"), row("P2", NOON + MINUTE)]
    assert sides.found() == [("charged_twice", "P2", "VC_2")]
    # Given back: nobody is out of pocket.
    sides.rows.append(row("R1", NOON + 9 * MINUTE, gross="-49.00", reference="P2"))
    assert sides.found() == [("refund_unknown_here", "R1", "VC_2")]
    sides.rows = [row("P1"), row("P2", NOON + 11 * MINUTE)]
    assert sides.found() == []


def test_refunds_on_one_side_alone_or_of_another_amount(sides: Sides) -> None:
    for number in range(1, 5):
        sides.paid(f"VC_{number}", f"P{number}", at=NOON + number * 60 * MINUTE)
    sides.look(NOW)
    for number in (2, 3):
        sides.shop.refund(f"VC_{number}", resolved_at=NOON)
    sides.rows = [row(f"P{number}", NOON + number * 60 * MINUTE) for number in range(1, 5)]
    sides.rows += [
        row("R1", gross="-49.00", reference="P1"),
        row("R3", gross="-20.00", reference="P3"),
        # A chargeback that was won in the end.
        row("C4", gross="-49.00", reference="P4"),
        row("C5", gross="49.00", kind="refund", reference="C4"),
        row("R9", gross="-1.00", reference="ELSEWHERE"),
        row("R8", gross="-1.00"),
        # Two payments say that they are this one: neither is chosen.
        row("R7", gross="-1.00", reference="BOTH"),
    ]
    for ours in ("VC_5", "VC_6"):
        sides.paid(ours, "BOTH", at=NOON + timedelta(days=5))
    assert sorted(sides.found()) == [
        ("refund_differs", "P3", "VC_3"),
        ("refund_unknown_here", "R1", "VC_1"),
        ("refund_unknown_here", "R7", None),
        ("refund_unknown_here", "R8", None),
        ("refund_unknown_here", "R9", None),
        ("refund_unknown_there", "P2", "VC_2"),
    ]


def test_what_is_not_completed_there_and_fees_that_do_not_add_up(sides: Sides) -> None:
    sides.paid("VC_1", "P1")
    sides.paid("VC_2", "P2", at=NOON + 60 * MINUTE)
    sides.rows = [
        row("P1", state="void", status="Denied"),
        row("P2", NOON + 60 * MINUTE, net=Decimal("47.09")),
    ]
    found = {one["finding"]: one["detail"] for one in sides.answer()}
    assert found == {
        "not_completed": "at PayPal it is Denied",
        "fee_differs": "gross and fee do not come to net",
    }


def test_where_several_fit_none_is_chosen(sides: Sides) -> None:
    sides.paid("VC_1")
    sides.paid("VC_2", at=NOON + 20 * MINUTE)
    sides.rows = [row("P1", NOON + 30 * MINUTE)]
    (found,) = sides.answer()
    assert (found["finding"], found["transaction_id"]) == ("ambiguous", None)
    assert found["detail"] == "could be any of VC_1, VC_2"
    sides.shop.delete("VC_2")
    sides.rows.append(row("P2", NOON - 30 * MINUTE))
    found, other = sides.answer()
    assert found["detail"] == other["detail"] == "other rows at PayPal fit VC_1 as well"


def test_totals_by_day_beside_ours(sides: Sides) -> None:
    sides.paid("VC_1", "P1")
    sides.paid("VC_2", "P2", at=NOON + timedelta(hours=20))
    sides.rows = [
        row("P1"),
        row("P2", NOON + timedelta(hours=20), gross="50.00"),
        row("R1", gross="-10.00", reference="P1", fee=Decimal("0.39"), net=Decimal("-9.61")),
        row("F1", gross="-20.00", kind="fee", fee=Decimal(0), net=Decimal("-20.00")),
        row("W1", gross="-5.00", kind="transfer"),
        row("P3", state="pending"),
        row("P4", currency="EUR"),
    ]
    found = paypal.totals(
        sides.engine,
        sides.look(NOW),
        frame(*sides.rows),
        COVER,
        grain=Grain.DAY,
        zone=ZoneInfo("Asia/Kolkata"),
    )
    assert [[str(cell) for cell in one[1:]] for one in found.rows()] == [
        ["EUR", "1", "49.0000", "-1.9200", "0.0000", "47.0800", "0.0000", "0.0000", "49.0000"],
        ["USD", "1", "49.0000", "-21.5300", "10.0000", "17.4700", "49.0000", "0.0000", "-10.0000"],
        ["USD", "1", "50.0000", "-1.9200", "0.0000", "48.0800", "49.0000", "0.0000", "1.0000"],
    ]
    days = found["window_start"].dt.convert_time_zone("Asia/Kolkata").dt.day().to_list()
    assert days == [20, 20, 21]
    month = paypal.totals(
        sides.engine, sides.look(NOW), frame(), COVER, grain=Grain.MONTH, zone=ZoneInfo("UTC")
    )
    assert month.select("currency", "paypal_gross", "gross").rows() == [
        ("USD", Decimal(0), Decimal(98))
    ]


# Against a brute force


MOMENTS: Final = st.integers(-5, 5).map(lambda step: NOON + step * 17 * MINUTE)
AMOUNTS: Final = st.sampled_from([Decimal("49.0000"), Decimal("7.0000")])
PEOPLE: Final = st.sampled_from(["ann@x.y", "bob@x.y"])
CODES: Final = st.sampled_from(["USD", "USD", "EUR"])
OURS: Final = st.builds(
    Ours,
    number=st.just(""),
    at=MOMENTS,
    paypal_id=st.sampled_from(["", "", "P0", "P1", "P2"]),
    typed=PEOPLE,
    payer=PEOPLE,
    status=st.sampled_from(["completed", "completed", "refunded", "error"]),
    amount=AMOUNTS,
    currency=CODES,
)
THEIRS: Final = st.fixed_dictionaries(
    {
        "happened_at": MOMENTS,
        "state": st.sampled_from(["done", "done", "done", "pending", "void"]),
        "payer": PEOPLE,
        "gross": AMOUNTS,
        "currency": CODES,
        "invoice": st.sampled_from([None, None, "V0", "V1"]),
    }
)
BACK: Final = st.fixed_dictionaries(
    {
        "happened_at": MOMENTS,
        "kind": st.just("refund"),
        "state": st.sampled_from(["done", "done", "pending"]),
        "gross": st.sampled_from([Decimal("-49.0000"), Decimal("-7.0000"), Decimal("7.0000")]),
        "reference": st.sampled_from([None, "P0", "P1", "P7", "R0"]),
    }
)


def transactions(ours: list[Ours]) -> pl.DataFrame:
    """Rows as the store has them."""
    schema = pl.DataFrame(pl.from_arrow(TRANSACTIONS.schema.empty_table())).schema
    return pl.DataFrame(
        [
            {
                "transaction_id": one.number,
                "deleted": False,
                "status": one.status,
                "created_at": one.at,
                "captured": one.captured,
                "captured_at": one.at if one.captured else None,
                "captured_amount": one.amount if one.captured else None,
                "amount_column": one.amount,
                "currency": one.currency,
                "email": one.typed.upper(),
                "payer_email": f" {one.payer}",
            }
            for one in ours
        ],
        schema,
    )


@settings(max_examples=20, deadline=None)
@given(st.lists(THEIRS, max_size=4), st.lists(BACK, max_size=3), st.lists(OURS, max_size=4))
def test_findings_are_those_of_a_brute_force(
    engine: Engine,
    some: list[dict[str, Any]],
    given_back: list[dict[str, Any]],
    payments: list[Ours],
) -> None:
    theirs = [row(f"P{at}") | one for at, one in enumerate(some)]
    back = [row(f"R{at}", gross="-1.00") | one for at, one in enumerate(given_back)]
    for one in (*theirs, *back):
        one["net"] = one["gross"] + one["fee"]
    ours = [replace(one, number=f"V{at}") for at, one in enumerate(payments)]
    ids = [(one.number, one.paypal_id) for one in ours if one.paypal_id]
    found = paypal.compare(
        engine,
        transactions(ours),
        pl.DataFrame(pl.from_arrow(DISPUTES.schema.empty_table())),
        frame(*theirs, *back),
        pl.DataFrame(ids, ["transaction_id", "paypal_id"], orient="row").cast(pl.String),
        COVER,
    )
    got = sorted(found.select("finding", "paypal_id", "transaction_id").rows(), key=str)
    assert got == sorted(Force(theirs, back, ours).found(), key=str)
