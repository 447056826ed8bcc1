"""Rows as they are: filters, samples, deletions, and text that would break what prints it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import pytest

from tests.commands.asked import Store
from tests.shop import Shop

HOSTILE: Final = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://evil.example","click")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "two\nlines\r\nand a\rreturn",
    'quotes " and , commas; semicolons\tand tabs',
    "[red]markup[/red] [link=http://evil.example]x[/link] :smile:",
    "\x1b[31mred\x1b[0m \x07 \x9b2J bell and clear",
    "turned \u202e round, joined \u200d, ended \u2028 here",
    "long " * 2_000,
    "ünïcödé 日本語 🎉",
    "null",
    "NaN",
    "-",
)


@pytest.fixture
def hostile(store: Store, shop: Shop) -> Store:
    for number, text in enumerate(HOSTILE):
        shop.transaction(f"VC_{number:02d}", email=text, status=text, error_message=text)
    store.keep(shop)
    return store


def test_hostile_text_comes_out_of_csv_as_it_is(hostile: Store) -> None:
    rows = hostile.csv("transactions")
    assert [row["transaction_id"] for row in rows] == [f"VC_{n:02d}" for n in range(12, -1, -1)]
    for row, text in zip(reversed(rows), HOSTILE, strict=True):
        assert (row["email"], row["status"], row["error_message"]) == (text, text, text)


def test_hostile_text_comes_out_of_json_as_it_is(hostile: Store) -> None:
    rows = hostile.json("transactions")
    for row, text in zip(reversed(rows), HOSTILE, strict=True):
        assert (row["email"], row["status"], row["error_message"]) == (text, text, text)


def test_hostile_text_does_not_break_a_table(hostile: Store) -> None:
    lines = hostile.text("transactions").splitlines()
    assert len(lines) == 2 + len(HOSTILE) + 1
    shown = dict(zip((line.split(" ")[0] for line in lines[2:-1]), lines[2:-1], strict=True))
    assert "<script>alert(1)</script>" in shown["VC_00"]
    assert "two\\nlines\\r\\nand a\\rreturn" in shown["VC_03"]
    assert "[red]markup[/red] [link=http://evil.example]x[/link] :smile:" in shown["VC_05"]
    assert "\\x1b[31mred\\x1b[0m \\x07 \\x9b2J" in shown["VC_06"]
    assert "turned \\u202e round, joined \\u200d, ended \\u2028" in shown["VC_07"]
    assert "long…" not in shown["VC_08"]
    assert len(shown["VC_08"]) < 1_000
    assert "ünïcödé 日本語 🎉" in shown["VC_09"]


def test_an_odd_status_is_found_exactly(hostile: Store) -> None:
    for text in HOSTILE:
        assert [row["status"] for row in hostile.csv("transactions", "--status", text)] == [text]
    assert hostile.csv("transactions", "--status", "nul") == []


def test_a_timeline_carries_hostile_text_as_it_is(hostile: Store) -> None:
    details = [row["detail"] for row in hostile.csv("transaction", "VC_03")]
    assert f"49.00 USD by {HOSTILE[3]}" in details
    assert len(hostile.text("transaction", "VC_03").splitlines()) == 3 + len(details)


def test_email_is_a_fragment_in_any_case_of_either_address(store: Store, shop: Shop) -> None:
    shop.transaction("VC_1", email="Ann.Lee@Example.com")
    shop.transaction("VC_2", email="bob@example.com")
    shop.complete("VC_2", payer_email="LEE@pay.example")
    shop.transaction("VC_3", email="100%_x@example.com")
    store.keep(shop)

    def found(part: str) -> set[str]:
        return {row["transaction_id"] for row in store.csv("transactions", "--email", part)}

    assert found("lee@") == {"VC_1", "VC_2"}
    assert found("EXAMPLE.COM") == {"VC_1", "VC_2", "VC_3"}
    assert found("%_") == {"VC_3"}  # no wildcards
    assert found("nobody") == set()


def test_deleted_payments_are_shown_when_asked_for(store: Store, shop: Shop) -> None:
    for name in ("VC_1", "VC_2"):
        shop.transaction(name)
        shop.complete(name)
    store.keep(shop)
    shop.delete("VC_1")
    store.keep(shop)
    assert [row["transaction_id"] for row in store.csv("transactions")] == ["VC_2"]
    assert [row["transaction_id"] for row in store.csv("transactions", "--deleted")] == ["VC_1"]
    assert sum(int(row["captured"]) for row in store.csv("revenue")) == 1
    assert store.csv("transaction", "VC_1")[-1]["what"] == "deleted"


def test_limit_bounds_the_rows_and_a_table_says_how_many_there_are(
    store: Store, shop: Shop
) -> None:
    for number in range(5):
        shop.transaction(f"VC_{number}", created_at=f"2026-11-20 12:00:0{number}")
    store.keep(shop)
    rows = store.json("transactions", "--limit", "2")
    assert [row["transaction_id"] for row in rows] == ["VC_4", "VC_3"]
    table = store.text("transactions", "--limit", "2")
    assert table.splitlines()[-1] == "2 of 5 payments; --limit shows more"
    assert store.text("transactions").splitlines()[-1] == "5 of 5 payments"
    assert len(store.csv("transactions", "--limit", "1000000")) == 5


def test_status_may_be_given_several_times(store: Store, shop: Shop) -> None:
    for status in ("pending", "failed", "error"):
        shop.transaction(f"VC_{status}", status=status)
    store.keep(shop)
    rows = store.csv("transactions", "--status", "failed", "--status", "error")
    assert {row["status"] for row in rows} == {"failed", "error"}


def test_money_has_its_currency_s_digits(store: Store, shop: Shop) -> None:
    for code, amount in (("JPY", "4900"), ("KWD", "1.2345"), ("USD", "0.1")):
        shop.transaction(f"VC_{code}")
        shop.complete(f"VC_{code}", amount=amount, currency=code)
    store.keep(shop)
    amounts = {row["currency"]: row["amount"] for row in store.csv("transactions")}
    assert amounts == {"JPY": "4900", "KWD": "1.234", "USD": "0.10"}
    windows = store.json("revenue", "--from", "2026-11-20", "--to", "2026-11-21")
    assert {row["currency"]: row["gross"] for row in windows} == amounts
    assert {row["currency"]: row["refunds"] for row in windows} == {
        "JPY": "0",
        "KWD": "0.000",
        "USD": "0.00",
    }


def test_great_and_small_numbers_are_plain_decimals(store: Store, shop: Shop) -> None:
    shop.transaction("VC_1")
    shop.complete("VC_1", amount="9999999999999.99")
    shop.metric(endpoint="slow", value=1e15, timestamp="2026-11-22 03:00:00")
    shop.metric(endpoint="fast", value=1e-5, timestamp="2026-11-22 03:00:00")
    store.keep(shop)
    assert store.csv("transactions")[0]["amount"] == "9999999999999.99"
    fast, slow = store.csv("latency")
    assert (fast["p50_ms"], slow["p50_ms"]) == ("0.000010", "1000000000000000.000000")
    text = store.text("latency", "--format", "json")
    assert '"p50_ms": 0.000010' in text
    assert "e-" not in text
    assert [row["p50_ms"] for row in store.json("latency")] == [1e-5, 1e15]


def test_times_keep_their_microseconds(store: Store, shop: Shop) -> None:
    shop.metric(timestamp="2026-11-22 03:00:00.123456")
    store.keep(shop)
    first = {row["stream"]: row["first_at"] for row in store.csv("streams", "--zone", "Asia/Tokyo")}
    assert first["requests"] == "2026-11-22T12:00:00.123456+09:00"


def test_lag_is_the_age_of_the_last_read(store: Store, shop: Shop) -> None:
    store.keep(shop)
    store.now = store.now.replace(hour=13)
    rows = {row["stream"]: row["lag_s"] for row in store.csv("streams")}
    assert Decimal(rows["transactions"]) == 3600
    assert rows["logs"] == ""


def test_ages_of_findings_are_measured_at_as_of(store: Store, shop: Shop) -> None:
    shop.transaction("VC_1", created_at="2026-11-20 12:00:00")
    store.keep(shop)

    def found(as_of: str) -> list[str]:
        return [row["finding"] for row in store.csv("reconcile", "--as-of", as_of)]

    assert found("2026-11-20T12:05") == []
    assert found("2026-11-20T12:06") == ["stuck"]
    assert found("2026-11-21T12:00") == ["stuck"]
    assert found("2026-11-21T12:01") == ["abandoned"]
    store.env = {"VC_STUCK_MINUTES": "90"}
    assert found("2026-11-20T12:06") == []
    assert store.csv("reconcile", "--to", "2026-11-20") == []
