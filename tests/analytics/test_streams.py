"""What the console has read, and how old it is."""

from __future__ import annotations

from datetime import timedelta

from tests.analytics.conftest import Look
from tests.analytics.moments import NOON, at, moment, only
from tests.shop import Shop
from vcanalytics.analytics.streams import streams
from vcanalytics.model.streams import STREAMS


def test_every_stream_is_told_also_one_without_rows(shop: Shop, look: Look) -> None:
    shop.transaction("VC_1", created_at="2026-11-20 09:00:00")
    shop.transaction("VC_2", created_at="2026-11-20 10:00:00")
    look(NOON)
    shop.update("VC_1", status="failed")
    answer = streams(look(NOON + timedelta(seconds=5)), now=NOON + timedelta(seconds=7))

    assert answer["stream"].to_list() == list(STREAMS)
    payments = answer.row(0, named=True)
    assert payments["rows"] == 3
    assert payments["first_at"] == at("2026-11-20T09:00:00")
    assert payments["last_at"] == at("2026-11-20T10:00:00")
    assert payments["lag_s"] == 2.0
    assert (payments["done"], payments["total"], payments["reading_history"]) == (2, 2, False)
    logs = answer.row(-1, named=True)
    assert (logs["stream"], logs["rows"], logs["read_at"], logs["lag_s"]) == (
        *("logs", 0),
        *(None, None),
    )


def test_a_clock_set_back_makes_nothing_younger_than_new() -> None:
    answer = streams(moment(read_at=NOON, reading=True), now=NOON - timedelta(hours=1))
    assert only(answer, "lag_s", "reading_history")[0] == (0.0, True)
