"""What does not add up: payments that need a person. Definitions: the contract's findings."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypedDict

import polars as pl

from vcanalytics.analytics.books import CASES, FIGURES, sample_pattern
from vcanalytics.analytics.bursts import ATTEMPTS, NONE, bursting
from vcanalytics.analytics.by_file import Ask, within
from vcanalytics.analytics.candidates import Candidates, Wanted, throwaway_domains
from vcanalytics.analytics.engine import Engine, Table, sql
from vcanalytics.settings import Settings
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
#: Those that can be told from what is kept of files. A tenth of all payments are abandoned.
KEPT: Final = tuple(name for name in FINDINGS if name != "abandoned")
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


def message_pattern(patterns: Iterable[str]) -> str | None:
    """A regular expression for whole messages; ``*`` in a pattern stands for any text."""
    wholes = [".*".join(re.escape(part) for part in pattern.split("*")) for pattern in patterns]
    return f"(?s:{'|'.join(wholes)})" if wholes else None


class Terms(TypedDict):
    """What the settings say of findings, by the names that the questions here take."""

    grace: timedelta
    stuck: timedelta
    abandoned: timedelta
    currency: str
    captured_errors: Sequence[str]
    sample_prefixes: Sequence[str]


def terms(told: Settings) -> Terms:
    """The same for pages, commands, cases and summaries, so that one payment is one finding."""
    return Terms(
        grace=timedelta(minutes=told.grace_minutes),
        stuck=timedelta(minutes=told.stuck_minutes),
        abandoned=timedelta(hours=told.abandoned_hours),
        currency=told.currency,
        captured_errors=told.captured_errors,
        sample_prefixes=told.sample_prefixes,
    )


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
    samples = sample_pattern(sample_prefixes)
    params = {
        "samples": samples,
        "from": start,
        "to": end,
        "captured_error": message_pattern(captured_errors),
    }
    ages = {"as_of": as_of, "grace": grace, "stuck": stuck, "abandoned": abandoned}
    suspicious = "suspicious" in only
    ask = partial(engine.ask, budget_s=BUDGET_S)
    beside: dict[str, Table] = {
        "disputes": snapshot.newest("disputes").select(_CASES),
        "bursts": _bursts(ask, snapshot, start, end, samples) if suspicious else NONE,
        "throwaway": throwaway_domains(),
    }
    found = snapshot.begun("transactions", start, end).select([*FIGURES, *_COLUMNS])
    since = None if "abandoned" in only else as_of - abandoned
    candidates = ask(
        sql("reconcile_candidates"),
        params | {"suspicious": suspicious, "refunded": True, "sample_rows": True, "since": since},
        beside | {"transactions": found},
    )
    tables = beside | {"transactions": candidates}
    return _findings(ask, tables, params | ages | {"currency": currency}, only)


def kept_findings(
    engine: Engine,
    snapshot: Snapshot,
    kept: Candidates,
    *,
    as_of: datetime,
    grace: timedelta = timedelta(minutes=10),
    stuck: timedelta = timedelta(minutes=5),
    abandoned: timedelta = timedelta(hours=24),
    currency: str = "USD",
    captured_errors: Sequence[str] = (),
    sample_prefixes: Sequence[str] = (),
    only: Collection[str] = KEPT,
) -> pl.DataFrame:
    """As ``reconcile`` among all payments, without those that are abandoned.

    What was found in files is taken from ``kept``: the first time costs one pass over history, in
    steps that are kept when time is up, later ones what changed since. Raises BudgetExceeded.
    """
    wanted = Wanted(
        frozenset(KEPT).intersection(only),
        sample_pattern(sample_prefixes),
        message_pattern(captured_errors),
        as_of - abandoned,
    )
    ask = within(engine, BUDGET_S)
    tables = kept.among(
        ask,
        snapshot,
        snapshot.newest("transactions").select([*FIGURES, *_COLUMNS]),
        snapshot.newest("disputes").select(_CASES),
        wanted,
    )
    params = {
        "samples": wanted.samples,
        "from": None,
        "to": None,
        "captured_error": wanted.captured_error,
        "currency": currency,
    }
    ages = {"as_of": as_of, "grace": grace, "stuck": stuck, "abandoned": abandoned}
    return _findings(ask, tables, params | ages, wanted.only)


def _findings(
    ask: Ask, tables: dict[str, Table], params: dict[str, Any], only: Collection[str]
) -> pl.DataFrame:
    answer = ask(sql("payments", "reconcile"), params, tables)
    return answer.filter(pl.col("finding").is_in(list(only)))


def _bursts(
    ask: Ask,
    snapshot: Snapshot,
    start: datetime | None,
    end: datetime | None,
    samples: str | None,
) -> pl.DataFrame:
    """Payments of buyers with more than three attempts within an hour: ``transaction_id``."""
    # A run that reaches into the range lies within an hour of it.
    first = None if start is None else start - _RUN
    found = snapshot.begun("transactions", first, None if end is None else end + _RUN)
    return bursting(ask, found.select(ATTEMPTS), samples)
