"""Every field of the contract on the sample shop: the truth, the commands', the pages' files."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.commands.asked import Store
from tests.web.api.conftest import NOW

Truth = dict[str, Any]
API = "/admin/api"


@pytest.fixture(scope="module")
def store(sample_dir: Path) -> Store:
    """The commands on the same store, at the same moment."""
    return Store(sample_dir, "sqlite:////elsewhere.db")


def told(client: TestClient, path: str, **params: Any) -> dict[str, Any]:
    answer = client.get(f"{API}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["success"] is True
    assert datetime.fromisoformat(found["timestamp"]) == NOW
    return found


@pytest.mark.parametrize(
    ("zone", "name"),
    [("UTC", "utc"), ("Asia/Kolkata", "kolkata"), ("America/New_York", "new_york")],
)
def test_thirty_days_are_the_truth_in_any_zone(
    client: TestClient, sample_truth: Truth, zone: str, name: str
) -> None:
    found = told(client, "analytics/revenue", zone=zone)
    truth = sample_truth[f"revenue_by_day_{name}"]
    labels = found["labels"]
    assert (found["timeframe"], found["zone"], found["currency"]) == ("daily", zone, "USD")
    # The sample has a payment dated a day ahead.
    assert labels == sorted(day for day in truth if datetime.fromisoformat(day) <= NOW)[-30:]
    days = [truth[label] for label in labels]
    nets = [Decimal(day["gross"]) - Decimal(day["refunds"]) for day in days]
    assert [Decimal(str(net)) for net in found["revenue_data"]] == nets
    assert found["transaction_data"] == [int(day["captured"]) for day in days]
    assert found["complete"] == [True] * 29 + [False]
    total = sum(nets, Decimal(0))
    assert found["summary"] == {
        "total_revenue": float(total),
        "avg_revenue": float(round(total / 30, 2)),
        "max_revenue": float(max(nets)),
        "total_transactions": sum(int(day["captured"]) for day in days),
    }


@pytest.mark.parametrize(
    ("timeframe", "grain", "count"),
    [("hourly", "hour", 24), ("daily", "day", 30), ("weekly", "week", 12)],
)
@pytest.mark.parametrize("end", [None, "2026-11-20T00:00:00+05:30", "2026-11-18T09:17:23Z"])
def test_windows_are_the_commands_to_the_cent(
    client: TestClient, store: Store, timeframe: str, grain: str, count: int, end: str | None
) -> None:
    given = {} if end is None else {"end": end}
    found = told(client, "analytics/revenue", timeframe=timeframe, zone="Asia/Kolkata", **given)
    labels = found["labels"]
    assert len(labels) == count
    rows = {
        row["window_start"]: row
        for row in store.json(
            "revenue", "--grain", grain, "--zone", "Asia/Kolkata", "--currency", "USD",
            "--from", labels[0], "--to", end or str(NOW),
        )
    }  # fmt: skip
    # A window that begins with `end` has no row there, and nothing happened in it yet.
    empty = {"net": "0.00", "captured": 0, "complete": False}
    expected = [rows.get(label, empty) for label in labels]
    assert set(rows) <= set(labels)
    assert [f"{net:.2f}" for net in found["revenue_data"]] == [row["net"] for row in expected]
    assert found["transaction_data"] == [row["captured"] for row in expected]
    assert found["complete"] == [row["complete"] for row in expected]
    last = datetime.fromisoformat(labels[-1])
    assert last <= datetime.fromisoformat(end or str(NOW)) < last + timedelta(days=7)


def test_windows_are_those_of_the_pages_files(client: TestClient) -> None:
    found = told(client, "analytics/revenue")
    params = {"from": found["labels"][0], "to": "2026-11-23", "as_of": str(NOW), "currency": "USD"}
    text = client.get("/admin/export/revenue.csv", params=params).text
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["window_start"] for row in rows] == found["labels"]
    assert [float(row["net"]) for row in rows] == found["revenue_data"]


def test_a_currency_that_was_never_seen_has_windows_of_zeros(client: TestClient) -> None:
    found = told(client, "analytics/revenue", timeframe="weekly", currency="jpy")
    assert (found["currency"], found["revenue_data"]) == ("JPY", [0.0] * 12)
    assert found["summary"]["avg_revenue"] == 0


def test_the_moment_is_todays_truth(client: TestClient, store: Store, sample_truth: Truth) -> None:
    found = told(client, "metrics/live")
    day = sample_truth["revenue_by_day_utc"]["2026-11-22T00:00:00+00:00"]
    begun = store.json("transactions", "--from", "2026-11-22", "--limit", "1000")
    states = Counter(row["status"] for row in begun if not row["sample"])
    assert found["revenue_metrics"] == {
        "total_revenue": float(Decimal(day["gross"]) - Decimal(day["refunds"])),
        "transaction_count": int(day["attempts"]),
        "pending_transactions": states["pending"] + states["awaiting_payment"],
        "failed_transactions": int(day["failed"]),
        "captured_transactions": int(day["captured"]),
        "currency": "USD",
        "day_start": "2026-11-22T00:00:00+00:00",
    }
    system = found["system_metrics"]
    assert (system["host"], system["sampled_at"]) == ("vectorcraft", "2026-11-22T11:45:00+00:00")
    assert {"cpu_percent", "memory_percent", "disk_percent"} <= set(system)
    assert (system["cpu_percent"], system["memory_percent"]) == (50.4, 67.8)
    assert found["freshness"] == {row["stream"]: row["lag_s"] for row in store.json("streams")}
    assert set(found["health_summary"]) == {"overall_status", "components"}
    newest = store.json("transactions", "--limit", "5")
    assert [row["transaction_id"] for row in found["recent_transactions"]] == [
        row["transaction_id"] for row in newest
    ]
    hour = {row["endpoint"]: row for row in store.json("latency", "--from", "2026-11-22T11:00")}
    times = found["performance_metrics"]["request_time"]
    assert times["count"] == sum(row["count"] for row in hour.values())
    assert times["max_ms"] == pytest.approx(max(row["max_ms"] for row in hour.values()), abs=1e-6)


def test_users_of_the_moment(client: TestClient) -> None:
    found = told(client, "user-activity")
    recent, people = found["recent_activities"], found["active_users"]
    assert len(recent) == 50
    assert [row["happened_at"] for row in recent] == sorted(
        (row["happened_at"] for row in recent), reverse=True
    )
    vectorised = found["vectorization_activities"]
    assert 0 < len(vectorised) <= 20
    assert {row["kind"] for row in vectorised} == {"vectorisation"}
    since = NOW - timedelta(minutes=30)
    assert all(datetime.fromisoformat(person["last_at"]) >= since for person in people)
    assert found["summary"] == {
        "active_users_count": len(people),
        "recent_activities_count": 50,
        "vectorization_count": len(vectorised),
    }
    # Those listed as active are those of the feed of the same half hour.
    acted = {
        row["person"]
        for row in recent
        if datetime.fromisoformat(row["happened_at"]) >= since and row["kind"] != "sign_in_failed"
    }
    assert acted <= {person["person"] for person in people}


def test_health_says_how_everything_is(client: TestClient, store: Store) -> None:
    found = told(client, "health")
    assert set(found["overall_status"]) == {"status", "message"}
    assert found["circuit_breakers"] == {"active_circuit_breakers": [], "breakers": {}}
    assert set(found["cache_stats"]) == {"live", "health", "activity", "revenue"}
    assert found["rate_limit_stats"]["principal"]["per_minute"] == 3_000
    rows = store.json("latency", "--kind", "database_query")
    assert found["performance_summary"]["database_query"]["count"] == sum(r["count"] for r in rows)
    assert found["system_healthy"] is False


def test_alerts_and_errors_of_a_day(client: TestClient) -> None:
    found = told(client, "alerts")
    assert found["summary"] == {"total_active": 0, "critical": 0, "warning": 0, "info": 0}
    assert found["recent_alerts"] == []
    errors = found["error_summary"]
    assert errors["total_errors"] == sum(errors["by_level"].values()) == 15
    assert errors["by_component"] == {"payment": 12, "vectorization": 3}
    assert len(errors["recent_errors"]) <= 10


def test_every_payment_comes_once_page_by_page(
    client: TestClient, store: Store, sample_truth: Truth
) -> None:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = told(client, "transactions", limit=1_000, **cursor)
        found += page["transactions"]
        assert page["total"] == sample_truth["rows"]["transactions"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert found == store.json("transactions", "--limit", "1000000")


def test_payments_are_found_as_the_command_finds_them(client: TestClient, store: Store) -> None:
    given = {"from": "2026-11-20", "to": "2026-11-21", "zone": "Asia/Kolkata", "email": "GMAIL"}
    page = told(client, "transactions", status=["failed", "error"], limit=1_000, **given)
    rows = store.json(
        "transactions", "--from", "2026-11-20", "--to", "2026-11-21", "--zone", "Asia/Kolkata",
        "--email", "GMAIL", "--status", "failed", "--status", "error",
    )  # fmt: skip
    assert page["transactions"] == rows
    assert page["total"] == len(rows) > 0
    assert told(client, "transactions", deleted="true")["transactions"] == []


def test_what_happened_to_a_payment_is_the_commands(client: TestClient, store: Store) -> None:
    (refunded,) = told(client, "transactions", status="refunded", limit=1)["transactions"]
    number = refunded["transaction_id"]
    found = told(client, f"transactions/{number}", zone="Asia/Kolkata")
    assert found["transaction_id"] == number
    assert found["timeline"] == store.json("transaction", number, "--zone", "Asia/Kolkata")
    unknown = client.get(f"{API}/transactions/VC_nobody")
    assert unknown.status_code == 404
    assert unknown.json()["error"]["message"].startswith("There is no such payment. ")


def test_findings_are_the_truth_and_the_commands(
    client: TestClient, store: Store, sample_truth: Truth
) -> None:
    page = told(client, "reconcile", as_of=sample_truth["as_of"], limit=1_000)
    rest = told(
        client, "reconcile", as_of=sample_truth["as_of"], limit=1_000, cursor=page["next_cursor"]
    )
    truth = sample_truth["reconcile"]
    assert {name: page["counts"][name] for name in truth} == truth
    assert page["total"] == sum(page["counts"].values())
    assert rest["next_cursor"] is None
    rows = store.json("reconcile", "--as-of", sample_truth["as_of"])
    assert page["findings"] + rest["findings"] == rows
    one = told(client, "reconcile", finding="stuck", zone="Asia/Kolkata")
    assert one["total"] == one["counts"]["stuck"] == sample_truth["reconcile"]["stuck"]


def test_response_times_are_the_truth_and_the_commands(
    client: TestClient, store: Store, sample_truth: Truth
) -> None:
    page = told(client, "latency")
    assert page["endpoints"] == store.json("latency")
    truth = sample_truth["latency_request_time_last_24h"]
    assert {row["endpoint"]: row["count"] for row in page["endpoints"]} == {
        name: row["count"] for name, row in truth.items()
    }
    week = told(client, "latency", kind="database_query", **{"from": "2026-11-15"})
    assert week["endpoints"] == store.json(
        "latency", "--kind", "database_query", "--from", "2026-11-15"
    )


def test_streams_are_the_commands(client: TestClient, store: Store) -> None:
    assert told(client, "streams")["streams"] == store.json("streams")


def test_the_cache_is_counted_and_emptied(client: TestClient) -> None:
    told(client, "analytics/revenue")
    told(client, "analytics/revenue")
    kept = told(client, "cache/stats")["cache_stats"]
    assert set(kept["revenue"]) == {"entries", "bytes", "hits", "misses", "hit_ratio", "ttl_s"}
    assert kept["revenue"]["entries"] > 0
    assert kept["revenue"]["hits"] > 0
    assert kept["revenue"]["ttl_s"] == 300
    done = client.post(f"{API}/cache/clear", json={"type": "aggregated"}).json()
    assert (done["success"], done["type"]) == (True, "aggregated")
    assert done["cleared"] == kept["revenue"]["entries"] + kept["activity"]["entries"]
    after = told(client, "cache/stats")["cache_stats"]
    assert after["revenue"]["entries"] == after["activity"]["entries"] == 0
    assert after["live"]["entries"] == kept["live"]["entries"]
