"""Small parts: outages as settings write them, stories folded into rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from collectors.simulator.steps import fold, insert, update
from tests.collectors.simulator.living import NOW
from vcanalytics.errors import UsageError
from vcanalytics.model.outages import Outage, read_outage


def test_outages_are_read_as_settings_write_them() -> None:
    start = datetime(2026, 11, 20, 10, tzinfo=UTC)
    assert read_outage("paypal@2026-11-20T10:00/30m") == Outage(
        "paypal", start, start + timedelta(minutes=30)
    )
    assert read_outage(" mail@2026-11-20T15:30+05:30/2h ") == Outage(
        "mail", start, start + timedelta(hours=2)
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "paypal",
        "stripe@2026-11-20T10:00/30m",
        "mail@noon/2h",
        "mail@2026-11-20/0m",
        "mail@2026-11-20/8d",
    ],
)
def test_an_outage_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_outage(text)


def test_folding_a_story_leaves_what_is_still_to_come() -> None:
    later = NOW + timedelta(minutes=5)
    steps = [
        update(later, "transactions", "VC_1", {"status": "completed"}),
        insert(NOW, "transactions", {"transaction_id": "VC_1", "status": "pending"}, "VC_1"),
        update(NOW, "transactions", "VC_1", {"status": "awaiting_payment"}),
        update(NOW, "users", "ann@example.com", {"last_login": "x"}),
    ]
    rows, rest = fold(steps, NOW)
    assert [row.values for row in rows] == [
        {"transaction_id": "VC_1", "status": "awaiting_payment"}
    ]
    assert [(step.table, step.at) for step in rest] == [("users", NOW), ("transactions", later)]
