"""Bursts: more than three attempts within an hour by one address, kept of files that never change.

Attempts within an hour of each other are begun in the same file, or near where the times of two
files meet or overlap: these times are *seams*, and each is looked at by itself. All attempts of a
burst are kept together, so that one is left out without a look at others: any four attempts within
an hour stand in a burst with all that lie between. What is hot can only make bursts with attempts
of the same address within an hour, which are looked for in the files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from vcanalytics.analytics.by_file import Ask, Begun, ByFile, begun_in, nothing_of
from vcanalytics.analytics.engine import Table, sql
from vcanalytics.store import Relation

HOUR_US: Final = 3_600_000_000
ATTEMPTS: Final = ("transaction_id", "deleted", "email", "created_at")
NONE: Final = pl.DataFrame(schema={"transaction_id": pl.String})
_NOBODY: Final = pl.DataFrame(schema={"email": pl.String})
#: Attempts that are no burst however near they are.
_PEACEFUL_MAX: Final = 3
_NOT_BEGUN: Final = pl.lit(None, pl.Datetime("us", "UTC")).alias("created_at")
#: More hours than this in one file are read as one piece.
_PIECES_MAX: Final = 24
# Grain: one row an attempt. Cost: one pass over the addresses.
_ATTEMPTS: Final = """
SELECT transaction_id, deleted, lower(trim(email)) AS email, created_at
FROM transactions
WHERE
    NOT deleted
    AND NOT coalesce(regexp_matches(transaction_id, $samples), false)
    AND trim(email) <> ''
    AND ($addresses IS NULL OR lower(trim(email)) IN (SELECT email FROM wanted))
