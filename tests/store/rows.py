"""Rows and batches for tests of the store, made of as little as each test needs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import pyarrow as pa

from vcanalytics.model.streams import DISPUTES, REQUESTS, STREAMS, TRANSACTIONS
from vcanalytics.store import Catalogue, CurrentRow, Segments
from vcanalytics.store.batches import make_batch

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)


def requests(*numbers: int, at: datetime = NOON) -> pa.Table:
    """A batch of response times, one a number."""
    rows = [
        {
            "source_id": number,
            "happened_at": at,
            "kind": "request_time",
            "endpoint": f"/e{number % 3}",
            "value_ms": float(number),
            "status": "success",
        }
        for number in numbers
    ]
    return make_batch(REQUESTS, rows)


def payments(*states: tuple[int, str], deleted: bool = False) -> pa.Table:
    """A batch of versions of payments: number and status of each."""
    rows = [
        {
            "source_id": number,
            "observed_at": NOON,
            "deleted": deleted,
            "transaction_id": f"VC_{number}",
            "created_at": NOON - timedelta(days=number),
            "status": status,
            "currency": "USD",
            "captured": False,
            "metadata": f"of {number} as {status}",
        }
        for number, status in states
    ]
    return make_batch(TRANSACTIONS, rows)


def own(segments: Segments, stream: str = "requests") -> list[str]:
    """Files of a stream's own rows, without what is derived from them."""
    return [key for key in segments.files() if key.startswith(f"{stream}/")]


def paid(number: int, amount: str, currency: str = "USD") -> pa.Table:
    """A batch of one completed payment."""
    row = {
        "source_id": number,
        "observed_at": NOON,
        "deleted": False,
        "transaction_id": f"VC_{number}",
        "created_at": NOON - timedelta(minutes=number),
        "status": "completed",
        "amount_column": Decimal(amount),
        "currency_column": currency,
        "captured_amount": Decimal(amount),
        "currency": currency,
        "captured": True,
    }
    return make_batch(TRANSACTIONS, [row])


def case(number: int) -> pa.Table:
    """A batch of one dispute."""
    row = {
        "source_id": number,
        "observed_at": NOON,
        "deleted": False,
        "case_id": f"DISP_{number}",
        "status": "open",
        "created_at": NOON,
    }
    return make_batch(DISPUTES, [row])


def stands(batch: pa.Table, stream: str = "transactions") -> Sequence[CurrentRow]:
    """The current rows that a batch of versions leads to."""
    key = STREAMS[stream].key or ""
    return [
        CurrentRow(str(row[key]), row["source_id"], 7, "", row["deleted"])
        for row in batch.to_pylist()
    ]


def keep(catalogue: Catalogue, key: str, batch: pa.Table, stream: str = "transactions") -> int:
    """Append versions with the current rows they lead to."""
    return catalogue.append(stream, stream, key, batch, stands(batch, stream), NOON)
