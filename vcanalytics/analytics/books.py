"""What every question about payments needs: the rows, the ids of samples, a currency's digits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import polars as pl

from vcanalytics.model.money import minor_digits
from vcanalytics.model.payments import CAPTURED, FAILED, OPEN, REFUNDED
from vcanalytics.store import Snapshot

#: The columns of a payment that figures are made of; each question registers no more than it needs.
FIGURES: Final = (
    "transaction_id",
    "deleted",
    "status",
    "created_at",
    "completed_at",
    "captured",
    "captured_at",
    "captured_amount",
    "currency",
    "refund_case_id",
    "refund_seen_at",
)
CASES: Final = ("case_id", "transaction_id", "deleted", "resolved_at")
STATUSES: Final[dict[str, list[str]]] = {
    "captured": sorted(CAPTURED),
    "failed": sorted(FAILED),
    "open": sorted(OPEN),
}


def sample_pattern(prefixes: Iterable[str]) -> str | None:
    """A regular expression for ids that begin with one of ``prefixes``; None for no prefix."""
    starts = [re.escape(prefix) for prefix in prefixes if prefix]
    return f"^(?:{'|'.join(starts)})" if starts else None


def payments(
    snapshot: Snapshot, *more: str, since: datetime | None = None
) -> dict[str, pl.DataFrame]:
    """The tables that ``payments.sql`` opens with; ``more`` names further columns of payments.

    With ``since``, payments of which nothing can have happened later are left out: not begun, not
    captured, not refunded. What a question reads, and so what it costs, follows from its range.
    """
    columns = [*FIGURES, *(name for name in more if name not in FIGURES)]
    rows = snapshot.current("transactions").select(columns)
    if since is not None:
        rows = rows.filter(
            (pl.col("created_at") >= since)
            | (pl.col("captured_at") >= since)
            | (pl.col("status") == REFUNDED)
        )
    return {"transactions": rows, "disputes": snapshot.current("disputes").select(CASES)}


def seen_currencies(snapshot: Snapshot, prefixes: Iterable[str]) -> list[str]:
    """Every currency ever seen on a payment that is no sample, also on deleted ones, sorted."""
    pattern = sample_pattern(prefixes)
    rows = snapshot.current("transactions").lazy()
    if pattern is not None:
        rows = rows.filter(~pl.col("transaction_id").str.contains(pattern))
    return rows.select(pl.col("currency").unique()).collect().to_series().sort().to_list()


def minor_units(currencies: Iterable[str]) -> pl.DataFrame:
    """``currency``, ``unit`` (its minor unit in ten-thousandths: 100 where it has cents)."""
    units = {code: 10 ** (4 - minor_digits(code)) for code in currencies}
    return pl.DataFrame(
        {"currency": list(units), "unit": list(units.values())},
        schema={"currency": pl.String, "unit": pl.Int64},
    )
