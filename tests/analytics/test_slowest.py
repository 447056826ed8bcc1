"""Single measurements of one endpoint."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.analytics.moments import NOON, ago, moment, request
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind
from vcanalytics.analytics.slowest import slowest

HOUR: dict[str, Any] = {
    "kind": Kind.REQUEST,
    "endpoint": "/a",
    "start": NOON - timedelta(hours=1),
    "end": NOON,
}


def test_the_slowest_and_the_failed_of_one_endpoint(engine: Engine) -> None:
    snapshot = moment(
        requests=[
            request(30.0, ago(minutes=50), endpoint="/a", status="success"),
            request(90.0, ago(minutes=40), endpoint="/a", status="error"),
            request(60.0, ago(minutes=30), endpoint="/a", status="healthy"),
            request(10.0, ago(minutes=20), endpoint="/a", status="timeout"),
            request(900.0, ago(minutes=10), endpoint="/b", status="error"),
            request(900.0, ago(minutes=61), endpoint="/a", status="error"),
            request(900.0, NOON, endpoint="/a", status="error"),
        ],
    )

    slow = slowest(engine, snapshot, **HOUR, limit=3)
    failed = slowest(engine, snapshot, **HOUR, failed=True)

    assert slow["value_ms"].to_list() == [90.0, 60.0, 30.0]
    assert slow.columns == ["happened_at", "value_ms", "status"]
    assert failed.select("value_ms", "status").rows() == [(10.0, "timeout"), (90.0, "error")]
