"""Newest versions a month at a time: each row once, whatever time it says it was begun at."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.store.rows import NOON, stands
from vcanalytics.model.streams import TRANSACTIONS
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.batches import make_batch
from vcanalytics.store.books.reading import by_month
from vcanalytics.store.sealer import seal

TIMES = [
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(2026, 9, 30, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2026, 10, 1, tzinfo=UTC),
    NOON,
    datetime(2031, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, tzinfo=UTC),
]


@pytest.mark.parametrize("sealed", [False, True])
def test_each_row_comes_once(catalogue: Catalogue, sealed: bool) -> None:
    rows = [
        {
            "source_id": number,
            "observed_at": NOON,
            "deleted": False,
            "transaction_id": f"VC_{number}",
            "created_at": at,
            "status": "pending",
            "currency": "USD",
            "captured": False,
        }
        for number, at in enumerate(TIMES)
    ]
    batch = make_batch(TRANSACTIONS, rows)
    catalogue.append("transactions", "t", "1", batch, stands(batch), NOON)
    if sealed:
        seal(catalogue, Segments(catalogue.path.parent), TRANSACTIONS, NOON)
    snapshot = Reader(catalogue, books=False).snapshot(["transactions"])

    parts = [
        part["source_id"].to_list() for part in by_month(snapshot, "transactions", ["source_id"])
    ]

    assert sorted(number for part in parts for number in part) == list(range(len(TIMES)))
    assert len(parts) < 300


def test_of_nothing_comes_nothing(catalogue: Catalogue) -> None:
    snapshot = Reader(catalogue, books=False).snapshot(["transactions"])
    assert list(by_month(snapshot, "transactions", ["source_id"])) == []
