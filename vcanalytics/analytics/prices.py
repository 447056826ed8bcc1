"""What people paid: each price, how often, and what it brought. Definitions: the contract's.

What a file comes to whose rows lie wholly in the range is kept, so that a range of years costs what
is hot, what hot rows take the place of, and what the range cuts.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, cast

import polars as pl

from vcanalytics.analytics.books import payments, sample_pattern
from vcanalytics.analytics.by_file import nothing_of
from vcanalytics.analytics.engine import Engine, Table, sql
from vcanalytics.analytics.kept import Key, Made
from vcanalytics.store import Relation, Snapshot

_QUESTION: Final = "prices"


@dataclass(frozen=True, slots=True)
class _Prices:
    """What a file comes to: ``currency``, ``amount``, ``captured`` (count), ``gross``."""

    frame: pl.DataFrame

    @property
    def nbytes(self) -> int:
        return int(self.frame.estimated_size())


def price_points(
    engine: Engine,
    snapshot: Snapshot,
    *,
    start: datetime,
    end: datetime,
    currency: str,
    sample_prefixes: Sequence[str] = (),
    limit: int = 50,
) -> pl.DataFrame:
    """What was paid in ``[start, end)`` by time of capture: one row a captured amount.

    Columns: ``amount`` (money in ``currency``; null where no amount was readable), ``captured``
    (count), ``gross`` (money), ``share`` (of all captured in the range, 0 to 1). The most frequent
    first; at most ``limit`` rows. Raises BudgetExceeded; what was counted until then is kept.
    """
    samples = sample_pattern(sample_prefixes)
    tables = payments(snapshot, since=start, until=end, by=("captured_at",))
    rows = cast(Relation, tables["transactions"])
    whole = set(snapshot.settled("transactions", start, end))
    of_files = {Key(_QUESTION, (str(one),), samples): one for one in rows.files if one in whole}
    cut = replace(rows, files=tuple(one for one in rows.files if one not in whole))
    asked = {"samples": samples, "from": start, "to": end}

    def count(some: Relation, budget_s: float | None = None) -> pl.DataFrame:
        given: dict[str, Table] = tables | {"transactions": some}
        return engine.ask(sql("payments", "price_points"), asked, given, budget_s=budget_s)

    def make(keys: list[Key], deadline: float) -> Made:
        for key in keys:
            left_s = max(deadline - time.monotonic(), 0.0)
            yield key, _Prices(count(replace(nothing_of(rows), files=(of_files[key],)), left_s))

    engine.kept.only(_QUESTION, map(str, _all_files(snapshot)))
    known = engine.known(list(of_files), make)
    found = pl.concat([count(cut), *(cast(_Prices, one).frame for one in known.values())])
    prices = (
        found.filter(pl.col("currency") == currency)
        .group_by("amount")
        .agg(pl.col("captured", "gross").sum())
        .sort("captured", "amount", descending=[True, False], nulls_last=True)
    )
    counts = prices["captured"].to_numpy()
    return prices.with_columns(pl.Series("share", counts / counts.sum(), pl.Float64)).head(limit)


def _all_files(snapshot: Snapshot) -> Sequence[Path]:
    return snapshot.newest("transactions").files
