from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcanalytics.paypal.cells import (
    Evidence,
    Order,
    Unreadable,
    instant_us,
    read_amount,
    read_clock,
    read_day,
    read_offset,
)


@pytest.mark.parametrize(
    ("text", "decimal", "amount"),
    [
        ("49.00", ".", "49.00"),
        ("1,234.56", ".", "1234.56"),
        ("1.234,56", ",", "1234.56"),
        ("1\u00a0234,56", ",", "1234.56"),
        ("1\u202f234,56", ",", "1234.56"),
        ("1'234.56", ".", "1234.56"),
        ("-1,92", ",", "-1.92"),
        ("\u22121,92", ",", "-1.92"),
        ("\u20131.92", ".", "-1.92"),
        ("1.92-", ".", "-1.92"),
        ("(1.92)", ".", "-1.92"),
        ("1,23,456.70", ".", "123456.70"),
        ("+49.00", ".", "49.00"),
        ("49", "", "49"),
    ],
)
def test_amounts(text: str, decimal: str, amount: str) -> None:
    assert read_amount(text, decimal, "USD") == Decimal(amount)


@pytest.mark.parametrize(
    ("text", "decimal"),
    [
        ("49,00", "."),
        ("1.23,4", ","),
        ("", "."),
        ("abc", "."),
        ("NaN", "."),
        ("1e5", "."),
        ("1,234", ""),
        ("49.00.00", "."),
        ("9" * 14, "."),
        ("9" * 5_000, "."),
        ("0.00001", "."),
        ("\u0664\u0669", "."),
        ("=1+1", "."),
    ],
)
def test_what_is_no_amount_is_refused(text: str, decimal: str) -> None:
    with pytest.raises(Unreadable):
        read_amount(text, decimal, "USD")


def test_without_decimals_groups_are_read_only_where_the_currency_has_no_cents() -> None:
    assert read_amount("1,234", "", "JPY") == Decimal(1234)
    assert read_amount("1.234", "", "JPY") == Decimal(1234)


@settings(max_examples=60, deadline=None)
@given(
    st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    st.sampled_from([(".", ","), (",", "."), (",", "\u202f"), (".", "'")]),
)
def test_whatever_is_written_is_read(amount: Decimal, signs: tuple[str, str]) -> None:
    text = f"{amount:,.2f}".replace(",", "g").replace(".", signs[0]).replace("g", signs[1])
    assert read_amount(text, signs[0], "USD") == amount
    seen = Evidence()
    seen.see_amount(text)
    assert seen.signs == {signs[0]}


def test_dates_are_told_by_what_only_one_order_allows() -> None:
    seen = Evidence()
    seen.see_date("03/04/2026")
    assert (seen.orders, seen.doubtful) == (set(), "03/04/2026")
    seen.see_date("03/13/2026")
    assert seen.orders == {Order.MDY}
    for text, order in (
        ("13/03/2026", Order.DMY),
        ("01.02.2026", Order.DMY),
        ("2026-02-01", Order.YMD),
    ):
        seen = Evidence()
        seen.see_date(text)
        assert seen.orders == {order}
    # Read either way it is the same day.
    seen = Evidence()
    seen.see_date("03/03/2026")
    assert (seen.orders, seen.doubtful) == (set(), "")


def test_days_and_clocks() -> None:
    assert read_day("3/4/2026", Order.MDY) == date(2026, 3, 4).toordinal()
    assert read_day("3/4/26", Order.DMY) == date(2026, 4, 3).toordinal()
    assert read_day("2026-03-04", Order.YMD) == date(2026, 3, 4).toordinal()
    assert read_clock("9:05:06") == 9 * 3600 + 5 * 60 + 6
    assert read_clock("12:05 AM") == 300
    assert read_clock("12:05:00 p.m.") == 12 * 3600 + 300
    for text in ("24:00:00", "13:00 PM", "9", "9:99"):
        with pytest.raises(Unreadable):
            read_clock(text)
    for text in ("30/02/2026", "13/13/2026", "2026-03-04", "1/1/1970", "x"):
        with pytest.raises(Unreadable):
            read_day(text, Order.DMY)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("PST", -8),
        ("PDT", -7),
        ("CET", 1),
        ("CEST", 2),
        ("GMT+01:00", 1),
        ("GMT-3", -3),
        ("UTC+0530", 5.5),
        ("America/Los_Angeles", -8),
        ("", 5.5),
        ("IST", 5.5),
    ],
)
def test_zones(text: str, hours: float) -> None:
    """IST means three zones: it is that of the zone named, here India's."""
    zone = read_offset(text, ZoneInfo("Asia/Kolkata"))
    moment = datetime(2026, 11, 20, 12, 0, tzinfo=zone)
    assert moment.utcoffset() == timedelta(hours=hours)
    day = date(2026, 11, 20).toordinal()
    assert instant_us(day, 12 * 3600, zone) == int(moment.timestamp()) * 1_000_000


def test_a_zone_that_means_several_is_not_guessed() -> None:
    with pytest.raises(Unreadable, match="unknown time zone"):
        read_offset("IST", UTC)
    assert read_offset("EST", UTC) == timezone(timedelta(hours=-5))
