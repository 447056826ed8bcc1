"""Reports by link: for whoever is signed in, noted, refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.pages.console import ELSEWHERE, console_on, read_into
from tests.shop import make_shop
from tests.web.rig import asking
from vcanalytics.accounts import Accounts
from vcanalytics.cached import report as reports
from vcanalytics.report.period import Period
from vcanalytics.report.sources import Sources
from vcanalytics.web import access

NOW = datetime(2026, 11, 20, 18, tzinfo=UTC)
DAY = "/admin/report/day.pdf"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reported")
    with make_shop(folder / "shop.db") as shop:
        shop.transaction("VC_1", created_at="2026-11-20 09:00:00")
        shop.complete("VC_1", amount=49.0, completed_at="2026-11-20 09:01:00")
        read_into(folder / "data", shop.path, NOW)
    return folder / "data"


@pytest.fixture(scope="module")
def client(data_dir: Path) -> Iterator[TestClient]:
    with console_on(data_dir, source_url=ELSEWHERE), asking(data_dir, "vera") as client:
        yield client


def test_a_viewer_gets_the_report_of_a_day_and_it_is_noted(
    client: TestClient, data_dir: Path
) -> None:
    answer = client.get(DAY, params={"date": "2026-11-20", "zone": "Asia/Kolkata"})

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    name = "vectorcraft-report-day_2026-11-20_2026-11-21_Asia-Kolkata_as-of-"
    assert name in answer.headers["content-disposition"]
    assert answer.content.startswith(b"%PDF-")
    accounts = Accounts.open(data_dir)
    entry = accounts.audit(limit=1, action="export")[0]
    accounts.close()
    assert (entry.actor, entry.target) == ("vera", "report-day")
    assert entry.detail.endswith("a report")


@pytest.mark.parametrize(
    "params", [{"date": "soon"}, {"date": "2099-01-01"}, {"zone": "Mars/Olympus"}]
)
def test_what_cannot_be_reported_is_a_400_in_words(
    client: TestClient, params: dict[str, str]
) -> None:
    answer = client.get(DAY, params=params)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


def test_a_week_is_had_too_and_nothing_else(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def make(_: Sources, one: Period) -> bytes:
        asked.append(one.kind)
        return b"%PDF-"

    monkeypatch.setattr(reports, "make", make)
    assert client.get("/admin/report/week.pdf").status_code == 200
    assert asked == ["week"]
    assert client.get("/admin/report/month.pdf").status_code == 404


def test_one_is_made_at_a_time(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "_WAIT_S", 0.0)
    with reports._ONE:
        answer = client.get(DAY)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "over_budget")


def test_who_is_not_signed_in_is_led_there_and_back(client: TestClient) -> None:
    answer = client.get(
        DAY, params={"date": "2026-11-20"}, headers={"cookie": ""}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=%2Fadmin%2Freport%2Fday.pdf")
    assert access.is_file(DAY)
    assert not access.is_file("/admin/report/month.pdf")
