"""Overview's first panel comes with the index, for whoever begins with it, and never in its way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from tests.pages.console import ELSEWHERE, console_on, read_into
from tests.pages.signed_in import PASSWORD, Quick
from tests.shop import make_shop
from tests.web.rig import asking
from vcanalytics import cached
from vcanalytics.accounts import Accounts
from vcanalytics.errors import StoreError
from vcanalytics.web import first_view

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
drawn = first_view._drawn


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    with make_shop(folder / "shop.db") as shop:
        for row_id, at, amount in (
            ("VC_0", "2026-11-10 06:00:00", 5.0),
            ("VC_1", "2026-11-19 06:00:00", 40.0),
            ("VC_2", "2026-11-19 18:00:00", 60.0),
            ("VC_3", "2026-11-20 09:00:00", 50.0),
        ):
            shop.transaction(row_id, created_at=at)
            shop.complete(row_id, amount=amount, completed_at=at)
        read_into(folder / "data", shop.path, NOW)
    return folder / "data"


@pytest.fixture(scope="module")
def client(data_dir: Path) -> Iterator[TestClient]:
    with console_on(data_dir, source_url=ELSEWHERE), asking(data_dir, "vera") as client:
        yield client


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day of the shop, and all the time that drawing takes."""
    monkeypatch.setattr(first_view, "_drawn", lambda _: drawn(NOW))
    monkeypatch.setattr(first_view, "_WITHIN_S", 30.0)


def panel(html: str) -> str:
    """The panel in a page, empty where there is none."""
    _, found, rest = html.partition('<section id="first-view"')
    return found + rest.partition("</section>")[0]


def test_the_index_holds_todays_takings_and_what_they_are_compared_with(client: TestClient) -> None:
    answer = client.get("/")

    text = panel(answer.text)
    assert "<b>Takings today</b>" in text
    assert '<p class="sum">$50.00</p>' in text
    assert "Thu 19 to 12:00</span>&ensp;&ensp;$40.00" in text
    assert '<span class="change good">+25.0\u00a0%</span>' in text
    assert '<path class="subject" d="M0 2000H750' in text
    # Nobody hears it twice, and it waits for no script.
    assert 'aria-hidden="true"' in text
    assert "script" not in text
    assert "#first-view {" in answer.text.split("</head>")[0]


def test_figures_of_the_shop_are_kept_by_no_browser(client: TestClient) -> None:
    assert client.get("/").headers["Cache-Control"] == "no-store, private"
    assert client.get("/revenue").headers["Cache-Control"] == "no-cache, private"


@pytest.mark.parametrize("address", ["/?range=7d", "/?zone=Asia/Tokyo", "/revenue", "/health"])
def test_other_views_come_without_it(client: TestClient, address: str) -> None:
    assert panel(client.get(address).text) == ""


def test_whoever_begins_elsewhere_is_not_shown_it(client: TestClient, data_dir: Path) -> None:
    with closing(Accounts.open(data_dir, hasher=Quick())) as accounts:
        vera = accounts.sign_in("vera", PASSWORD, address="127.0.0.1").principal
        view = accounts.save_view("Mornings", "/revenue", (("range", "7d"),), by=vera)
        accounts.choose_start(view.number, by=vera)
        assert panel(client.get("/").text) == ""
        accounts.choose_start(None, by=vera)
    assert panel(client.get("/").text) != ""


@pytest.mark.parametrize("now", [datetime(2026, 11, 1, tzinfo=UTC), NOW + timedelta(seconds=61)])
def test_before_the_first_payment_and_of_old_figures_there_is_none(
    client: TestClient, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(first_view, "_drawn", lambda _: drawn(now))
    assert panel(client.get("/").text) == ""


@pytest.mark.parametrize("error", [StoreError("the catalogue cannot be read"), ValueError("x")])
def test_what_cannot_be_read_is_said_by_the_page_itself(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(cached, "streams", fail)
    answer = client.get("/")
    assert answer.status_code == 200
    assert panel(answer.text) == ""


def test_the_index_does_not_wait_for_it_and_one_at_a_time_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, over = [], Event()

    def slow(_: datetime) -> str:
        begun.append(1)
        over.wait(30)
        return "late"

    async def twice() -> list[str]:
        accounts: Any = SimpleNamespace(start_of=lambda _: (False, None))
        try:
            return [await first_view.of(accounts, cast(Any, None)) for _ in range(2)]
        finally:
            over.set()

    monkeypatch.setattr(first_view, "_drawn", slow)
    monkeypatch.setattr(first_view, "_WITHIN_S", 0.01)
    assert asyncio.run(twice()) == ["", ""]
    assert begun == [1]
