"""Suspicious buyers: what ``reconcile`` finds suspicious, by who bought, with every reason.

The contract's marks are decided in ``reconcile.sql`` alone; here they are grouped. A buyer is the
address typed at checkout, normalised, as attempts are counted by; else the payer's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.engine import Engine
from vcanalytics.journal.case_records import TO_DO
from vcanalytics.store import Snapshot

FINDING: Final = "suspicious"
#: What reconcile.sql says of attempts that come too fast begins so; the address follows.
_BURST: Final = "more than 3 attempts within an hour"
_HOUR: Final = timedelta(hours=1)
_STATES_TO_DO: Final = frozenset(state.value for state in TO_DO)
_TIMES: Final = pl.Datetime("us", "UTC")
# Grain: one row a payment. Cost: the files that hold one.
_CAPTURED: Final = """
SELECT transaction_id, captured
FROM transactions
WHERE transaction_id IN (SELECT transaction_id FROM wanted)
"""
_TABLE: Final = pl.Schema(
    {
        "buyer": pl.String(),
        "payers": pl.String(),
        "currency": pl.String(),
        "attempts": pl.Int64(),
        "captured": pl.Int64(),
        "amount": pl.Decimal(38, 4),
        "first_at": _TIMES,
        "last_at": _TIMES,
        "reasons": pl.String(),
        "states": pl.String(),
        "payments": pl.String(),
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: in words, and of which payments, begun from when to when (UTC)."""

    words: str
    payments: tuple[str, ...]
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Money:
    """What of a buyer's marked attempts was made in one currency, and captured of it."""

    currency: str
    attempts: int
    captured: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Buyer:
    """One buyer: the marked attempts, oldest first, their money, reasons, and cases.

    ``states`` says how many of their cases are in which state; ``case`` is the payment whose case
    is to be looked at first: the oldest that is to do, else the newest.
    """

    address: str
    payers: tuple[str, ...]
    payments: tuple[str, ...]
    money: tuple[Money, ...]
    first_at: datetime
    last_at: datetime
    reasons: tuple[Reason, ...]
    states: tuple[tuple[str, int], ...]
    case: str

    @property
    def to_do(self) -> bool:
        """Whether any of the cases waits for somebody."""
        return any(state in _STATES_TO_DO for state, _ in self.states)


def captured(engine: Engine, snapshot: Snapshot, payments: Sequence[str]) -> frozenset[str]:
    """Those of the payments that were captured, by their ids. Raises BudgetExceeded."""
    if not payments:
        return frozenset()
    rows = snapshot.newest_of("transactions", payments).select(("transaction_id", "captured"))
    found = engine.ask(
        _CAPTURED,
        tables={"transactions": rows, "wanted": pl.DataFrame({"transaction_id": payments})},
    )
    return frozenset(found.filter(pl.col("captured"))["transaction_id"])


def buyers(cases: pl.DataFrame, paid: frozenset[str]) -> list[Buyer]:
    """Suspicious buyers, those with something to do first, then the latest first.

    ``cases`` are findings with their cases, as ``desk_list.joined`` has them; only suspicious ones
    count, and of these such as stand. ``paid``: the ids that were captured.
    """
    mine = cases.filter(pl.col("finding") == FINDING, pl.col("standing"))
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in mine.sort("since", "transaction_id").iter_rows(named=True):
        rows.setdefault(_address(row["email"]) or _address(row["payer_email"]), []).append(row)
    found = [_buyer(address, some, paid) for address, some in rows.items()]
    found.sort(key=lambda one: one.address)
    return sorted(found, key=lambda one: (one.to_do, one.last_at), reverse=True)


def _address(text: str | None) -> str:
    return (text or "").strip(" ").lower()


def _buyer(address: str, rows: list[dict[str, Any]], paid: frozenset[str]) -> Buyer:
    payers = {_address(row["payer_email"]) for row in rows} - {"", address}
    waiting = [row for row in rows if row["state"] in _STATES_TO_DO]
    return Buyer(
        address,
        tuple(sorted(payers)),
        tuple(row["transaction_id"] for row in rows),
        _money(rows, paid),
        rows[0]["since"],
        rows[-1]["since"],
        _reasons(rows),
        tuple(sorted(Counter(row["state"] for row in rows).items())),
        (waiting[0] if waiting else rows[-1])["transaction_id"],
    )


def _money(rows: list[dict[str, Any]], paid: frozenset[str]) -> tuple[Money, ...]:
    found = []
    for code in sorted({row["currency"] for row in rows}):
        mine = [row for row in rows if row["currency"] == code]
        taken = [row for row in mine if row["transaction_id"] in paid]
        worth = sum((row["amount"] for row in taken if row["amount"] is not None), Decimal(0))
        found.append(Money(code, len(mine), len(taken), worth))
    return tuple(found)


def _reasons(rows: list[dict[str, Any]]) -> tuple[Reason, ...]:
    """Each reason once, with its payments; attempts that come too fast, a stretch at a time."""
    by_words: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        # What was typed as an address is no reason, whatever it says.
        said = f"{_BURST} by {_address(row['email'])}"
        for words in row["detail"].replace(said, _BURST, 1).split("; "):
            by_words.setdefault(words, []).append(row)
    found = []
    for words, mine in by_words.items():
        stretches: list[list[dict[str, Any]]] = []
        for row in mine:
            near = stretches and row["since"] - stretches[-1][-1]["since"] <= _HOUR
            if (words == _BURST and not near) or not stretches:
                stretches.append([])
            stretches[-1].append(row)
        found += [
            Reason(
                words,
                tuple(row["transaction_id"] for row in some),
                some[0]["since"],
                some[-1]["since"],
            )
            for some in stretches
        ]
    return tuple(sorted(found, key=lambda one: (one.first_at, one.words)))


def told(reason: Reason) -> str:
    """A reason in one line: words, how many attempts, from when to when (UTC)."""
    first = reason.first_at.isoformat(timespec="seconds")
    last = reason.last_at.isoformat(timespec="seconds")
    when = first if first == last else f"{first} to {last}"
    return f"{reason.words} ({len(reason.payments)}: {when})"


def table(found: Sequence[Buyer]) -> pl.DataFrame:
    """Buyers as rows, one a buyer and currency, in their order.

    Columns: ``buyer`` (the address), ``payers`` (other addresses that paid), ``currency``,
    ``attempts`` (marked ones in it), ``captured`` (how many of them), ``amount`` (captured, money
    in ``currency``), ``first_at``, ``last_at`` (UTC, of all marked attempts), ``reasons``,
    ``states`` (of their cases, like ``2 open``), ``payments`` (ids of all marked attempts).
    """
    rows = [
        (
            one.address,
            ", ".join(one.payers),
            money.currency,
            money.attempts,
            money.captured,
            money.amount,
            one.first_at,
            one.last_at,
            "; ".join(told(reason) for reason in one.reasons),
            ", ".join(f"{count} {state}" for state, count in one.states),
            " ".join(one.payments),
        )
        for one in found
        for money in one.money
    ]
    return pl.DataFrame(rows, _TABLE, orient="row")