"""
# Grain: one row a payment. Cost: the row groups that hold one.
_WHOLE: Final = """
SELECT * FROM transactions WHERE transaction_id IN (SELECT transaction_id FROM bursts)
"""


def bursting(ask: Ask, attempts: Table, samples: str | None) -> pl.DataFrame:
    """The payments in bursts among these (columns: ATTEMPTS): ``transaction_id``."""
    tables: dict[str, Table] = {"transactions": attempts}
    eager = ask(sql("reconcile_eager"), {"samples": samples}, tables)
    if not eager.height:
        return NONE
    return ask(sql("reconcile_bursts"), {"samples": samples}, tables | {"eager": eager})


@dataclass(frozen=True, slots=True)
class Seam:
    """A stretch of time in which attempts of several files may lie within an hour."""

    first_us: int
    last_us: int
    files: tuple[Path, ...]


def seams(begun: Begun) -> list[Seam]:
    """Where attempts of two files may be within an hour of each other."""
    # Each file reaches an hour further; seams are where two of them reach.
    steps: Counter[tuple[int, int]] = Counter()
    for first, last in begun.values():
        # Opening before closing where both fall on one moment.
        steps[first - HOUR_US, 0] += 1
        steps[last + HOUR_US, 1] += 1
    found, deep, since = [], 0, 0
    for (at, closes), times in sorted(steps.items()):
        before, deep = deep, deep + (-times if closes else times)
        if before < 2 <= deep:
            since = at
        elif deep < 2 <= before:
            found.append((since, at))
    every = [
        Seam(first, last, tuple(f for f, (a, b) in begun.items() if a <= last and b >= first))
        for first, last in found
    ]
    return [seam for seam in every if len(seam.files) > 1]


@dataclass(frozen=True, slots=True)
class Near:
    """Attempts of one file by the addresses of hot ones, an hour around each."""

    asked: pl.DataFrame
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Found:
    """The payments in bursts: ``ids`` of all; whole ``rows`` of files, of more than these.

    ``apart`` are those of files whose rows are not here: ``transaction_id``, ``created_at``.
    """

    ids: pl.DataFrame
    rows: pl.DataFrame
    apart: pl.DataFrame


class Bursts:
    """Keeps the bursts that were found in files."""

    def __init__(self) -> None:
        self._files: ByFile[Path, pl.DataFrame] = ByFile()
        self._seams: ByFile[Seam, pl.DataFrame] = ByFile()
        self._near: ByFile[Path, Near] = ByFile()

    @property
    def files(self) -> set[Path]:
        """The files of which anything is kept."""
        return {*self._files.known, *self._near.known}.union(*(s.files for s in self._seams.known))

    def leave(self, files: Sequence[Path]) -> None:
        """Keep nothing of other files than these."""
        there = set(files)
        self._files.leave(lambda file: file not in there)
        self._near.leave(lambda file: file not in there)
        self._seams.leave(lambda seam: not there.issuperset(seam.files))

    def among(self, ask: Ask, payments: Relation, begun: Begun, samples: str | None) -> Found:
        """The bursts among ``payments`` (newest versions), whose files were ``begun`` so."""
        none = nothing_of(payments)
        empty = pl.DataFrame(pl.from_arrow(none.hot))

        def whole(some: Relation) -> pl.DataFrame:
            ids = bursting(ask, some.select(ATTEMPTS), samples)
            return ask(_WHOLE, {}, {"transactions": some, "bursts": ids}) if ids.height else empty

        def of_file(file: Path, _before: object) -> pl.DataFrame:
            return whole(replace(none, files=(file,)))

        def of_seam(seam: Seam, _before: object) -> pl.DataFrame:
            cuts = [begun_in(file, seam.first_us, seam.last_us) for file in seam.files]
            return whole(replace(none, cuts=tuple(cuts)))

        kept = [
            *self._files.of(payments.files, of_file, samples).values(),
            *self._seams.of(seams(begun), of_seam, samples).values(),
        ]
        rows = pl.concat([empty, *kept]).unique("transaction_id")
        ids = rows.select("transaction_id")
        if not payments.hot.num_rows:
            return Found(ids, rows, ids.clear().with_columns(_NOT_BEGUN))
        newer = pl.Series(payments.hot["transaction_id"]).implode()
        still = rows.filter(~pl.col("transaction_id").is_in(newer))
        if still.height < rows.height:
            ids = bursting(ask, still.select(ATTEMPTS), samples)
        hot = ask(
            _ATTEMPTS,
            {"samples": samples, "addresses": None},
            {"transactions": replace(payments, files=()).select(ATTEMPTS), "wanted": _NOBODY},
        )
        near = pl.concat([hot.clear(), *self._beside(ask, payments, begun, samples, hot)])
        near = near.filter(~pl.col("transaction_id").is_in(newer))
        # Those who have fewer attempts here, beside a hot one, can have no burst with it.
        eager = pl.concat([hot, near]).filter(pl.len().over("email") > _PEACEFUL_MAX)
        if eager.height:
            ids = pl.concat([ids, bursting(ask, eager, samples)]).unique()
        apart = near.join(ids, on="transaction_id", how="semi")
        apart = apart.join(rows, on="transaction_id", how="anti")
        return Found(ids, rows, apart.select("transaction_id", "created_at"))

    def _beside(
        self, ask: Ask, payments: Relation, begun: Begun, samples: str | None, hot: pl.DataFrame
    ) -> list[pl.DataFrame]:
        """Attempts in files by the addresses of ``hot`` ones, within an hour of one at least."""
        hot = hot.select("email", "created_at").unique().sort("created_at")
        at = hot["created_at"].cast(pl.Int64).to_numpy()
        none = nothing_of(payments).select(ATTEMPTS)
        mine: dict[Path, pl.DataFrame] = {}
        for file in payments.files:
            first, last = begun[file]
            low, high = np.searchsorted(at, (first - HOUR_US, last + HOUR_US + 1))
            if low < high:
                mine[file] = hot.slice(low, high - low)

        def fresh(file: Path, before: Near | None) -> pl.DataFrame:
            asked = mine[file]
            if before is None:
                return asked
            return asked.join(before.asked, on=("email", "created_at"), how="anti")

        def look(file: Path, before: Near | None) -> Near:
            more = fresh(file, before)
            cuts = tuple(begun_in(file, *piece) for piece in _pieces(more["created_at"]))
            tables: dict[str, Table] = {
                "transactions": replace(none, cuts=cuts),
                "wanted": more.select("email").unique(),
            }
            rows = ask(_ATTEMPTS, {"samples": samples, "addresses": True}, tables)
            if before is not None:
                wanted = mine[file]["email"].implode()
                old = before.rows.filter(pl.col("email").is_in(wanted))
                rows = pl.concat([old, rows]).unique("transaction_id")
            return Near(mine[file], rows)

        looked = self._near.of(
            mine, look, samples, still=lambda file, near: not fresh(file, near).height
        )
        return [near.rows for near in looked.values()]


def _pieces(moments: pl.Series) -> Iterator[tuple[int, int]]:
    """The hours around each of these moments, joined where they meet, in microseconds."""
    at = np.sort(moments.cast(pl.Int64).to_numpy())
    ends = np.flatnonzero(np.diff(at) > 2 * HOUR_US)
    if len(ends) >= _PIECES_MAX:
        ends = ends[:0]
    firsts, lasts = at[[0, *(ends + 1)]], at[[*ends, -1]]
    yield from ((int(a) - HOUR_US, int(b) + HOUR_US) for a, b in zip(firsts, lasts, strict=True))
