"""Revenue as golden figures: windows of odd zones, currencies, samples, refunds, what is whole."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests.analytics.conftest import Look
from tests.analytics.moments import NOON, Row, ago, at, moment, only
from tests.shop import Shop, metadata
from vcanalytics.analytics import prices, revenue
from vcanalytics.analytics.engine import Engine
from vcanalytics.errors import UsageError
from vcanalytics.model.windows import Grain
from vcanalytics.store import Snapshot

SAMPLES = ("TEST_", "TXN_")


def by(
    engine: Engine,
    snapshot: Snapshot,
    grain: Grain,
    start: str,
    end: str,
    zone: str = "UTC",
    now: str = "2027-01-01T00:00:00",
    currency: str | None = None,
) -> pl.DataFrame:
    return revenue.revenue(
        engine,
        snapshot,
        start=at(start),
        end=at(end),
        grain=grain,
        zone=ZoneInfo(zone),
        now=at(now),
        currency=currency,
        sample_prefixes=SAMPLES,
    )


def paid(name: str, when: str, amount: str = "10", currency: str = "USD", **more: object) -> Row:
    return {
        "transaction_id": name,
        "created_at": at(when),
        "status": "completed",
        "captured_at": at(when),
        "captured_amount": Decimal(amount),
        "currency": currency,
    } | more


def test_a_day_of_a_shop(engine: Engine, shop: Shop, look: Look) -> None:
    shop.transaction("VC_1", created_at="2026-11-20 09:00:00", amount=49)
    shop.complete("VC_1", completed_at="2026-11-20 09:01:00", amount=49.0)
    shop.transaction("VC_2", created_at="2026-11-20 10:00:00", amount=29.4)
    shop.complete("VC_2", completed_at="2026-11-20 10:01:00", amount="29.40")
    shop.transaction("VC_3", created_at="2026-11-20 11:00:00", status="failed")
    shop.transaction("VC_4", created_at="2026-11-20 12:00:00")
    # Begun one day, captured the next: an attempt of the 20th, takings of the 21st.
    shop.transaction("VC_5", created_at="2026-11-20 23:59:59")
    shop.complete("VC_5", completed_at="2026-11-21 00:00:00", amount=5)
    # No readable amount: it counts and adds nothing.
    shop.transaction("VC_6", created_at="2026-11-21 08:00:00", amount="49,00")
    shop.complete("VC_6", completed_at="2026-11-21 08:00:10", amount="49,00")
    shop.transaction("TEST_1", created_at="2026-11-20 09:00:00")
    shop.complete("TEST_1", completed_at="2026-11-20 09:01:00")
    look(at("2026-11-21T09:00:00"))
    shop.refund("VC_1", resolved_at="2026-11-21 10:00:00")
    snapshot = look(at("2026-11-22T00:00:00"))

    answer = by(engine, snapshot, Grain.DAY, "2026-11-20", "2026-11-22")

    assert answer.drop("window_end", "window_label", "success_rate").rows() == [
        (
            *(at("2026-11-20"), "USD"),
            *(5, 2, 0, 1),
            *(Decimal("78.4"), Decimal(0), Decimal("78.4"), Decimal("39.2")),
            *(True, 3),
        ),
        (
            *(at("2026-11-21"), "USD"),
            *(1, 2, 1, 0),
            # 5.00 over two, half-even: 2.50; the refund is that of the case.
            *(Decimal(5), Decimal(49), Decimal(-44), Decimal("2.5")),
            *(True, 1),
        ),
    ]
    assert answer["success_rate"].to_list() == pytest.approx([0.6, 1.0])


def test_a_repeated_hour_is_two_windows_and_a_skipped_one_none(engine: Engine) -> None:
    snapshot = moment(
        transactions=[
            paid("VC_1", "2026-10-25T02:30:00+02:00", "1"),
            paid("VC_2", "2026-10-25T02:30:00+01:00", "2"),
        ]
    )
    autumn = by(
        engine, snapshot, Grain.HOUR, "2026-10-25T00:00", "2026-10-25T02:00", "Europe/Berlin"
    )
    assert only(autumn, "window_label", "gross") == [
        ("2026-10-25T02:00:00+02:00", 1),
        ("2026-10-25T02:00:00+01:00", 2),
    ]
    day = by(engine, snapshot, Grain.DAY, "2026-10-24T22:00", "2026-10-25T23:00", "Europe/Berlin")
    assert only(day, "window_label", "gross", "complete") == [
        ("2026-10-25T00:00:00+02:00", 3, True)
    ]
    spring = by(
        engine, snapshot, Grain.HOUR, "2026-03-29T00:00", "2026-03-29T02:00", "Europe/Berlin"
    )
    assert spring["window_label"].to_list() == [
        "2026-03-29T01:00:00+01:00",
        "2026-03-29T03:00:00+02:00",
    ]


@pytest.mark.parametrize(
    ("zone", "label"),
    [
        ("Asia/Kolkata", "2026-11-21T00:00:00+05:30"),
        ("Asia/Kathmandu", "2026-11-21T00:00:00+05:45"),
        ("America/St_Johns", "2026-11-20T00:00:00-03:30"),
    ],
)
def test_days_of_half_hour_zones(engine: Engine, zone: str, label: str) -> None:
    # 18:31 UTC: just past midnight in Kolkata and in Kathmandu, afternoon in St John's.
    snapshot = moment(transactions=[paid("VC_1", "2026-11-20T18:31:00")])
    answer = by(engine, snapshot, Grain.DAY, "2026-11-18", "2026-11-23", zone)
    filled = answer.filter(pl.col("captured") > 0)
    assert filled["window_label"].to_list() == [label]


def test_currencies_stand_apart_and_never_add_up(engine: Engine) -> None:
    snapshot = moment(
        transactions=[
            paid("VC_1", "2026-11-20T10:00:00", "10", "USD"),
            paid("VC_2", "2026-11-20T10:00:00", "20", "EUR"),
            # Half-even to the currency's own digits: 5 over 2 is 2 yen.
            paid("VC_3", "2026-11-20T10:00:00", "2", "JPY"),
            paid("VC_4", "2026-11-20T10:00:00", "3", "JPY"),
            # A sample's currency is none that was seen; a deleted row's is.
            paid("TXN_1", "2026-11-20T10:00:00", "5", "CHF"),
            paid("VC_5", "2026-11-20T10:00:00", "5", "GBP", deleted=True),
        ]
    )
    answer = by(engine, snapshot, Grain.DAY, "2026-11-20", "2026-11-21")
    assert only(answer, "currency", "captured", "gross", "average") == [
        ("EUR", 1, 20, 20),
        ("GBP", 0, 0, None),
        ("JPY", 2, 5, 2),
        ("USD", 1, 10, 10),
    ]
    alone = by(engine, snapshot, Grain.DAY, "2026-11-20", "2026-11-21", currency="EUR")
    assert only(alone, "currency", "gross") == [("EUR", 20)]


def test_windows_without_events_are_given_with_zeros(engine: Engine) -> None:
    answer = by(engine, moment(), Grain.DAY, "2026-11-18", "2026-11-20")
    assert only(answer, "window_label", "currency", "attempts", "gross", "success_rate") == [
        ("2026-11-18T00:00:00+00:00", "USD", 0, 0, None),
        ("2026-11-19T00:00:00+00:00", "USD", 0, 0, None),
    ]


def test_money_is_exact(engine: Engine) -> None:
    # Summed as floats this is 702026.1500000049.
    amounts = ["702025.05"] + ["0.1"] * 11
    snapshot = moment(
        transactions=[
            paid(f"VC_{i}", "2026-11-20T10:00:00", amount) for i, amount in enumerate(amounts)
        ]
    )
    answer = by(engine, snapshot, Grain.DAY, "2026-11-20", "2026-11-21")
    assert answer["gross"].to_list() == [Decimal("702026.15")]


def test_an_amount_as_large_as_any_that_is_read_is_exact(engine: Engine) -> None:
    most = "9999999999999.9999"
    snapshot = moment(
        transactions=[paid(f"VC_{n}", "2026-11-20T10:00:00", most) for n in range(99)]
    )
    answer = by(engine, snapshot, Grain.DAY, "2026-11-20", "2026-11-21")
    assert answer["gross"].to_list() == [99 * Decimal(most)]


@pytest.mark.parametrize(
    ("read_at", "reading", "now", "complete"),
    [
        ("2026-11-21T00:00:00", False, "2026-11-22", [True, False]),
        ("2026-11-20T23:59:59", False, "2026-11-22", [False, False]),
        ("2026-11-22T00:00:00", False, "2026-11-21", [True, False]),
        ("2026-11-22T00:00:00", True, "2026-11-22", [False, False]),
    ],
)
def test_a_window_is_complete_when_it_is_over_and_was_read(
    engine: Engine, read_at: str, reading: bool, now: str, complete: list[bool]
) -> None:
    snapshot = moment(read_at=at(read_at), reading=reading)
    answer = by(engine, snapshot, Grain.DAY, "2026-11-20", "2026-11-22", now=now)
    assert answer["complete"].to_list() == complete


def test_only_events_inside_the_range_count_though_its_windows_reach_beyond(
    engine: Engine,
) -> None:
    snapshot = moment(
        transactions=[
            paid("VC_1", "2026-11-20T09:59:59.999999"),
            paid("VC_2", "2026-11-20T10:00:00"),
            paid("VC_3", "2026-11-20T12:00:00"),
        ]
    )
    answer = by(engine, snapshot, Grain.DAY, "2026-11-20T10:00", "2026-11-20T12:00")
    assert only(answer, "window_label", "attempts", "captured", "complete") == [
        ("2026-11-20T00:00:00+00:00", 1, 1, False)
    ]


def test_totals_are_one_window_of_any_length(engine: Engine) -> None:
    snapshot = moment(
        transactions=[paid("VC_1", "2026-11-20T10:00:00"), paid("VC_2", "2000-01-01")]
    )
    answer = revenue.totals(
        engine,
        snapshot,
        start=at("2000-01-01"),
        end=at("2100-01-01"),
        zone=ZoneInfo("UTC"),
        now=NOON,
    )
    assert only(answer, "attempts", "captured", "gross") == [(2, 2, 20)]
    empty = revenue.totals(engine, snapshot, start=NOON, end=NOON, zone=ZoneInfo("UTC"), now=NOON)
    assert empty.height == 0


def test_prices_paid_the_most_frequent_first(engine: Engine) -> None:
    snapshot = moment(
        transactions=[
            *(paid(f"VC_{i}", "2026-11-20T10:00:00", "49") for i in range(3)),
            paid("VC_8", "2026-11-20T10:00:00", "0.01"),
            paid("VC_9", "2026-11-20T10:00:00", "1", captured_amount=None),
            paid("VC_10", "2026-11-20T10:00:00", "99", "EUR"),
        ]
    )
    answer = prices.price_points(
        engine, snapshot, start=ago(days=1), end=NOON + timedelta(days=1), currency="USD"
    )
    assert answer.rows() == [
        (Decimal(49), 3, Decimal(147), 0.6),
        (Decimal("0.01"), 1, Decimal("0.01"), 0.2),
        (None, 1, Decimal(0), 0.2),
    ]


def test_a_century_of_hours_is_refused(engine: Engine) -> None:
    with pytest.raises(UsageError, match="more than 100,000"):
        by(engine, moment(), Grain.HOUR, "2000-01-01", "2100-01-01")


def test_the_metadata_a_refund_overwrote_is_remembered(
    engine: Engine, shop: Shop, look: Look
) -> None:
    # The column says what the client sent; the captured amount was in euros.
    shop.transaction("VC_1", created_at="2026-11-20 09:00:00", amount=0.01)
    shop.complete("VC_1", completed_at="2026-11-20 09:01:00", amount=39.5, currency="EUR")
    look(at("2026-11-20T10:00:00"))
    shop.refund("VC_1", with_case=False)
    assert shop.rows("SELECT metadata FROM transactions") != [(metadata(39.5, "EUR"),)]
    snapshot = look(at("2026-11-20T11:00:00"))
    answer = by(engine, snapshot, Grain.HOUR, "2026-11-20T09:00", "2026-11-20T12:00")
    assert only(answer, "currency", "gross", "refunds") == [
        ("EUR", Decimal("39.5"), 0),
        ("EUR", 0, 0),
        # Without a case it is refunded when it was seen so.
        ("EUR", 0, Decimal("39.5")),
    ]
