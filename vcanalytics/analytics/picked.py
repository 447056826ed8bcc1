"""Payments that are wanted by their ids, read from where they lie and kept as long as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from vcanalytics.analytics.by_file import Ask, Begun, ByFile, nothing_of
from vcanalytics.store import Relation
from vcanalytics.store.relation import Within

#: More moments than this are told by their range.
_MOMENTS_MAX: Final = 500
# Grain: one row a payment. Cost: the row groups that may hold one.
_WANTED: Final = """
SELECT * FROM transactions WHERE transaction_id IN (SELECT transaction_id FROM wanted)
"""


@dataclass(frozen=True, slots=True)
class _Picked:
    """What a file was asked for (``transaction_id``), and what it holds of that."""

    asked: pl.DataFrame
    rows: pl.DataFrame


class Picked:
    """Keeps of each file the rows that were wanted. Safe to share between threads."""

    def __init__(self) -> None:
        self._files: ByFile[Path, _Picked] = ByFile()

    @property
    def files(self) -> set[Path]:
        """The files of which anything is kept."""
        return set(self._files.known)

    def leave(self, files: Sequence[Path]) -> None:
        """Keep nothing of other files than these."""
        self._files.leave(lambda file: file not in files)

    def of(
        self, ask: Ask, payments: Relation, begun: Begun, wanted: pl.DataFrame
    ) -> list[pl.DataFrame]:
        """The wanted rows of files, and others beside them, all columns of ``payments``.

        ``wanted``: ``transaction_id`` and ``created_at``, a time it may have been begun at, empty
        for any time.
        """
        wanted = wanted.unique().sort("created_at", nulls_last=True)
        anywhere = wanted.filter(pl.col("created_at").is_null())
        placed = wanted.head(wanted.height - anywhere.height)
        at = placed["created_at"].cast(pl.Int64).to_numpy()
        mine: dict[Path, pl.DataFrame] = {}
        for file in payments.files:
            first, last = begun[file]
            low, high = np.searchsorted(at, (first, last + 1))
            if low < high or anywhere.height:
                mine[file] = pl.concat([placed.slice(low, high - low), anywhere])

        def fresh(file: Path, before: _Picked | None) -> pl.DataFrame:
            if before is None:
                return mine[file]
            return mine[file].join(before.asked, on="transaction_id", how="anti")

        def pick(file: Path, before: _Picked | None) -> _Picked:
            more = fresh(file, before)
            rows = replace(nothing_of(payments), files=(file,), within=_at(more["created_at"]))
            ids = mine[file].select("transaction_id").unique()
            found = ask(
                _WANTED, {}, {"transactions": rows, "wanted": more.select("transaction_id")}
            )
            if before is not None:
                found = pl.concat([before.rows.join(ids, on="transaction_id", how="semi"), found])
            return _Picked(ids, found)

        kept = self._files.of(mine, pick, still=lambda file, one: not fresh(file, one).height)
        return [one.rows for one in kept.values()]


def _at(moments: pl.Series) -> Within | None:
    """Which rows of a file may be wanted; None for any."""
    if moments.null_count():
        return None
    some = tuple(moments.unique().sort().to_list())
    return Within(("created_at",), some[0], None, some if len(some) <= _MOMENTS_MAX else ())
