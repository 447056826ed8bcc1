"""What does not add up: payments that need a person. Definitions: the contract's findings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.books import CASES, FIGURES, sample_pattern
from vcanalytics.analytics.candidates import ALONE, Candidates
from vcanalytics.analytics.engine import Engine, Table, sql
from vcanalytics.store import Snapshot

#: In the order they are listed.
FINDINGS: Final = (
    "paid_not_mailed",
    "paid_no_account",
    "captured_but_failed",
    "stuck",
    "abandoned",
    "amount_missing",
    "amount_mismatch",
    "refund_without_case",
    "case_without_refund",
    "suspicious",
    "sample_row",
)
_COLUMNS: Final = (
    "email",
    "payer_email",
    "email_sent",
    "user_created",
    "error_message",
    "notes",
    "amount_column",
    "currency_column",
    "amount_metadata",
    "currency_metadata",
)
_CASES: Final = (*CASES, "status", "created_at")
#: All payments ever are looked through where no range is given.
BUDGET_S: Final = 20.0
_RUN: Final = timedelta(hours=1)
_NO_BURSTS: Final = pl.DataFrame(schema={"transaction_id": pl.String})


@cache
def throwaway_domains() -> pl.DataFrame:
    """Mail domains that hand out addresses for minutes: one column, ``domain``."""
    text = (resources.files(__package__) / "throwaway_domains.txt").read_text(encoding="utf-8")
    domains = [line for line in text.splitlines() if line and not line.startswith("#")]
    return pl.DataFrame({"domain": domains}, schema={"domain": pl.String})


def message_pattern(patterns: Iterable[str]) -> str | None:
    """A regular expression for whole messages; ``*`` in a pattern stands for any text."""
    wholes = [".*".join(re.escape(part) for part in pattern.split("*")) for pattern in patterns]
    return f"(?s:{'|'.join(wholes)})" if wholes else None


def reconcile(
    engine: Engine,
    snapshot: Snapshot,
    *,
    as_of: datetime,
    start: datetime | None = None,
    end: datetime | None = None,
    grace: timedelta = timedelta(minutes=10),
    stuck: timedelta = timedelta(minutes=5),
    abandoned: timedelta = timedelta(hours=24),
    currency: str = "USD",
    captured_errors: Sequence[str] = (),
    sample_prefixes: Sequence[str] = (),
    only: Collection[str] = FINDINGS,
) -> pl.DataFrame:
    """Findings among payments created in ``[start, end)``, their ages measured at ``as_of``.

    Columns: ``finding`` (one of FINDINGS, in that order), ``transaction_id``, ``email``,
    ``payer_email``, ``amount`` (the captured amount, money in ``currency``), ``currency``,
    ``since`` (UTC; the time the finding dates from: the capture, the refund, the case, else when
    the payment was begun), ``detail`` (the reasons, in words). A payment may stand in several.
    ``currency`` is that of the limits of suspicious amounts, ``captured_errors`` whole messages in
    which ``*`` stands for any text; ``only`` some findings cost less. Raises BudgetExceeded.
    """
    params = {
        "samples": sample_pattern(sample_prefixes),
        "from": start,
        "to": end,
        "captured_error": message_pattern(captured_errors),
    }
    ages = {"as_of": as_of, "grace": grace, "stuck": stuck, "abandoned": abandoned}
    suspicious = "suspicious" in only
    beside: dict[str, Table] = {
        "disputes": snapshot.newest("disputes").select(_CASES),
        "bursts": _bursts(engine, snapshot, start, end, params) if suspicious else _NO_BURSTS,
        "throwaway": throwaway_domains(),
    }
    found = snapshot.begun("transactions", start, end).select([*FIGURES, *_COLUMNS])
    candidates = engine.ask(
        sql("reconcile_candidates"),
        params
        | {"suspicious": suspicious, "since": None if "abandoned" in only else as_of - abandoned},
        beside | {"transactions": found},
        budget_s=BUDGET_S,
    )
    tables = beside | {"transactions": candidates}
    return _findings(engine, tables, params | ages | {"currency": currency}, only)


def own_findings(
    engine: Engine,
    snapshot: Snapshot,
    kept: Candidates,
    *,
    as_of: datetime,
    grace: timedelta = timedelta(minutes=10),
    stuck: timedelta = timedelta(minutes=5),
    abandoned: timedelta = timedelta(hours=24),
    captured_errors: Sequence[str] = (),
    sample_prefixes: Sequence[str] = (),
    only: Collection[str] = ALONE,
) -> pl.DataFrame:
    """As ``reconcile`` among all payments, the findings that a payment's own row decides.

    These are ``candidates.ALONE``, or some of them (``only``). What was found in files is taken
    from ``kept``: the cost is that of what changed since it was asked last. Raises BudgetExceeded.
    """
    pattern = message_pattern(captured_errors)
    candidates = kept.among(
        engine,
        snapshot.newest("transactions").select([*FIGURES, *_COLUMNS]),
        captured_error=pattern,
        since=as_of - abandoned,
        budget_s=BUDGET_S,
    )
    tables: dict[str, Table] = {
        "transactions": candidates,
        # No case and nobody else's attempt says anything of these.
        "disputes": replace(snapshot.newest("disputes").select(_CASES), files=()),
        "bursts": _NO_BURSTS,
        "throwaway": throwaway_domains(),
    }
    params = {
        "samples": sample_pattern(sample_prefixes),
        "from": None,
        "to": None,
        "captured_error": pattern,
        "currency": None,
    }
    ages = {"as_of": as_of, "grace": grace, "stuck": stuck, "abandoned": abandoned}
    return _findings(engine, tables, params | ages, ALONE.intersection(only))


def _findings(
    engine: Engine, tables: dict[str, Table], params: dict[str, Any], only: Collection[str]
) -> pl.DataFrame:
    answer = engine.ask(sql("payments", "reconcile"), params, tables, budget_s=BUDGET_S)
    return answer.filter(pl.col("finding").is_in(list(only)))


def _bursts(
    engine: Engine,
    snapshot: Snapshot,
    start: datetime | None,
    end: datetime | None,
    params: dict[str, Any],
) -> pl.DataFrame:
    """Payments of buyers with more than three attempts within an hour: ``transaction_id``."""
    # A run that reaches into the range lies within an hour of it.
    first = None if start is None else start - _RUN
    found = snapshot.begun("transactions", first, None if end is None else end + _RUN)
    attempts = found.select(("transaction_id", "deleted", "email", "created_at"))
    mine = {"samples": params["samples"]}
    tables: dict[str, Table] = {"transactions": attempts}
    eager = engine.ask(sql("reconcile_eager"), mine, tables, budget_s=BUDGET_S)
    if not eager.height:
        return _NO_BURSTS
    tables["eager"] = eager
    return engine.ask(sql("reconcile_bursts"), mine, tables, budget_s=BUDGET_S)
