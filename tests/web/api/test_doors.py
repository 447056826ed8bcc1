"""Who may ask, how long an answer may take, and what is said when it cannot be given."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.pages.console import ELSEWHERE, console_on
from tests.web.api.conftest import NOW
from tests.web.api.test_shape import CLEAR, STATS, refused
from tests.web.rig import House, asking
from vcanalytics import cached
from vcanalytics.accounts import Role
from vcanalytics.errors import BudgetExceeded, StoreError
from vcanalytics.model.rates import PRINCIPAL
from vcanalytics.web.api import cache
from vcanalytics.web.api.answers import Threads, Told

REVENUE = "/admin/api/analytics/revenue"


def test_a_token_asks_as_its_role_allows(home: House) -> None:
    for role, status in ((Role.VIEWER, 403), (Role.OPERATOR, 403), (Role.ADMIN, 200)):
        token = home.accounts.create_token(f"script-{role}", role, by="test")
        program = home.client(headers={"authorization": f"Bearer {token}"})
        assert program.get(STATS).status_code == 200
        assert program.get("/admin/api/openapi.json").status_code == 200
        assert program.post(CLEAR, json={"type": "live"}).status_code == status


def test_a_stranger_is_told_nothing(home: House) -> None:
    for path in (STATS, REVENUE, "/admin/api/openapi.json", "/admin/api/nothing"):
        answer = home.client().get(path)
        refused(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


def test_clearing_is_noted_with_who_and_how_much(home: House) -> None:
    home.as_("ada").post(CLEAR, json={"type": "aggregated"})
    noted = next(one for one in home.accounts.audit(limit=5) if one.action == cache.CLEARED)
    assert (noted.actor, noted.target) == ("ada", "aggregated")


def test_other_sites_get_nothing_and_no_leave_to_ask(client: TestClient) -> None:
    foreign = {"origin": "https://evil.example"}
    refused(client.post(CLEAR, json={}, headers=foreign), 403, "forbidden")
    asked = client.options(STATS, headers={**foreign, "access-control-request-method": "GET"})
    refused(asked, 405, "method_not_allowed")
    answer = client.get(STATS)
    for one in (asked, answer):
        assert not [name for name in one.headers if name.startswith("access-control")]


def test_long_answers_are_packed_for_who_takes_it(client: TestClient) -> None:
    plain = client.get(REVENUE, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    packed = client.get(REVENUE, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["vary"]
    assert packed.headers["etag"] == plain.headers["etag"]
    assert packed.json()["revenue_data"] == plain.json()["revenue_data"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 2


def test_who_asks_too_often_is_told_when_to_come_again(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "vcanalytics.web.limits.Rates.wait_s", lambda _, rate, who: 7 * (rate is PRINCIPAL)
    )
    answer = client.get(STATS)
    refused(answer, 429, "too_many_requests")
    assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (
            BudgetExceeded("the question took 2 s", where="/srv/secret/catalogue.db"),
            503,
            "over_budget",
        ),
        (StoreError("locked", where="/srv/secret/catalogue.db"), 503, "unavailable"),
        (RuntimeError("SELECT * FROM secret"), 500, "internal"),
        (RecursionError("secret"), 500, "internal"),
    ],
)
def test_what_goes_wrong_within_stays_within(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    status: int,
    code: str,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(cached, "stream_table", fail)
    with caplog.at_level(logging.WARNING):
        answer = client.get("/admin/api/streams")
    message = refused(answer, status, code)
    assert "secret" not in answer.text
    if status == 503:
        assert answer.headers["retry-after"] == "2"
    else:
        reference = message.split("Reference ")[1].rstrip(".")
        assert reference in caplog.text


def test_an_answer_that_takes_too_long_is_given_up_and_its_place_is_bounded(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, begun = threading.Event(), threading.Event()

    def wait(**_: Any) -> Told:
        begun.set()
        go_on.wait(20)
        raise StoreError("too late for anybody")

    monkeypatch.setattr(cached, "stream_table", wait)
    app: Any = client.app
    api = next(
        route.app for route in app.routes if getattr(route, "path", "").endswith("{path:path}")
    )
    monkeypatch.setitem(api.made().state._state, "budget_s", 0.05)
    try:
        answer = client.get("/admin/api/streams")
        refused(answer, 503, "over_budget")
        assert answer.headers["retry-after"] == "2"
        assert begun.is_set()
    finally:
        go_on.set()


def test_what_was_given_up_holds_its_place_until_it_ends() -> None:
    threads = Threads(at_once=1)
    go_on, ended, asked = threading.Event(), threading.Event(), []

    def slow() -> None:
        go_on.wait(20)
        ended.set()

    async def ask() -> None:
        with pytest.raises(BudgetExceeded):
            await threads.within(0.05, slow)
        # The one place is taken: this is given up before it was begun, and never will be.
        with pytest.raises(BudgetExceeded):
            await threads.within(0.05, lambda: asked.append("late"))
        assert await threads.within(5, lambda: "long", long=True) == "long"
        go_on.set()
        assert await threads.within(5, lambda: "next") == "next"

    asyncio.run(ask())
    assert ended.is_set()
    assert asked == []


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[TestClient]:
    """A console that has read nothing yet."""
    folder = tmp_path / "data"
    folder.mkdir()
    with (
        console_on(folder, source_url=ELSEWHERE),
        asking(folder, "vera", clock=lambda: NOW) as client,
    ):
        yield client


def test_a_console_without_data_answers_with_nothing(empty: TestClient) -> None:
    def told(path: str) -> dict[str, Any]:
        answer = empty.get(f"/admin/api/{path}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    live = told("metrics/live")
    assert live["revenue_metrics"]["total_revenue"] == 0
    assert live["system_metrics"]["cpu_percent"] is None
    assert set(live["freshness"].values()) == {None}
    assert told("analytics/revenue")["revenue_data"] == [0.0] * 30
    assert told("user-activity")["recent_activities"] == []
    assert told("transactions") | {"timestamp": ""} == {
        "success": True,
        "timestamp": "",
        "transactions": [],
        "total": 0,
        "next_cursor": None,
    }
    assert told("reconcile")["total"] == 0
    assert told("latency")["endpoints"] == []
    assert told("alerts")["summary"]["total_active"] == 0
    assert told("health")["circuit_breakers"]["breakers"] == {}
