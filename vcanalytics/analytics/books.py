"""What every question about payments needs: the rows, the ids of samples, a currency's digits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import polars as pl

from vcanalytics.analytics.engine import Engine, Table
from vcanalytics.model.money import minor_digits
from vcanalytics.model.payments import CAPTURED, FAILED, OPEN
from vcanalytics.store import Relation, Snapshot

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
_NAMING: Final = ("transaction_id", "refund_case_id")
_OLDEST: Final = pl.CompatLevel.oldest()
# Grain: one row a case. Cost: the files of cases that anything happened to in the range.
_RESOLVED: Final = """
SELECT case_id, transaction_id
FROM disputes
WHERE NOT deleted AND resolved_at >= $from AND ($to IS NULL OR resolved_at < $to)
"""
# Grain: one row a payment that names one of the cases. Cost: one pass over a column that is empty
# but for refunds; ten million payments take 60 ms.
_OF_CASES: Final = """
SELECT transaction_id FROM transactions WHERE list_contains($cases, refund_case_id)
"""
# Grain: one row a payment.
_OF_KEYS: Final = """
SELECT * FROM transactions WHERE list_contains($keys, transaction_id)
"""
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
    snapshot: Snapshot,
    *more: str,
    since: datetime | None = None,
    until: datetime | None = None,
    by: tuple[str, ...] = (),
) -> dict[str, Table]:
    """The tables that ``payments.sql`` opens with; ``more`` names further columns of payments.

    Payments of which nothing can have happened in ``[since, until)`` are left out: not begun, not
    captured, not seen as refunded (``by`` some columns: not those). What a question reads, and so
    what it costs, follows from its range. Who asks for ``refunds`` takes ``with_cases`` as well.
    """
    rows = snapshot.newest("transactions", since, until, by=by)
    return {
        "transactions": rows.select([*FIGURES, *(name for name in more if name not in FIGURES)]),
        "disputes": snapshot.newest("disputes").select(CASES),
    }


def with_cases(
    engine: Engine,
    snapshot: Snapshot,
    tables: dict[str, Table],
    since: datetime,
    until: datetime | None = None,
) -> dict[str, Table]:
    """The tables of ``payments`` with those besides whose case was resolved in ``[since, until)``.

    A payment does not tell when its case was resolved: it may lie in any file. Raises
    BudgetExceeded.
    """
    rows = tables["transactions"]
    if not isinstance(rows, Relation) or not rows.key:
        return tables
    cases = engine.ask(
        _RESOLVED,
        {"from": since, "to": until},
        {"disputes": snapshot.newest("disputes", since, until).select(CASES)},
    )
    if not cases.height:
        return tables
    # Also versions that newer ones stand for now: to leave them out, every id would be read.
    named = replace(snapshot.newest("transactions"), key=None)
    naming = engine.ask(
        _OF_CASES, {"cases": cases["case_id"].to_list()}, {"transactions": named.select(_NAMING)}
    )
    own = cases["transaction_id"].drop_nulls()
    keys = pl.concat([naming["transaction_id"], own]).unique().to_list()
    return tables | {"transactions": with_rows(engine, snapshot, rows, keys)}


def with_rows(engine: Engine, snapshot: Snapshot, rows: Relation, keys: Sequence[str]) -> Relation:
    """Payments with those of the given ids besides, wherever they lie. Raises BudgetExceeded."""
    places = snapshot.newest_of("transactions", keys).select(rows.columns)
    found = engine.ask(_OF_KEYS, {"keys": list(keys)}, {"transactions": places})
    return rows.beside(found.to_arrow(compat_level=_OLDEST))


def seen_currencies(snapshot: Snapshot, prefixes: Iterable[str]) -> list[str]:
    """Every currency ever seen on a payment that is no sample, also on deleted ones, sorted."""
    pattern = sample_pattern(prefixes)
    rows = snapshot.newest("transactions").select(("transaction_id", "currency")).frame().lazy()
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
