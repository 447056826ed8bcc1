"""Prices paid: what is kept of files changes no count, whatever is laid over them."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics.moments import NOON, Row, ago
from tests.analytics.sealed_store import Store
from tests.store.rows import keep
from vcanalytics.analytics.prices import price_points
from vcanalytics.model.streams import STREAMS
from vcanalytics.store.batches import make_batch

EVER: Any = {"start": ago(days=400), "end": NOON, "currency": "USD"}
PRICES = (Decimal("9.9"), Decimal(49), Decimal("0.01"), None)


def paid(number: int, days: float, price: Decimal | None, **more: object) -> Row:
    """A payment that was begun so many days ago, and captured a minute later."""
    begun = ago(days=days)
    usual: Row = {
        "source_id": number,
        "observed_at": NOON,
        "deleted": False,
        "transaction_id": f"VC_{number}",
        "created_at": begun,
        "status": "completed",
        "captured": True,
        "captured_at": begun + timedelta(minutes=1),
        "captured_amount": price,
        "currency": "USD",
    }
    return usual | more


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


def put(store: Store, *rows: Row) -> None:
    """Append versions, hot, as the collectors do."""
    number = store.catalogue.seqs().get("transactions", 0)
    keep(store.catalogue, str(number), make_batch(STREAMS["transactions"], rows))


def of_files(store: Store) -> int:
    """How many files' prices are kept."""
    return len(store.engine.kept.files)


#: A step is a batch of payments: number, days ago, price; a number that comes again is a version.
STEPS = st.lists(
    st.lists(
        st.tuples(
            st.integers(0, 12),
            st.sampled_from([0.5, 1, 1.5, 20, 45, 46, 80]),
            st.sampled_from(PRICES),
            st.sampled_from(["USD", "USD", "EUR"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda row: row[0],
    ),
    min_size=2,
    max_size=4,
)


@settings(max_examples=12)
@given(STEPS, st.sampled_from([400, 60, 21, 1]), st.sampled_from([0, 1, 44]))
def test_prices_are_those_of_the_newest_versions(
    steps: list[list[tuple[int, float, Decimal | None, str, bool]]], first: int, last: int
) -> None:
    asked: Any = {"start": ago(days=first), "end": ago(days=last), "currency": "USD"}
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        standing: dict[int, dict[str, Any]] = {}
        for step in steps:
            rows = [
                paid(number, days, price, currency=currency, deleted=deleted)
                for number, days, price, currency, deleted in step
            ]
            # Before, what was sealed is kept; then these are laid over it, then sealed too.
            put(store, *rows)
            standing |= dict(zip([row[0] for row in step], rows, strict=True))
            wanted = Counter(
                row["captured_amount"]
                for row in standing.values()
                if not row["deleted"]
                and row["currency"] == "USD"
                and asked["start"] <= row["captured_at"] < asked["end"]
            )
            for _ in range(2):
                found = price_points(store.engine, store.look(), **asked)
                assert dict(found.select("amount", "captured").iter_rows()) == dict(wanted)
                assert dict(found.select("amount", "gross").iter_rows()) == {
                    price: (price or 0) * count for price, count in wanted.items()
                }
                store.seal("transactions")
        store.close()


def test_files_are_counted_once_and_again_where_a_newer_version_lies_over_them(
    store: Store,
) -> None:
    old, recent = paid(1, 80, PRICES[0]), paid(2, 1, PRICES[1])
    put(store, old, recent)
    store.seal("transactions")
    put(store, paid(3, 1.2, PRICES[1]))
    price_points(store.engine, store.look(), **EVER)
    # The newest file may hold what the hot payment was before.
    assert of_files(store) == 1

    def prices() -> list[tuple[Decimal, int]]:
        found = price_points(store.engine, store.look(), **EVER)
        return list(found.select("amount", "captured").iter_rows())

    assert prices() == [(Decimal(49), 2), (Decimal("9.9"), 1)]
    put(store, old | {"deleted": True})
    assert prices() == [(Decimal(49), 2)]


def test_a_payment_whose_time_moved_is_counted_where_it_stands_now(store: Store) -> None:
    put(store, paid(1, 80, PRICES[0]), paid(2, 45, PRICES[0]))
    store.seal("transactions")
    price_points(store.engine, store.look(), **EVER)
    put(store, paid(1, 2, PRICES[1]))
    found = price_points(store.engine, store.look(), **EVER)
    assert list(found.select("amount", "captured").iter_rows()) == [
        (Decimal("9.9"), 1),
        (Decimal(49), 1),
    ]


def test_what_files_came_to_that_are_gone_is_let_go(store: Store) -> None:
    put(store, paid(1, 80, PRICES[0]))
    store.seal("transactions")
    price_points(store.engine, store.look(), **EVER)
    before = store.engine.kept.files
    put(store, paid(2, 80, PRICES[0]))
    store.seal("transactions")
    price_points(store.engine, store.look(), **EVER)
    assert of_files(store) == 1
    assert store.engine.kept.files.isdisjoint(before)
