"""Disputes by due date, in the source's own zone; refund rates against a recount by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from tests.collectors.rig import NOW, Console
from tests.shop import make_shop
from vcanalytics.analytics import disputes
from vcanalytics.analytics.engine import Engine
from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.store import Segments, Snapshot


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, Snapshot]]:
    """A shop in India: what is due at noon there is due at 06:30 UTC."""
    folder = tmp_path_factory.mktemp("disputes")
    with make_shop(folder / "shop.db") as shop:
        at = NOW - timedelta(days=1)
        paid = {"created_at": at, "completed_at": at, "currency": "USD"}
        for number, status in enumerate(["completed", "refunded", "completed", "completed"]):
            shop.transaction(f"VC_{number}", **paid, status=status, amount=(49, 49, 49, 9)[number])
        shop.transaction("TEST_9", **paid, status="refunded", amount=49)
        shop.dispute("late", "VC_0", due_date="2026-11-25T12:00:00")
        shop.dispute("early", "VC_1", due_date="2026-11-24T12:00:00", status="Odd one")
        shop.dispute("never", "VC_2", due_date="soon", amount="49,00")
        shop.dispute("over", "VC_3", due_date="2026-11-20T12:00:00", status="lost")
        shop.dispute("sample", "TEST_9", due_date="2026-11-20T12:00:00")
        console = Console(folder / "data", shop.url, source_timezone="Asia/Kolkata")
        console.once()
    data_dir = console.settings.data_dir
    with closing(Engine(30, segments=Segments(data_dir).root)) as engine:
        yield engine, console.reader.snapshot()


def test_what_waits_is_listed_by_when_it_is_due(asked: tuple[Engine, Snapshot]) -> None:
    found = disputes.open_disputes(*asked, sample_prefixes=SAMPLE_PREFIXES)
    assert found["case_id"].to_list() == ["early", "late", "never"]
    assert found["due_at"].to_list() == [
        datetime(2026, 11, 24, 6, 30, tzinfo=UTC),
        datetime(2026, 11, 25, 6, 30, tzinfo=UTC),
        None,
    ]
    assert found["amount"].to_list()[1:] == [Decimal(49), None]


def test_refunds_are_counted_by_price(asked: tuple[Engine, Snapshot]) -> None:
    found = disputes.refund_points(
        *asked,
        start=NOW - timedelta(days=7),
        end=NOW,
        currency="USD",
        sample_prefixes=SAMPLE_PREFIXES,
    )
    assert found.select("amount", "captured", "refunded", "refunds").rows() == [
        (Decimal(49), 3, 1, Decimal(49)),
        (Decimal(9), 1, 0, Decimal(0)),
    ]
    assert found["rate"].to_list() == pytest.approx([1 / 3, 0.0])


def test_a_week_in_which_nothing_was_captured_has_no_rate() -> None:
    windows = pl.DataFrame(
        {
            "window_start": [NOW, NOW, NOW],
            "currency": ["USD", "USD", "EUR"],
            "captured": [4, 0, 1],
            "refunded": [1, 2, 1],
            "complete": [True, False, True],
        }
    )
    assert disputes.rates(windows, "USD")["rate"].to_list() == [0.25, None]
