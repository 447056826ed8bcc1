"""What Prometheus is told, to whom, and that a part that cannot be read costs no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from tests.pages.console import ELSEWHERE, console_on
from tests.web.rig import House, asking
from vcanalytics import cached
from vcanalytics.accounts import Role
from vcanalytics.breakers import Breaker
from vcanalytics.cached import watch
from vcanalytics.journal import Journal, components
from vcanalytics.model.health import Status, Verdict
from vcanalytics.store import Catalogue

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was read, with a journal in which something is wrong."""
    folder = tmp_path_factory.mktemp("metrics") / "data"
    # Of the moment it is asked: what is old is unknown.
    now = datetime.now(UTC)
    with closing(Catalogue.open(folder)) as catalogue, catalogue.write(now) as writer:
        writer.note_read("transactions", now, done=0, total=0)
    with closing(Journal.open(folder)) as journal, journal.write() as connection:
        wrong = Verdict("source", Status.CRITICAL, "locked by ann@example.com")
        components.keep(connection, now, [wrong])
    with closing(Journal.open(folder)) as journal:
        breaker = Breaker(journal, "source")
        for _ in range(5):
            breaker.failed(now, "locked by bob@example.com")
    return folder


@pytest.fixture
def browser(data_dir: Path) -> Iterator[TestClient]:
    with (
        console_on(data_dir, source_url=ELSEWHERE, watchman="on"),
        asking(data_dir, "vera") as client,
    ):
        yield client


def figures(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_it_tells_of_every_part_and_of_no_customer(browser: TestClient) -> None:
    cached.takings(NOW.replace(hour=0, minute=0), NOW, currency="USD")
    answer = browser.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    found = figures(answer.text)

    assert found["process_resident_memory_bytes",] > 1_000_000
    assert 0 <= found["vectorcraft_stream_lag_seconds", "transactions"] < 600
    assert found["vectorcraft_stream_rows", "requests"] == 0
    assert found["vectorcraft_component_status", "source", "critical"] == 1
    assert found["vectorcraft_component_status", "source", "healthy"] == 0
    assert found["vectorcraft_breaker_failures", "source"] == 5
    assert found["vectorcraft_breaker_open", "source"] == 1
    assert found["vectorcraft_alerts_firing", "critical"] == 0
    assert found["vectorcraft_console_cache_entries", "revenue"] >= 1
    assert found["vectorcraft_console_question_seconds_count", "answered"] >= 0
    assert found["vectorcraft_console_rate_limited_total", "sign-in"] >= 0
    assert found["vectorcraft_console_readable", "journal"] == 1
    assert "@" not in answer.text


def test_a_token_may_scrape_and_a_stranger_may_not(home: House) -> None:
    token = home.accounts.create_token("prometheus", Role.VIEWER, by="test")
    program = home.client(headers={"authorization": f"Bearer {token}"})
    assert program.get("/metrics").status_code == 200
    refused = home.client().get("/metrics")
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "unauthorized"


def test_a_journal_that_cannot_be_read_costs_only_its_own_part(
    data_dir: Path, browser: TestClient
) -> None:
    watch._open_view.clear()
    whole = (data_dir / "journal.db").read_bytes()
    for name in ("journal.db-wal", "journal.db-shm"):
        (data_dir / name).unlink(missing_ok=True)
    (data_dir / "journal.db").write_bytes(b"no database" * 1_000)
    try:
        found = figures(browser.get("/metrics").text)
    finally:
        (data_dir / "journal.db").write_bytes(whole)
    assert found["vectorcraft_console_readable", "journal"] == 0
    assert found["vectorcraft_console_readable", "store"] == 1
    assert ("vectorcraft_stream_lag_seconds", "transactions") in found
    assert ("vectorcraft_alerts_firing", "critical") not in found
