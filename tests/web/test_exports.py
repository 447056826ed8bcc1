"""Exports: whole, exact, with the screen's range in the name, and harmless in a spreadsheet."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.pages.console import ELSEWHERE, console_on, read_into
from tests.shop import make_shop
from tests.web.rig import asking
from vcanalytics.accounts import Accounts
from vcanalytics.errors import BudgetExceeded, StoreError
from vcanalytics.model.money import minor_digits
from vcanalytics.web import exports
from vcanalytics.web.exports import Export, as_text, harmless

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
KOLKATA = ZoneInfo("Asia/Kolkata")
DAY = {"from": "2026-11-20", "to": "2026-11-21", "as_of": NOW.isoformat()}
FORMULA = '=HYPERLINK("http://x","y")'


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    with make_shop(folder / "shop.db") as shop:
        with shop.batch():
            for number in range(1, 61):
                shop.transaction(f"VC_{number}", created_at=f"2026-11-20 {number % 12:02d}:00:00")
        shop.complete("VC_1", amount=49.0, completed_at="2026-11-20 09:00:00")
        shop.complete("VC_2", amount=5_000, currency="JPY", completed_at="2026-11-20 09:00:00")
        shop.complete("VC_3", amount=1.234, currency="KWD", completed_at="2026-11-20 09:00:00")
        shop.update("VC_4", email=FORMULA, status="failed", error_message='+1 = 2, "so"\nsaid')
        shop.complete("VC_5", amount=29.4, completed_at="2026-11-20 23:30:00", email_sent=0)
        read_into(folder / "data", shop.path, NOW)
    return folder / "data"


def test_money_stands_in_a_currency_of_its_own_where_there_is_one() -> None:
    frame = pl.DataFrame(
        {
            "paypal_amount": [Decimal("7500.0000")],
            "currency": ["JPY"],
            "amount": [Decimal("49.5000")],
            "amount_currency": ["USD"],
        }
    )
    assert as_text(frame, KOLKATA).row(0) == ("7500", "JPY", "49.50", "USD")


@pytest.fixture(scope="module")
def client(data_dir: Path) -> Iterator[TestClient]:
    with console_on(data_dir, source_url=ELSEWHERE), asking(data_dir, "vera") as client:
        yield client


def rows(client: TestClient, name: str, **params: str) -> list[dict[str, str]]:
    answer = client.get(f"/admin/export/{name}.csv", params=DAY | params)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_a_table_comes_whole_not_only_its_page(client: TestClient) -> None:
    found = rows(client, "transactions")

    assert [row["transaction_id"] for row in found] != []
    assert {row["transaction_id"] for row in found} == {f"VC_{n}" for n in range(1, 61)}


def test_filters_of_the_link_hold(client: TestClient) -> None:
    assert [row["transaction_id"] for row in rows(client, "transactions", status="failed")] == [
        "VC_4"
    ]
    assert rows(client, "transactions", q="nobody") == []
    (states,) = rows(client, "states", status="failed")
    assert (states["status"], states["count"]) == ("failed", "1")


def test_money_has_the_digits_of_its_currency(client: TestClient) -> None:
    amounts = {
        row["transaction_id"]: (row["amount"], row["currency"])
        for row in rows(client, "transactions")
    }

    assert amounts["VC_1"] == ("49.00", "USD")
    assert amounts["VC_2"] == ("5000", "JPY")
    assert amounts["VC_3"] == ("1.234", "KWD")


def test_revenue_has_the_contracts_columns_and_sums_by_currency(client: TestClient) -> None:
    found = rows(client, "revenue", grain="day")

    assert list(found[0]) == [
        "window_start",
        "currency",
        "attempts",
        "captured",
        "refunded",
        "failed",
        "gross",
        "refunds",
        "net",
        "average",
        "success_rate",
        "complete",
    ]
    gross = {row["currency"]: row["gross"] for row in found}
    assert gross == {"USD": "78.40", "JPY": "5000", "KWD": "1.234"}
    assert [row["currency"] for row in rows(client, "revenue", currency="JPY")] == ["JPY"]


def test_the_takings_add_up_to_the_same_gross(client: TestClient) -> None:
    found = rows(client, "takings", currency="USD")

    assert sum(Decimal(row["gross"]) for row in found) == Decimal("78.40")


def test_findings_may_be_of_one_kind(client: TestClient) -> None:
    every = rows(client, "findings")
    one = rows(client, "findings", finding="paid_not_mailed", as_of="2026-11-21T12:00:00Z")

    assert {row["finding"] for row in every} > {"stuck"}
    assert [(row["finding"], row["transaction_id"]) for row in one] == [("paid_not_mailed", "VC_5")]


def test_windows_and_times_stand_in_the_zone_of_the_link(client: TestClient) -> None:
    found = rows(client, "revenue", zone="Asia/Kolkata", grain="day", currency="USD")

    # VC_5 was paid at 05:00 of the next day in India, the others at 14:30.
    assert [(row["window_start"], row["gross"]) for row in found] == [
        ("2026-11-20T00:00:00+05:30", "49.00")
    ]
    created = {r["created_at"] for r in rows(client, "transactions", zone="Asia/Kolkata")}
    assert "2026-11-20T14:30:00+05:30" in created


def test_the_name_says_what_range_zone_and_moment(client: TestClient) -> None:
    answer = client.get("/admin/export/revenue.csv", params=DAY | {"zone": "Asia/Kolkata"})

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    name = answer.headers["Content-Disposition"]
    assert name.startswith(
        'attachment; filename="vectorcraft-revenue_2026-11-20_2026-11-21_Asia-Kolkata_as-of-'
    )
    assert name.endswith('.csv"')


def test_a_name_holds_nothing_a_file_system_minds() -> None:
    table = Export(
        "takings",
        pl.DataFrame(),
        NOW,
        ZoneInfo("America/Port-au-Prince"),
        NOW - timedelta(hours=1, minutes=30),
        NOW,
    )
    assert table.file_name("csv") == (
        "vectorcraft-takings_2026-11-20T113000_2026-11-20T130000_America-Port-au-Prince"
        "_as-of-2026-11-20T130000.csv"
    )


def test_customers_text_is_harmless_and_otherwise_untouched(client: TestClient) -> None:
    (row,) = rows(client, "transactions", status="failed")

    assert row["email"] == "'" + FORMULA
    assert row["error_message"] == '\'+1 = 2, "so"\nsaid'
    assert row["completed_at"] == ""


@pytest.mark.parametrize(
    "text",
    [
        FORMULA,
        "+1",
        "-1",
        "@SUM(A1)",
        " =1+1",
        "\t=1",
        "\r\n=1",
        "\u00a0=1",
        "\u3000=1",
        "\ufeff=1",
        "\x00=1",
        "\uff1d1",
        "\uff0b1",
        "\uff0d1",
        "\uff20A",
        "\tplain",
        "\rplain",
        "|calc",
        "%0A",
    ],
)
def test_what_a_spreadsheet_would_run_is_made_text(text: str) -> None:
    assert made_harmless(text) == "'" + text


@pytest.mark.parametrize(
    "text", ["", "ann@example.com", "a=b", "49,00", "1-2", "'=1", "\u00fc", " x"]
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert made_harmless(text) == text


@given(st.text())
def test_no_text_begins_a_formula_whatever_it_is(text: str) -> None:
    safe = made_harmless(text)
    assert safe in {text, "'" + text}
    assert not safe.strip().startswith(("=", "+", "-", "@"))


def made_harmless(text: str) -> str:
    frame = pl.DataFrame({"text": [text]}).select(harmless(pl.col("text")))
    return str(frame.item())


_AMOUNTS = st.decimals(-(10**9), 10**9, places=4, allow_nan=False)


@given(st.lists(st.tuples(_AMOUNTS, st.sampled_from(["USD", "JPY", "KWD", "EUR"])), max_size=6))
def test_money_is_exact_at_any_size(amounts: list[tuple[Decimal, str]]) -> None:
    frame = pl.DataFrame(
        {"amount": [a for a, _ in amounts], "currency": [c for _, c in amounts]},
        schema={"amount": pl.Decimal(18, 4), "currency": pl.String},
    )

    text = as_text(frame, ZoneInfo("UTC"))["amount"].to_list()

    for written, (amount, currency) in zip(text, amounts, strict=True):
        digits = minor_digits(currency)
        assert abs(Decimal(written) - amount) <= Decimal(1).scaleb(-digits) / 2
        assert -Decimal(written).as_tuple().exponent == digits  # type: ignore[operator]


def test_absent_values_are_empty_and_flags_are_words() -> None:
    frame = pl.DataFrame(
        {
            "amount": [None, Decimal("1.5")],
            "currency": [None, None],
            "at": [None, datetime(2026, 11, 1, 6, 30, tzinfo=UTC)],
            "flag": [None, True],
            "rate": [None, 0.5],
        },
        schema_overrides={"currency": pl.String, "amount": pl.Decimal(18, 4)},
    )

    lines = as_text(frame, ZoneInfo("America/New_York")).write_csv().splitlines()

    assert lines[1:] == [",,,,", "1.5000,,2026-11-01T01:30:00-05:00,true,0.5"]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"from": "2026-11-20"},
        {"from": "soon", "to": "2026-11-21"},
        {"from": "1999-12-31", "to": "2026-11-21"},
        {"from": "2026-11-20", "to": "2101-01-01"},
        DAY | {"zone": "Mars/Olympus"},
        DAY | {"grain": "century"},
        DAY | {"as_of": "now"},
        {"from": "2026-11-21", "to": "2026-11-20"},
    ],
)
def test_a_link_that_cannot_be_answered_is_a_400(
    client: TestClient, params: dict[str, str]
) -> None:
    answer = client.get("/admin/export/revenue.csv", params=params)

    assert_refused(answer, 400, "bad_request")


def test_who_took_which_table_is_noted(client: TestClient, data_dir: Path) -> None:
    rows(client, "transactions", q="somebody@private.example")

    accounts = Accounts.open(data_dir)
    entry = accounts.audit(limit=1, action="export")[0]
    accounts.close()
    assert (entry.actor, entry.target, entry.address) == ("vera", "transactions", "127.0.0.1")
    assert entry.detail.endswith("0 rows")
    # What was searched for may be somebody's address.
    assert "private" not in repr(entry)


def test_parquet_has_the_same_rows_with_their_types_and_text_as_it_is(client: TestClient) -> None:
    asked = DAY | {"zone": "Asia/Kolkata"}
    answer = client.get("/admin/export/transactions.parquet", params=asked)
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    assert ".parquet" in answer.headers["content-disposition"]
    frame = pl.read_parquet(answer.content)

    same = client.get("/admin/export/transactions.csv", params=asked).text
    listed = list(csv.DictReader(io.StringIO(same, newline="")))
    assert frame.columns == list(listed[0])
    assert frame["transaction_id"].to_list() == [row["transaction_id"] for row in listed]
    one = frame.row(by_predicate=pl.col("transaction_id") == "VC_4", named=True)
    assert one["email"] == FORMULA
    assert one["created_at"] == datetime(2026, 11, 20, 4, tzinfo=UTC)
    kwd = frame.row(by_predicate=pl.col("transaction_id") == "VC_3", named=True)
    assert kwd["amount"] == Decimal("1.234")


def test_an_unknown_form_is_a_404(client: TestClient) -> None:
    assert_refused(client.get("/admin/export/revenue.xls", params=DAY), 404, "not_found")


def test_an_unknown_table_is_a_400(client: TestClient) -> None:
    assert_refused(client.get("/admin/export/passwords.csv", params=DAY), 400, "bad_request")


@pytest.mark.parametrize("seen", ["", "x", "transactions", "transactions:\u00b2", "a:1,b:-2", ":"])
def test_a_version_that_is_none_is_the_newest(client: TestClient, seen: str) -> None:
    assert rows(client, "revenue", seen=seen, currency="JPY")[0]["gross"] == "5000"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BudgetExceeded("the question took longer than 2 s"), "over_budget"),
        (StoreError("/srv/secret.db cannot be read"), "unavailable"),
    ],
)
def test_what_cannot_be_answered_now_is_a_503_that_tells_nothing_of_the_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def fail(*_: object) -> Export:
        raise error

    monkeypatch.setattr(exports, "build", fail)
    answer = client.get("/admin/export/revenue.csv", params=DAY)

    assert_refused(answer, 503, code)
    assert "secret" not in answer.text


def assert_refused(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status
    said = answer.json()
    assert said["success"] is False
    assert said["error"]["code"] == code
    assert said["error"]["message"]
    assert datetime.fromisoformat(said["timestamp"]).tzinfo is not None


def test_a_long_table_is_sent_in_pieces_with_one_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_SLICE_ROWS", 7)
    frame = pl.DataFrame({"n": range(20)})
    table = Export("numbers", frame, NOW, ZoneInfo("UTC"))

    async def collect() -> list[str]:
        return [piece async for piece in exports._csv(table)]

    pieces = asyncio.run(collect())
    assert len(pieces) == 4
    assert "".join(pieces) == frame.write_csv()
