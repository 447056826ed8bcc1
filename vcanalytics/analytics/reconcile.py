"""What does not add up: payments that need a person. Definitions: the contract's findings."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Final

import polars as pl

from vcanalytics.analytics.books import CASES, payments, sample_pattern
from vcanalytics.analytics.engine import Engine, sql
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
#: What stands around an address and is no part of it.
_BLANKS: Final = string.whitespace + "\N{NO-BREAK SPACE}\N{IDEOGRAPHIC SPACE}"


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
) -> pl.DataFrame:
    """Findings among payments created in ``[start, end)``, their ages measured at ``as_of``.

    Columns: ``finding`` (one of FINDINGS, in that order), ``transaction_id``, ``email``,
    ``payer_email``, ``amount`` (the captured amount, money in ``currency``), ``currency``,
    ``since`` (UTC; the time the finding dates from: the capture, the refund, the case, else when
    the payment was begun), ``detail`` (the reasons, in words). A payment may stand in several.
    ``currency`` is that of the limits of suspicious amounts, ``captured_errors`` whole messages in
    which ``*`` stands for any text. Raises BudgetExceeded.
    """
    tables = payments(snapshot, *_COLUMNS)
    return engine.ask(
        sql("payments", "reconcile"),
        {
            "samples": sample_pattern(sample_prefixes),
            "from": start,
            "to": end,
            "as_of": as_of,
            "grace": grace,
            "stuck": stuck,
            "abandoned": abandoned,
            "currency": currency,
            "captured_error": message_pattern(captured_errors),
            "blanks": _BLANKS,
        },
        {
            "transactions": tables["transactions"],
            "disputes": snapshot.newest("disputes").select([*CASES, "status", "created_at"]),
            "throwaway": throwaway_domains(),
        },
    )
