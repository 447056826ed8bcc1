"""Which findings are cases of the desk, and what a case is opened with."""

from __future__ import annotations

from typing import Final

import polars as pl

from vcanalytics.analytics.reconcile import KEPT
from vcanalytics.journal.case_records import Facts, Key

#: Findings that people work on. What was abandoned, and samples, ask nothing of anybody.
WORKED: Final = tuple(name for name in KEPT if name != "sample_row")
#: Of these a case is opened by whoever takes it up: every checkout that is left is stuck for a day.
BY_HAND: Final = frozenset({"stuck"})


def standing(findings: pl.DataFrame) -> dict[Key, Facts]:
    """The cases that stand, of the rows of ``reconcile``: a payment once a finding, the oldest."""
    rows = (
        findings.filter(pl.col("finding").is_in(WORKED))
        .sort("since", maintain_order=True)
        .select("finding", "transaction_id", "since", "amount", "currency")
    )
    found: dict[Key, Facts] = {}
    for finding, payment, since, amount, currency in rows.iter_rows():
        found.setdefault(Key(finding, payment), Facts(since, amount, currency))
    return found
