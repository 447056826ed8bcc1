"""Payments that may stand in a finding by their own row, kept file by file.

Files of newest versions never change: what one of them holds is looked for once, and again only in
those that were rewritten since. The number in the navigation, asked for every few seconds, would
otherwise go through all of history each time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.store import Relation

#: Findings that a payment's own row decides. Abandoned ones are none of them: a tenth of all.
ALONE: Final = frozenset({"captured_but_failed", "paid_not_mailed", "paid_no_account", "stuck"})


class Candidates:
    """Keeps what was found in files. One a process; safe to share between threads."""

    def __init__(self) -> None:
        # The pattern of messages it was looked for with; by file since when open payments were
        # looked for, and what was found.
        self._kept: tuple[str | None, Mapping[Path, tuple[datetime, pl.DataFrame]]] = (None, {})

    @property
    def files(self) -> list[str]:
        """The names of the files of which anything is kept."""
        return sorted(file.name for file in self._kept[1])

    def among(
        self,
        engine: Engine,
        payments: Relation,
        *,
        captured_error: str | None,
        since: datetime,
        budget_s: float,
    ) -> pl.DataFrame:
        """Those of ``payments`` (newest versions, all of them) that may stand in one of ALONE.

        Open ones that were begun before ``since`` may be left out. Raises BudgetExceeded; what was
        found until then is kept.
        """
        deadline = time.monotonic() + budget_s

        def found(rows: Relation) -> pl.DataFrame:
            return engine.ask(
                sql("reconcile_alone"),
                {"captured_error": captured_error, "since": since},
                {"transactions": rows},
                budget_s=deadline - time.monotonic(),
            )

        looked_for, known = self._kept
        if captured_error != looked_for:
            known = {}
        # Files that are gone go from here as well: customers may have been forgotten with them.
        kept = {file: known[file] for file in payments.files if file in known}
        try:
            for file in payments.files:
                if file not in kept or since < kept[file][0]:
                    one = replace(payments, hot=payments.hot.slice(0, 0), files=(file,))
                    kept[file] = (since, found(one))
        finally:
            self._kept = (captured_error, kept)
        hot = found(replace(payments, files=()))
        key: Any = payments.key
        newer = pl.Series(payments.hot[key]).implode()
        filed = [frame.filter(~pl.col(key).is_in(newer)) for _, frame in kept.values()]
        return pl.concat([*filed, hot])
