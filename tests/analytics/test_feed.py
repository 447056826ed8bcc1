"""The newest events of payments: what happened, when it is known, and in which order."""

from __future__ import annotations

from datetime import timedelta

from tests.analytics.conftest import Look
from tests.analytics.moments import at, moment, only
from tests.shop import Shop
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.feed import feed


def test_what_happened_newest_first(engine: Engine, shop: Shop, look: Look) -> None:
    shop.transaction("VC_1", created_at="2026-11-20 09:00:00")
    shop.transaction("VC_2", created_at="2026-11-20 09:30:00")
    shop.transaction("VC_3", created_at="2026-11-20 09:40:00", status="failed")
    shop.transaction("TEST_1", created_at="2026-11-20 09:50:00")
    look(at("2026-11-20T10:00:00"))
    shop.complete("VC_1", completed_at="2026-11-20 10:01:00", payer_email="payer@example.com")
    shop.update("VC_2", status="error", error_message="no order")
    look(at("2026-11-20T10:05:00"))
    shop.refund("VC_1", resolved_at="2026-11-20 10:20:00")
    snapshot = look(at("2026-11-20T11:00:00"))

    answer = feed(
        engine, snapshot, now=at("2026-11-20T11:00:00"), sample_prefixes=("TEST_",), limit=50
    )

    assert only(answer, "happened_at", "what", "transaction_id") == [
        (at("2026-11-20T10:20:00"), "refunded", "VC_1"),
        # A failure has no time of its own: it stands where it was seen.
        (at("2026-11-20T10:05:00"), "failed", "VC_2"),
        (at("2026-11-20T10:01:00"), "captured", "VC_1"),
        # Failed when it was first read: where it was begun.
        (at("2026-11-20T09:40:00"), "failed", "VC_3"),
        (at("2026-11-20T09:40:00"), "begun", "VC_3"),
        (at("2026-11-20T09:30:00"), "begun", "VC_2"),
        (at("2026-11-20T09:00:00"), "begun", "VC_1"),
    ]
    assert only(answer, "payer_email", "error_message")[1] == (None, "no order")
    short = feed(engine, snapshot, now=at("2026-11-20T11:00:00"), limit=2)
    assert short["what"].to_list() == ["refunded", "failed"]


def test_a_feed_reaches_back_a_while_and_hardly_ahead(engine: Engine) -> None:
    now = at("2026-11-20T12:00:00")
    times = [
        now - timedelta(hours=24, microseconds=1),
        now - timedelta(hours=24),
        now + timedelta(minutes=5, microseconds=-1),
        now + timedelta(minutes=5),
    ]
    snapshot = moment(
        transactions=[
            {"transaction_id": f"VC_{i}", "created_at": when} for i, when in enumerate(times)
        ]
    )
    answer = feed(engine, snapshot, now=now)
    assert answer["transaction_id"].to_list() == ["VC_2", "VC_1"]


def test_a_deleted_payment_is_in_no_feed(engine: Engine) -> None:
    snapshot = moment(
        transactions=[
            {"transaction_id": "VC_1"},
            {"transaction_id": "VC_1", "deleted": True},
        ]
    )
    assert feed(engine, snapshot, now=at("2026-11-20T12:00:00")).height == 0
