"""Numbers and times as text, and customers' text that stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vcanalytics.display import formats

NOW = datetime(2026, 11, 20, 18, 42, 8, tzinfo=UTC)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("amount", "currency", "text", "bare"),
    [
        ("3924.41", "USD", "$3,924.41", "3,924.41"),
        ("-0.005", "USD", "$0.00", "0.00"),
        ("-12.345", "USD", "-$12.34", "-12.34"),
        ("5000", "JPY", "\u00a55,000", "5,000"),
        ("2.5", "JPY", "\u00a52", "2"),
        ("9007199254740993.01", "USD", "$9,007,199,254,740,993.01", "9,007,199,254,740,993.01"),
    ],
)
def test_money_is_exact_with_the_currencys_digits(
    amount: str, currency: str, text: str, bare: str
) -> None:
    money = Decimal(amount)
    assert formats.money(money, currency).replace("-$0.00", "$0.00") == text
    assert formats.money_plain(money, currency).replace("-0.00", "0.00") == bare


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("54.92", "$54.92"),
        ("999.99", "$999.99"),
        ("1000", "$1,000"),
        ("4961.4", "$4,961"),
        ("108400", "$108k"),
        ("-108400", "-$108k"),
        ("123456789", "$123M"),
    ],
)
def test_money_that_is_compared_with_is_short(amount: str, text: str) -> None:
    assert formats.money_short(Decimal(amount), "USD") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.21, "210 ms"),
        (1, "1 s"),
        (2.417, "2.42 s"),
        (59.4, "59 s"),
        (112, "1 min 52 s"),
        (3_600, "1 h"),
        (3_599.7, "1 h"),
        (86_400 * 8 + 19 * 3_600 + 59, "8 d 19 h"),
        (-90, "-1 min 30 s"),
    ],
)
def test_durations_have_two_units_at_most(seconds: float, text: str) -> None:
    assert plain(formats.duration(seconds)) == text


@given(st.floats(0, 1e9, allow_nan=False), st.integers(1, 2))
def test_a_duration_has_no_more_units_than_asked_for(seconds: float, units: int) -> None:
    text = formats.duration(seconds, units)
    assert 1 <= len(text.split(" ")) <= units
    assert all(re.fullmatch(r"[0-9.]+\u00a0(ms|s|min|h|d)", part) for part in text.split(" "))


@pytest.mark.parametrize(("seconds", "text"), [(0, "1 s"), (-5, "1 s"), (61, "1 min 1 s")])
def test_an_age_is_never_now(seconds: float, text: str) -> None:
    assert plain(formats.age(seconds)) == text


@pytest.mark.parametrize(
    ("at", "zone", "text"),
    [
        (NOW, "UTC", "18:42:08"),
        (NOW, "Asia/Kolkata", "00:12:08"),
        (NOW - timedelta(days=1), "UTC", "19 Nov, 18:42"),
        (NOW - timedelta(days=365), "UTC", "20 Nov 2025, 18:42"),
        (NOW + timedelta(days=1), "UTC", "21 Nov, 18:42"),
    ],
)
def test_a_moment_is_as_short_as_is_clear(at: datetime, zone: str, text: str) -> None:
    assert formats.moment(at, ZoneInfo(zone), NOW) == text


def test_a_moment_in_full_carries_its_offset() -> None:
    assert formats.full(NOW, ZoneInfo("Asia/Kolkata")) == "2026-11-21 00:12:08 +05:30"


@pytest.mark.parametrize(
    ("share", "text"), [(None, "\u2013"), (0.0, "0.0 %"), (0.74512, "74.5 %"), (1.0, "100.0 %")]
)
def test_rates(share: float | None, text: str) -> None:
    assert plain(formats.rate(share)) == text


def test_changes_carry_their_sign_and_nothing_is_a_plain_nought() -> None:
    assert plain(formats.signed_percent(0.1018)) == "+10.2 %"
    assert plain(formats.signed_percent(-2.5)) == "-250.0 %"
    assert formats.signed_percent(-0.0001) == "0"
    assert plain(formats.signed_points(0.0942)) == "+9.4 pp"
    assert formats.signed_points(-0.0001) == "0"
    assert (formats.signed_count(7), formats.signed_count(-1_200)) == ("+7", "-1,200")
    assert formats.signed_count(0) == "0"
    assert formats.share_of_change(Decimal(3), Decimal(2)) == 0.5
    assert formats.share_of_change(Decimal(3), Decimal(0)) is None


_MARKS = r"\`*_{}[]()<>#+-.!|~:$^=&@"


@given(st.text(alphabet=st.one_of(st.sampled_from(_MARKS), st.characters()), max_size=40))
def test_literal_text_holds_no_mark_that_is_not_escaped(text: str) -> None:
    literal = formats.literal(text)
    assert "\n" not in literal
    assert re.sub(r"\\(.)", r"\1", literal, flags=re.DOTALL) == " ".join(text.split())
    bare = re.sub(r"\\.", "", literal, flags=re.DOTALL)
    assert not set(bare) & set(_MARKS)


@given(st.text(alphabet=st.sampled_from("ab `"), max_size=20))
def test_code_ends_where_it_should(text: str) -> None:
    code, flat = formats.code(text), " ".join(text.split())
    if not flat:
        assert code == ""
        return
    fence = re.match(r"`+", code.split(" ")[0] if flat.startswith("`") else code)
    assert fence is not None
    marks = fence.group()
    assert code.endswith(marks)
    inner = code[len(marks) : -len(marks)]
    assert marks not in re.findall(r"`+", inner)
    assert inner.strip() == flat.strip()


@pytest.fixture
def german() -> Iterator[None]:
    formats.write_numbers_as("de")
    yield
    formats.write_numbers_as(formats.LOCALE)


@pytest.mark.usefixtures("german")
def test_numbers_are_written_as_the_operators_locale_has_it() -> None:
    assert formats.money(Decimal("-10227.62"), "USD") == "-10.227,62\u00a0$"
    assert formats.money(Decimal(10228), "JPY") == "10.228\u00a0\u00a5"
    assert formats.money_plain(Decimal("1022712.6"), "EUR") == "1.022.712,60"
    assert formats.money_short(Decimal(108_400), "USD") == "108k\u00a0$"
    assert formats.count(1_234_567) == "1.234.567"
    assert formats.duration(2.42) == "2,42\u00a0s"
    assert formats.size(12_400_000) == "12,4\u00a0MB"
    assert formats.signed_percent(-0.102) == "-10,2\u00a0%"
    assert formats.number(1234.5, 2, trimmed=True) == "1.234,5"
    assert formats.number(1234.0, 2, trimmed=True) == "1.234"


def test_rupees_are_grouped_by_lakhs_and_minus_stays_what_metrics_read() -> None:
    try:
        formats.write_numbers_as("en_IN")
        assert formats.money(Decimal("1234567.5"), "INR") == "\u20b912,34,567.50"
        # Swedish has a minus of its own, which Streamlit's deltas do not know.
        formats.write_numbers_as("sv")
        assert formats.signed_count(-1_200) == "-1\u00a0200"
    finally:
        formats.write_numbers_as(formats.LOCALE)
    assert formats.money(Decimal("1234567.5"), "INR") == "\u20b91,234,567.50"
