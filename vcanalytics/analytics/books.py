"""What every question about payments needs: the rows, the ids of samples, a currency's digits."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

import polars as pl

from vcanalytics.model.money import known_currencies, minor_digits
from vcanalytics.model.payments import CAPTURED, FAILED, OPEN
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


def payments(snapshot: Snapshot, *more: str) -> dict[str, pl.DataFrame]:
    """The tables that ``payments.sql`` opens with; ``more`` names further columns of payments."""
    columns = [*FIGURES, *(name for name in more if name not in FIGURES)]
    return {
        "transactions": snapshot.current("transactions").select(columns),
        "disputes": snapshot.current("disputes").select(CASES),
    }


@cache
def minor_units() -> pl.DataFrame:
    """``currency``, ``digits`` (decimals of its minor unit) of every currency there is."""
    codes = sorted(known_currencies())
    return pl.DataFrame(
        {"currency": codes, "digits": [minor_digits(code) for code in codes]},
        schema={"currency": pl.String, "digits": pl.Int32},
    )
