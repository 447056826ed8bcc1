"""Pages of payments while others come, payments of one second, several currencies, odd text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.pages.console import ELSEWHERE, console_on, read_into
from tests.shop import Shop, make_shop
from tests.web.rig import asking

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
SCRIPT = '<script>alert("=HYPERLINK(1)")</script>@shop.test'


@contextmanager
def selling(folder: Path) -> Iterator[tuple[Shop, TestClient]]:
    """A shop, and a console on what was read of it."""
    with make_shop(folder / "shop.db") as made:
        for number in range(1, 8):
            # Three of one second, then two, then two.
            second = "10:00:00" if number < 4 else f"1{number // 2}:00:00"
            currency = "EUR" if number == 7 else "USD"
            made.transaction(f"VC_{number}", created_at=f"2026-11-20 {second}", currency=currency)
        made.complete("VC_1", amount=49.0, completed_at="2026-11-20 10:01:00")
        made.complete("VC_2", amount=5_000, currency="JPY", completed_at="2026-11-20 10:01:00")
        made.update("VC_5", email=SCRIPT, status="failed", error_message="no\x07 luck")
        data_dir = folder / "data"
        read_into(data_dir, made.path, NOW)
        with (
            console_on(data_dir, source_url=ELSEWHERE),
            asking(data_dir, "vera", clock=lambda: NOW) as client,
        ):
            yield made, client


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with selling(tmp_path_factory.mktemp("pages")) as (_, asked):
        yield asked


def page(client: TestClient, **params: Any) -> dict[str, Any]:
    answer = client.get("/admin/api/transactions", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_today_is_of_the_headline_currency_alone(client: TestClient) -> None:
    told = client.get("/admin/api/metrics/live").json()["revenue_metrics"]
    assert told["total_revenue"] == 49.0
    # All but those in yen and euros.
    assert (told["transaction_count"], told["captured_transactions"]) == (5, 1)
    assert (told["pending_transactions"], told["failed_transactions"]) == (3, 1)
    yen = client.get("/admin/api/analytics/revenue?currency=JPY").json()
    assert yen["summary"] == {
        "total_revenue": 5_000.0,
        "avg_revenue": 167.0,
        "max_revenue": 5_000.0,
        "total_transactions": 1,
    }


def test_customers_text_comes_as_it_is_and_as_text(client: TestClient) -> None:
    answer = client.get("/admin/api/transactions", params={"email": "=hyperlink"})
    (row,) = answer.json()["transactions"]
    assert (row["email"], row["error_message"]) == (SCRIPT, "no\x07 luck")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("cursor", ["", "1", "-1", "1-", "9" * 17 + "-1", "1-1-1", "\u0661-1"])
def test_a_cursor_that_no_page_gave_is_refused(client: TestClient, cursor: str) -> None:
    answer = client.get("/admin/api/transactions", params={"cursor": cursor})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "cursor: is none that a page gave."


def test_payments_of_one_second_come_once_and_later_ones_shift_none(
    tmp_path: Path,
) -> None:
    with selling(tmp_path) as (shop, client):
        turn_pages(shop, client, tmp_path / "data")


def turn_pages(shop: Shop, client: TestClient, data_dir: Path) -> None:
    whole = [row["transaction_id"] for row in page(client)["transactions"]]
    assert len(whole) == 7
    for size in (1, 2, 4):
        found: list[str] = []
        told = page(client, limit=size)
        found += [row["transaction_id"] for row in told["transactions"]]
        # Another comes while somebody turns pages.
        later = NOW + timedelta(seconds=size)
        shop.transaction(f"VC_9{size}", created_at=later.strftime("%Y-%m-%d %H:%M:%S"))
        read_into(data_dir, shop.path, NOW)
        while told["next_cursor"] is not None:
            told = page(client, limit=size, cursor=told["next_cursor"])
            found += [row["transaction_id"] for row in told["transactions"]]
        assert [one for one in found if not one.startswith("VC_9")] == whole
        assert len(found) == len(set(found))
