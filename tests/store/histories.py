"""Histories of payments and disputes as hypothesis makes them up, and how they come into a store.

Few keys and few moments, most of them on an edge or a hair beside it: what may collide does.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from tests.store.rows import NOON, stands
from vcanalytics.model.streams import DISPUTES, STREAMS, TRANSACTIONS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.batches import make_batch
from vcanalytics.store.sealer import seal

Row = dict[str, Any]
#: (stream, rows of a batch), or ("seal", stream's name).
Step = tuple[str, Any]

#: Clocks change here: in Berlin back, at 00:01 in St John's, by half an hour on Lord Howe.
CHANGES: Final = (
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2010, 11, 7, 2, 31, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
)
ZONES: Final = (
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Asia/Kathmandu",
)
PAYMENTS: Final = ("VC_1", "VC_2", "VC_3", "VC_4", "TEST_1", "TXN_2", "DEMO_1")
CASES: Final = ("C1", "C2", "C3")
_US: Final = timedelta(microseconds=1)


def moments(change: datetime) -> st.SearchStrategy[datetime]:
    """Moments around a change of clocks: edges of quarters, and anything."""
    edges = st.builds(
        lambda quarters, beside: change + quarters * timedelta(minutes=15) + beside * _US,
        st.integers(-12, 12),
        st.sampled_from((-1, 0, 0, 1)),
    )
    anything = st.integers(-3 * 86_400, 3 * 86_400).map(lambda s: change + timedelta(seconds=s))
    return st.one_of(edges, edges, anything)


def _payment(at: st.SearchStrategy[datetime]) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(
        {
            "transaction_id": st.sampled_from(PAYMENTS),
            "deleted": st.sampled_from((False, False, False, True)),
            "status": st.sampled_from(
                ("pending", "completed", "completed", "refunded", "refunded", "failed", "odd")
            ),
            "created_at": at,
            "completed_at": st.none() | at,
            "captured": st.booleans(),
            "captured_amount": st.none()
            | st.sampled_from((Decimal(49), Decimal("-0.01"), Decimal("9999999999999.9999")))
            | st.decimals(-5, 5, places=4),
            "currency": st.sampled_from(("USD", "USD", "EUR", "JPY")),
            "refund_case_id": st.none() | st.sampled_from(CASES),
            "refund_seen_at": st.none() | at,
        }
    ).map(_completed)


def _completed(row: Row) -> Row:
    at = (row["completed_at"] or row["created_at"]) if row["captured"] else None
    number = PAYMENTS.index(row["transaction_id"])
    return row | {"captured_at": at, "source_id": number, "observed_at": NOON}


def _case(at: st.SearchStrategy[datetime]) -> st.SearchStrategy[Row]:
    return st.fixed_dictionaries(
        {
            "case_id": st.sampled_from(CASES),
            "transaction_id": st.none() | st.sampled_from((*PAYMENTS, "VC_unknown")),
            "deleted": st.sampled_from((False, False, True)),
            "status": st.just("resolved"),
            "created_at": at,
            "resolved_at": st.none() | at,
        }
    ).map(lambda row: row | {"source_id": CASES.index(row["case_id"]), "observed_at": NOON})


def histories(change: datetime) -> st.SearchStrategy[list[Step]]:
    """Batches of versions, each key at most once in one, and sealings between them."""
    at = moments(change)
    payments = st.lists(_payment(at), min_size=1, max_size=5, unique_by=_key("transaction_id"))
    cases = st.lists(_case(at), min_size=1, max_size=3, unique_by=_key("case_id"))
    step = st.one_of(
        st.tuples(st.just("transactions"), payments),
        st.tuples(st.just("transactions"), payments),
        st.tuples(st.just("disputes"), cases),
        st.tuples(st.just("seal"), st.sampled_from((TRANSACTIONS.name, DISPUTES.name))),
    )
    return st.lists(step, min_size=1, max_size=8)


def _key(name: str) -> Any:
    return lambda row: row[name]


def follow(catalogue: Catalogue, folder: Path, step: Step, number: int, times: int = 1) -> None:
    """Bring one step into the store; ``times``: so often, as after a crash."""
    name, what = step
    if name == "seal":
        seal(catalogue, Segments(folder), STREAMS[what], NOON)
        return
    batch = make_batch(STREAMS[name], what)
    for _ in range(times):
        catalogue.append(name, "test", f"{name}-{number}", batch, stands(batch, name), NOON)


def follow_all(catalogue: Catalogue, folder: Path, steps: Sequence[Step]) -> None:
    for number, step in enumerate(steps):
        follow(catalogue, folder, step, number)
