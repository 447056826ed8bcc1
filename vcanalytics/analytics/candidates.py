"""Payments that may stand in a finding, out of what is kept of each file.

Files of newest versions never change: what one of them holds is looked for once, and again only in
those that were rewritten since. What needs a person, asked for at every change, would otherwise go
through all of history each time. Nothing is decided here: ``reconcile.sql`` does that.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.bursts import NONE, Bursts
from vcanalytics.analytics.by_file import Ask, Begun, ByFile, nothing_of
from vcanalytics.analytics.engine import Table, sql
from vcanalytics.analytics.picked import Picked
from vcanalytics.analytics.unmatched import NO_CASES, Cases, Unmatched
from vcanalytics.store import Relation, Snapshot

#: Findings that a payment's own row decides and that wait for somebody: the navigation's.
ALONE: Final = frozenset({"captured_but_failed", "paid_not_mailed", "paid_no_account", "stuck"})
#: Findings that hang on the cases of a payment.
OF_CASES: Final = frozenset({"refund_without_case", "case_without_refund"})
# Grain: one row a file. Cost: one pass over a column.
_BEGUN: Final = """
SELECT epoch_us(min(created_at)) AS first_us, epoch_us(max(created_at)) AS last_us
FROM transactions
"""
# Grain: one row a sample. Cost: one pass over the ids.
_SAMPLES: Final = """
SELECT * FROM transactions
WHERE NOT deleted AND coalesce(regexp_matches(transaction_id, $samples), false)
"""


@cache
def throwaway_domains() -> pl.DataFrame:
    """Mail domains that hand out addresses for minutes: one column, ``domain``."""
    text = (resources.files(__package__) / "throwaway_domains.txt").read_text(encoding="utf-8")
    domains = [line for line in text.splitlines() if line and not line.startswith("#")]
    return pl.DataFrame({"domain": domains}, schema={"domain": pl.String})


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings, and what they are looked for with.

    ``samples`` and ``captured_error`` are regular expressions; open payments that were begun before
    ``since`` may be left out.
    """

    only: Collection[str]
    samples: str | None
    captured_error: str | None
    since: datetime


class Candidates:
    """Keeps what was found in files. One a process; safe to share between threads."""

    def __init__(self) -> None:
        # By file since when open payments were looked for, and what was found.
        self._own: ByFile[Path, tuple[datetime, pl.DataFrame]] = ByFile()
        self._samples: ByFile[Path, pl.DataFrame] = ByFile()
        self._begun: ByFile[Path, tuple[int, int]] = ByFile()
        self._bursts = Bursts()
        self._unmatched = Unmatched()
        self._picked = Picked()

    @property
    def files(self) -> list[str]:
        """The names of the files of which anything is kept."""
        every = {*self._own.known, *self._samples.known, *self._begun.known}
        every |= {*self._bursts.files, *self._picked.files, *self._unmatched.files}
        return sorted(file.name for file in every)

    def among(
        self, ask: Ask, snapshot: Snapshot, payments: Relation, disputes: Relation, wanted: Wanted
    ) -> dict[str, Table]:
        """The tables of reconcile.sql, with those ``payments`` that may stand in such a finding.

        ``payments`` and ``disputes`` are newest versions, all of them. Raises BudgetExceeded; what
        was found until then is kept.
        """
        self._leave(payments, disputes)
        filed = self._by_own_row(ask, payments, wanted)
        if "sample_row" in wanted.only:
            filed += self._sample_rows(ask, payments, wanted.samples)
        cases = Cases(NO_CASES, NO_CASES)
        bursts = NONE
        apart = []
        begun: Begun = {}
        if not ALONE.issuperset(wanted.only):
            begun = self._begun.of(payments.files, lambda file, _: _begun(ask, _of(payments, file)))
        if "suspicious" in wanted.only:
            found = self._bursts.among(ask, payments, begun, wanted.samples)
            bursts = found.ids
            filed.append(found.rows)
            apart.append(found.apart)
        if OF_CASES.intersection(wanted.only):
            unmatched, cases = self._unmatched.among(
                ask, snapshot, payments, disputes, wanted.samples
            )
            apart.append(unmatched)
        if apart:
            filed += self._picked.of(ask, payments, begun, pl.concat(apart))
        key: Any = payments.key
        hot = pl.DataFrame(pl.from_arrow(payments.hot.slice(0, 0)))
        older = pl.concat([hot, *filed]).unique(key)
        if payments.hot.num_rows:
            newer = pl.Series(payments.hot[key]).implode()
            older = older.filter(~pl.col(key).is_in(newer))
            near = cases.of(payments.hot[key])
            rows_hot = replace(payments, files=())
            hot = _own_row(ask, rows_hot, wanted, disputes=near, bursts=bursts, apart=True)
        rows = pl.concat([older, hot])
        return {
            "transactions": rows,
            "disputes": cases.of(rows[key], rows["refund_case_id"].drop_nulls()),
            "bursts": bursts,
            "throwaway": throwaway_domains(),
        }

    def _leave(self, payments: Relation, disputes: Relation) -> None:
        """Keep nothing of files that are gone: customers may have been forgotten with them."""
        for kept in (self._own, self._samples, self._begun):
            kept.leave(lambda file: file not in payments.files)
        self._bursts.leave(payments.files)
        self._picked.leave(payments.files)
        self._unmatched.leave(payments.files, disputes.files)

    def _by_own_row(self, ask: Ask, payments: Relation, wanted: Wanted) -> list[pl.DataFrame]:
        # From the beginning of a day: who asks as of midnight and as of now asks for the same.
        since = wanted.since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

        def find(file: Path, _before: object) -> tuple[datetime, pl.DataFrame]:
            one = _own_row(
                ask, _of(payments, file), replace(wanted, since=since), disputes=NO_CASES
            )
            return since, one

        kept = self._own.of(
            payments.files,
            find,
            (wanted.samples, wanted.captured_error),
            still=lambda _, found: found[0] <= wanted.since,
        )
        return [found for _, found in kept.values()]

    def _sample_rows(self, ask: Ask, payments: Relation, samples: str | None) -> list[pl.DataFrame]:
        def find(file: Path, _before: object) -> pl.DataFrame:
            return ask(_SAMPLES, {"samples": samples}, {"transactions": _of(payments, file)})

        return list(self._samples.of(payments.files, find, samples).values())


def _of(payments: Relation, file: Path) -> Relation:
    return replace(nothing_of(payments), files=(file,))


def _begun(ask: Ask, rows: Relation) -> tuple[int, int]:
    first, last = ask(_BEGUN, {}, {"transactions": rows}).row(0)
    return first, last


def _own_row(
    ask: Ask,
    rows: Relation,
    wanted: Wanted,
    *,
    disputes: Table,
    bursts: pl.DataFrame = NONE,
    apart: bool = False,
) -> pl.DataFrame:
    """Those of ``rows`` that may stand in a finding; ``apart``: refunds and samples as well."""
    params = {
        "samples": wanted.samples,
        "from": None,
        "to": None,
        "captured_error": wanted.captured_error,
        "since": wanted.since,
        "suspicious": True,
        "refunded": apart,
        "sample_rows": apart,
    }
    tables: dict[str, Table] = {
        "transactions": rows,
        "disputes": disputes,
        "bursts": bursts,
        "throwaway": throwaway_domains(),
    }
    return ask(sql("reconcile_candidates"), params, tables)
