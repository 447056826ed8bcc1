"""Refunds without a case and cases without a refund, out of what is kept of files.

Of each file of payments it is kept which are refunded, of each file of cases what they say of which
payment. What one has and the other lacks is found anew when a file was rewritten; hot cases only
change that of the payments they name.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from vcanalytics.analytics.by_file import Ask, ByFile, nothing_of
from vcanalytics.store import Relation, Snapshot

#: Payments that are wanted, and when they may have been begun: each time, or at any (NULL).
WANTED: Final = pl.Schema({"transaction_id": pl.String(), "created_at": pl.Datetime("us", "UTC")})
_INSTANT: Final = pa.timestamp("us", "UTC")
# As narrow as can be: there is one a refund.
_REFUNDS: Final = pa.schema({"transaction_id": pa.string(), "created_at": _INSTANT})
_CASES: Final = pa.schema(
    {
        "case_id": pa.string(),
        "transaction_id": pa.string(),
        "deleted": pa.bool_(),
        "resolved_at": _INSTANT,
        "status": pa.string(),
        "created_at": _INSTANT,
    }
)
NO_CASES: Final = _CASES.empty_table()
_CLOSED: Final = pa.array(["resolved", "lost"])
# Grain: one row a refunded payment. Cost: one pass over the states.
_REFUNDED: Final = """
SELECT transaction_id, created_at
FROM transactions
WHERE
    NOT deleted
    AND status = 'refunded'
    AND NOT coalesce(regexp_matches(transaction_id, $samples), false)
"""
# Grain: one row a case. Cost: one pass over the cases.
_STANDING: Final = "SELECT * FROM disputes WHERE NOT deleted"


@dataclass(frozen=True, slots=True)
class Cases:
    """All cases: those of files that stand at the source, and the hot ones."""

    filed: pa.Table
    hot: pa.Table

    def of(self, payments: Any, names: Any = ()) -> pa.Table:
        """The cases of these payments or of these names, and all hot ones."""
        mine = pc.is_in(self.filed["transaction_id"], _texts(payments))
        if len(names):
            mine = pc.or_(mine, pc.is_in(self.filed["case_id"], _texts(names)))
        found = self.filed.filter(mine)
        older = pc.is_in(found["case_id"], _texts(self.hot["case_id"]))
        return pa.concat_tables([found.filter(pc.invert(older)), self.hot])

    def touched(self) -> set[str]:
        """The payments of which hot cases say that they should be refunded, or no longer say it."""
        if not self.hot.num_rows:
            return set()
        says = pc.and_(pc.invert(self.hot["deleted"]), pc.is_in(self.hot["status"], _CLOSED))
        older = pc.is_in(self.filed["case_id"], _texts(self.hot["case_id"]))
        both = (self.hot.filter(says), self.filed.filter(older))
        return {one for part in both for one in part["transaction_id"].drop_null().to_pylist()}


class Unmatched:
    """Keeps what files say of refunds and of cases. Safe to share between threads."""

    def __init__(self) -> None:
        self._refunds: ByFile[Path, pa.Table] = ByFile()
        self._cases: ByFile[Path, pa.Table] = ByFile()
        # The payments that one has and the other lacks, by the files of both.
        self._apart: tuple[Hashable, pl.DataFrame] = (None, WANTED.to_frame())

    @property
    def files(self) -> set[Path]:
        """The files of which anything is kept."""
        return {*self._refunds.known, *self._cases.known}

    def leave(self, payments: Sequence[Path], disputes: Sequence[Path]) -> None:
        """Keep nothing of other files than these."""
        self._refunds.leave(lambda file: file not in payments)
        self._cases.leave(lambda file: file not in disputes)

    def among(
        self,
        ask: Ask,
        snapshot: Snapshot,
        payments: Relation,
        disputes: Relation,
        samples: str | None,
    ) -> tuple[pl.DataFrame, Cases]:
        """Payments in files that may stand in either finding (WANTED), and the cases.

        Hot payments are left to who asks.
        """

        def refunded(file: Path, _before: object) -> pa.Table:
            rows = replace(nothing_of(payments), files=(file,))
            return _narrow(ask(_REFUNDED, {"samples": samples}, {"transactions": rows}), _REFUNDS)

        def standing(file: Path, _before: object) -> pa.Table:
            rows = replace(nothing_of(disputes), files=(file,))
            return _narrow(ask(_STANDING, {}, {"disputes": rows}), _CASES)

        refunds = self._refunds.of(payments.files, refunded, samples)
        filed = self._cases.of(disputes.files, standing)
        hot = disputes.hot.select(_CASES.names).cast(_CASES)
        cases = Cases(_joined(filed.values(), _CASES), hot)
        of_both = (samples, payments.files, disputes.files)
        known, apart = self._apart
        if known != of_both:
            apart = _apart(snapshot, _joined(refunds.values(), _REFUNDS), cases.filed, samples)
            self._apart = (of_both, apart)
        more = cases.touched()
        if more:
            more -= set(payments.hot["transaction_id"].to_pylist())
            apart = pl.concat([apart, begun_when(snapshot, sorted(more))])
        return apart, cases


def begun_when(snapshot: Snapshot, payments: Sequence[str]) -> pl.DataFrame:
    """When payments were begun by any of their versions (WANTED); unknown ones are left out."""
    found = snapshot.places("transactions", payments)
    return pl.DataFrame(
        [
            (one, moment)
            for one, place in found.items()
            for moment in (place.moments if place.certain else (None,))
        ],
        schema=WANTED,
        orient="row",
    )


def _apart(
    snapshot: Snapshot, refunds: pa.Table, cases: pa.Table, samples: str | None
) -> pl.DataFrame:
    has_case = pc.is_in(refunds["transaction_id"], _texts(cases["transaction_id"]))
    lacking = pl.DataFrame(pl.from_arrow(refunds.filter(pc.invert(has_case))))
    closed = cases.filter(pc.is_in(cases["status"], _CLOSED))["transaction_id"].drop_null()
    closed = closed.filter(pc.invert(pc.is_in(closed, _texts(refunds["transaction_id"]))))
    if samples is not None:
        closed = closed.filter(pc.invert(pc.match_substring_regex(closed, samples)))
    kept = begun_when(snapshot, sorted(set(closed.to_pylist())))
    return pl.concat([lacking.cast(WANTED), kept])


def _narrow(found: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    rows = found.select(schema.names).to_arrow(compat_level=pl.CompatLevel.oldest())
    return rows.cast(schema).combine_chunks()


def _joined(parts: Iterable[pa.Table], schema: pa.Schema) -> pa.Table:
    return pa.concat_tables([schema.empty_table(), *parts])


def _texts(values: Any) -> pa.Array:
    """Texts as ``is_in`` takes them, without those that are missing: they are in nothing."""
    if isinstance(values, pl.Series):
        values = values.to_arrow(compat_level=pl.CompatLevel.oldest())
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.cast(pa.string()).drop_null()
