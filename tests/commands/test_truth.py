"""The sample shop, read as collectors read it: every figure of its truth file, by the commands."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from tests.commands.asked import Store

ZONES: Final = {
    "utc": "UTC",
    "kolkata": "Asia/Kolkata",
    "new_york": "America/New_York",
}
COUNTS: Final = ("attempts", "captured", "refunded", "failed")
SUMS: Final = ("gross", "refunds")
ALL_TIME: Final = ("--from", "2026-01-01", "--to", "2027-01-01")
Truth = dict[str, Any]


@pytest.fixture(scope="session")
def sample(sample_dir: Path, sample_db: Path) -> Store:
    return Store(sample_dir, f"sqlite:///{sample_db}")


@pytest.mark.parametrize("name", ZONES)
def test_each_day_of_each_zone_is_the_truth_to_the_cent(
    sample: Store, sample_truth: Truth, name: str
) -> None:
    truth = sample_truth[f"revenue_by_day_{name}"]
    last = datetime.fromisoformat(max(truth)) + timedelta(days=1)
    rows = sample.csv("revenue", "--zone", ZONES[name], "--from", min(truth), "--to", str(last))
    assert [row["window_start"] for row in rows] == sorted(truth)
    for row in rows:
        day = truth[row["window_start"]]
        assert {n: row[n] for n in COUNTS} == {n: day[n] for n in COUNTS}
        assert {n: Decimal(row[n]) for n in SUMS} == {n: Decimal(day[n]) for n in SUMS}
        assert Decimal(row["net"]) == Decimal(day["gross"]) - Decimal(day["refunds"])


@pytest.mark.parametrize("grain", ["month", "week", "day", "hour"])
def test_windows_of_any_grain_sum_to_the_totals(
    sample: Store, sample_truth: Truth, grain: str
) -> None:
    span = ("--from", "2026-10-01", "--to", "2026-12-01")
    rows = sample.json("revenue", *span, "--grain", grain, "--zone", "Asia/Kolkata")
    truth = sample_truth["totals"]
    assert {n: sum(r[n] for r in rows) for n in COUNTS} == {n: int(truth[n]) for n in COUNTS}
    sums = {n: sum(Decimal(r[n]) for r in rows) for n in SUMS}
    assert sums == {n: Decimal(truth[n]) for n in SUMS}
    assert {row["currency"] for row in rows} == {"USD"}


def test_payments_by_status_are_the_truth(sample: Store, sample_truth: Truth) -> None:
    rows = sample.csv("transactions", "--limit", "1000000")
    assert Counter(row["status"] for row in rows) == sample_truth["status"]
    for status, count in sample_truth["status"].items():
        assert len(sample.json("transactions", "--limit", "9999", "--status", status)) == count


def test_findings_are_the_truth(sample: Store, sample_truth: Truth) -> None:
    rows = sample.csv("reconcile", "--as-of", sample_truth["as_of"])
    counts = Counter(row["finding"] for row in rows)
    assert {name: counts[name] for name in sample_truth["reconcile"]} == sample_truth["reconcile"]


def test_percentiles_of_the_last_day_are_the_truth(sample: Store, sample_truth: Truth) -> None:
    rows = sample.json("latency", "--to", sample_truth["as_of"])
    truth = sample_truth["latency_request_time_last_24h"]
    assert [row["endpoint"] for row in rows] == sorted(truth)
    for row in rows:
        expected = truth[row["endpoint"]]
        assert (row["count"], row["errors"]) == (expected["count"], expected["errors"])
        for name in ("mean", "p50", "p95", "p99", "max"):
            assert row[f"{name}_ms"] == pytest.approx(expected[name], abs=1.1e-6)
        assert (row["method"], row["error_bound"]) == ("exact", 0)


def test_every_row_was_read(sample: Store, sample_truth: Truth) -> None:
    streams = {row["stream"]: row for row in sample.csv("streams")}
    for stream, table in (
        ("transactions", "transactions"),
        ("disputes", "dispute_cases"),
        ("mails", "email_logs"),
        ("requests", "performance_metrics"),
    ):
        assert streams[stream]["rows"] == str(sample_truth["rows"][table])
        assert streams[stream]["rejected"] == "0"


def test_samples_are_marked_and_listed_but_in_no_figure(sample: Store, sample_truth: Truth) -> None:
    rows = sample.csv("transactions", "--limit", "1000000")
    marked = {row["transaction_id"] for row in rows if row["sample"] == "true"}
    found = sample.csv("reconcile")
    assert marked == {r["transaction_id"] for r in found if r["finding"] == "sample_row"}
    assert len(marked) == sample_truth["reconcile"]["sample_row"]
    assert not marked & {r["transaction_id"] for r in found if r["finding"] != "sample_row"}
    attempts = sum(int(row["attempts"]) for row in sample.csv("revenue", *ALL_TIME))
    assert attempts == len(rows) - len(marked)


def test_the_store_of_the_sample_is_sound(sample: Store) -> None:
    assert sample.csv("check") == []


def test_the_truth_does_not_hang_on_the_format(sample: Store) -> None:
    asked = ("revenue", "--grain", "week", *ALL_TIME)
    as_json = [
        {name: "" if value is None else value for name, value in row.items()}
        for row in sample.json(*asked)
    ]
    for left, right in zip(as_json, sample.csv(*asked), strict=True):
        assert left["complete"] is (right.pop("complete") == "true")
        assert left["success_rate"] == (float(right["success_rate"] or 0) or "")
        assert {n: str(left[n]) for n in right if n != "success_rate"} == {
            n: right[n] for n in right if n != "success_rate"
        }
