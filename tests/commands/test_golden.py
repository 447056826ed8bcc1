"""Each command's output for a small shop, literally: the files in ``golden``, checked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.commands.asked import Store
from tests.shop import Shop

GOLDEN: Final = Path(__file__).parent / "golden"
ASKED: Final = {
    "revenue": ("revenue", "--from", "2026-11-20", "--to", "2026-11-22"),
    "revenue_week": (
        *("revenue", "--grain", "week", "--zone", "America/New_York", "--currency", "eur"),
        *("--from", "2026-11-20", "--to", "2026-11-22"),
    ),
    "latency": ("latency",),
    "transactions": ("transactions",),
    "transaction": ("transaction", "VC_2", "--zone", "Asia/Kolkata"),
    "reconcile": ("reconcile",),
    "failures": ("failures", "--zone", "Asia/Kolkata"),
    "outages": ("outages", "--from", "2026-11-20"),
    "outages_affected": ("outages", "--from", "2026-11-20", "--affected"),
    "streams": ("streams",),
}


@pytest.fixture
def store(store: Store, shop: Shop) -> Store:
    """A captured payment, one refunded, one in euros, one failed, one open, a sample."""
    shop.transaction("VC_1", created_at="2026-11-20 09:00:00")
    shop.complete("VC_1", completed_at="2026-11-20 09:01:00", amount=1249.5)
    shop.transaction("VC_2", created_at="2026-11-20 10:00:00", email="Bob@Example.com")
    shop.complete("VC_2", completed_at="2026-11-20 10:01:00", payer_email="bob@pay.example")
    shop.transaction("VC_3", created_at="2026-11-20 23:30:00", email="eve@example.com")
    shop.complete("VC_3", completed_at="2026-11-21 00:10:00", amount="19.99", currency="EUR")
    shop.transaction(
        "VC_4", created_at="2026-11-21 08:00:00", status="error", error_message="PayPal said no"
    )
    shop.transaction("VC_5", created_at="2026-11-22 11:50:00", email="dan@example.com")
    shop.transaction("TEST_1", created_at="2026-11-20 12:00:00", status="completed", amount=5)
    for value, status in ((10, "success"), (20.25, "success"), (40, "error")):
        shop.metric(endpoint="index", value=value, status=status, timestamp="2026-11-22 03:00:00")
    shop.metric(metric_type="database_query", value=3, timestamp="2026-11-22 03:00:00")
    for clock, status in (("07:55", "error"), ("08:10", "unhealthy"), ("08:20", "healthy")):
        at, kind = f"2026-11-21 {clock}:00", "paypal_api_response_time"
        shop.metric(metric_type=kind, endpoint="oauth", value=900, status=status, timestamp=at)
    store.keep(shop)
    shop.refund("VC_2", case_id="DISP_1", resolved_at="2026-11-21 15:00:00")
    store.keep(shop)
    return store


@pytest.mark.parametrize("form", ["table", "csv", "json"])
@pytest.mark.parametrize("name", ASKED)
def test_the_output_is_the_golden_one(store: Store, name: str, form: str) -> None:
    suffix = "txt" if form == "table" else form
    expected = (GOLDEN / f"{name}.{suffix}").read_text(encoding="utf-8")
    assert store.text(*ASKED[name], "--format", form) == expected


def test_table_is_the_default_format(store: Store) -> None:
    assert store.text("reconcile") == store.text("reconcile", "--format", "table")
