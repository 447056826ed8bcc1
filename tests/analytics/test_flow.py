"""From state to state, and how long that took."""

from __future__ import annotations

from typing import Any

from tests.analytics.conftest import Look
from tests.analytics.moments import at
from tests.shop import Shop
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.flow import steps

DAY: dict[str, Any] = {"start": at("2026-11-20T00:00:00"), "end": at("2026-11-21T00:00:00")}


def test_steps_with_their_times(engine: Engine, shop: Shop, look: Look) -> None:
    for number in range(3):
        shop.transaction(f"VC_{number}", created_at="2026-11-20 09:00:00")
    shop.transaction("TEST_1", created_at="2026-11-20 09:00:00")
    shop.transaction("VC_BEFORE", created_at="2026-11-19 23:59:59")
    look(at("2026-11-20T09:00:05"))
    for number in range(3):
        shop.update(f"VC_{number}", status="awaiting_payment")
    shop.update("TEST_1", status="failed")
    shop.update("VC_BEFORE", status="failed")
    look(at("2026-11-20T09:00:10"))
    shop.complete("VC_0", completed_at="2026-11-20 09:01:10")
    shop.complete("VC_1", completed_at="2026-11-20 09:03:10")
    # Its clock went back: no time is told of it.
    shop.complete("VC_2", completed_at="2026-11-20 08:59:00")
    look(at("2026-11-20T09:03:15"))
    shop.update("VC_0", email_sent=1)
    shop.refund("VC_1", case_id="DISP_1")
    snapshot = look(at("2026-11-20T10:03:10"))

    found = steps(engine, snapshot, **DAY, sample_prefixes=("TEST_",))

    assert found.rows() == [
        ("awaiting_payment", "completed", 3, 2, 120.0, 174.0),
        ("pending", "awaiting_payment", 3, 3, 10.0, 10.0),
        ("completed", "refunded", 1, 1, 3600.0, 3600.0),
    ]


def test_first_read_in_a_later_state(engine: Engine, shop: Shop, look: Look) -> None:
    shop.transaction("VC_1", created_at="2026-11-20 09:00:00")
    shop.complete("VC_1", completed_at="2026-11-20 09:00:30")
    shop.transaction("VC_2", created_at="2026-11-20 09:00:00")
    shop.update("VC_2", status="failed")
    shop.transaction("VC_GONE", created_at="2026-11-20 09:00:00")
    shop.update("VC_GONE", status="failed")
    look(at("2026-11-20T12:00:00"))
    shop.delete("VC_GONE")
    snapshot = look(at("2026-11-20T12:01:00"))

    assert steps(engine, snapshot, **DAY).rows() == [
        ("begun", "completed", 1, 1, 30.0, 30.0),
        # When it failed nobody saw.
        ("begun", "failed", 1, 0, None, None),
    ]


def test_nothing_begun(engine: Engine, look: Look) -> None:
    assert steps(engine, look(at("2026-11-20T12:00:00")), **DAY).is_empty()
