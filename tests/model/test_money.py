"""Exact money: what is readable, and rounding half-even to each currency's minor unit."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcanalytics.model.money import (
    AMOUNT_LIMIT,
    known_currencies,
    minor_digits,
    read_amount,
    read_currency,
    round_money,
)


@pytest.mark.parametrize(
    ("cell", "amount"),
    [
        (49, "49"),
        (29.4, "29.4"),
        (0.1, "0.1"),
        (-12.5, "-12.5"),
        (0, "0"),
        ("49", "49"),
        ("49.00", "49.00"),
        ("-49.00", "-49.00"),
        (" 49.5\n", "49.5"),
        ("007", "7"),
        (Decimal("10.005"), "10.005"),
        (1e-7, "0.0000001"),
    ],
)
def test_readable_cells(cell: object, amount: str) -> None:
    assert read_amount(cell) == Decimal(amount)


@pytest.mark.parametrize(
    "cell",
    [
        None,
        True,
        "",
        " ",
        "49,00",
        "1,234.00",
        "$49",
        "49 USD",
        "+49",
        "49.",
        ".5",
        "1e3",
        "NaN",
        "Infinity",
        "- 5",
        "--5",
        "4 9",
        "٤٩",
        "４９",
        b"49",
        [49],
        {"amount": 49},
        math.nan,
        math.inf,
        -math.inf,
        Decimal("NaN"),
        Decimal("sNaN"),
        Decimal("-Infinity"),
        10**14,
        -1e14,
        "9" * 400,
    ],
)
def test_unreadable_cells(cell: object) -> None:
    assert read_amount(cell) is None


def test_text_too_long_to_be_a_price_is_refused_at_once() -> None:
    assert read_amount("9" * 5_000_000) is None
    assert read_amount(10**5_000) is None


@given(st.integers(-(10**15), 10**15))
def test_cents_survive_every_way_of_writing_them(cents: int) -> None:
    amount = Decimal(cents).scaleb(-2)
    if abs(amount) < AMOUNT_LIMIT:
        assert read_amount(str(amount)) == amount
    # Fifteen significant digits are what a REAL column holds of a price.
    assert read_amount(float(amount)) == amount or abs(amount) >= Decimal(10) ** 13


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_a_float_is_read_as_its_shortest_text(value: float) -> None:
    amount = read_amount(value)
    if math.isfinite(value) and abs(value) < AMOUNT_LIMIT:
        assert amount is not None
        assert float(amount) == value
    else:
        assert amount is None


@given(st.lists(st.integers(-1_000_000, 1_000_000), max_size=200))
def test_sums_of_read_floats_are_exact(cents: list[int]) -> None:
    amounts = [read_amount(value / 100) for value in cents]
    assert sum((a for a in amounts if a is not None), Decimal(0)) == Decimal(sum(cents)) / 100


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("10.005", "USD", "10.00"),
        ("10.015", "USD", "10.02"),
        ("-10.005", "USD", "-10.00"),
        ("10.0050001", "USD", "10.01"),
        ("1000.5", "JPY", "1000"),
        ("1001.5", "JPY", "1002"),
        ("1.2345", "KWD", "1.234"),
        ("1.2355", "KWD", "1.236"),
        ("49", "EUR", "49.00"),
        ("99999999999999.99", "USD", "99999999999999.99"),
    ],
)
def test_rounding_is_half_even_to_the_minor_unit(amount: str, currency: str, rounded: str) -> None:
    result = round_money(Decimal(amount), currency)
    assert str(result) == rounded


@pytest.mark.parametrize(
    ("currency", "digits"), [("USD", 2), ("INR", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3), ("CLF", 4)]
)
def test_digits_of_a_currency(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@given(
    st.sampled_from(sorted(known_currencies())),
    st.decimals(-AMOUNT_LIMIT + 1, AMOUNT_LIMIT - 1, allow_nan=False, allow_infinity=False),
)
def test_rounding_moves_by_at_most_half_a_unit_and_once(currency: str, amount: Decimal) -> None:
    rounded = round_money(amount, currency)
    unit = Decimal(1).scaleb(-minor_digits(currency))
    assert abs(rounded - amount) <= unit / 2
    assert round_money(rounded, currency) == rounded


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("USD", "USD"),
        (" usd ", "USD"),
        ("Eur", "EUR"),
        ("XYZ", "XYZ"),
        ("US", None),
        ("DOLLAR", None),
        ("U$D", None),
        ("ΕUR", None),
        ("", None),
        (None, None),
        (840, None),
    ],
)
def test_currency_codes(cell: object, code: str | None) -> None:
    assert read_currency(cell) == code


def test_known_currencies_hold_today_s_and_no_nonsense() -> None:
    assert {"USD", "EUR", "INR", "JPY", "KWD", "GBP"} <= known_currencies()
    assert all(len(code) == 3 and code.isupper() for code in known_currencies())
