"""The figures of a shop recounted apart: plain Python and Decimal over the SQLite file's own rows.

Nothing of the console is used here, so that no mistake can be made twice. Where the console finds
window edges by arithmetic, this walks the zone's wall clock by quarter hours; where it asks SQL,
this loops.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

QUARTER = timedelta(minutes=15)
DIGITS = {"JPY": 0, "KWD": 3}
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

Row = dict[str, Any]


def amount_of(cell: object) -> Decimal | None:
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        number = Decimal(str(cell))
        return number if number.is_finite() else None
    if isinstance(cell, str) and re.fullmatch(r"\s*-?[0-9]+(\.[0-9]+)?\s*", cell):
        return Decimal(cell.strip())
    return None


def code_of(cell: object) -> str | None:
    text = cell.strip().upper() if isinstance(cell, str) else ""
    return text if re.fullmatch("[A-Z]{3}", text) else None


def time_of(cell: object, zone: tzinfo = UTC) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(cell))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def meta_of(row: Row) -> Row:
    try:
        found = json.loads(row["metadata"] or "{}", parse_float=Decimal)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


@dataclass
class Payment:
    """A payment as the books see it, from all its states, oldest first."""

    states: list[tuple[datetime, Row]]
    cases: list[Row] = field(default_factory=list)
    named: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.row = row = self.states[-1][1]
        self.id: str = row["transaction_id"]
        self.status: str = row["status"]
        created, completed = time_of(row["created_at"]), time_of(row["completed_at"])
        assert created is not None
        self.created = created
        statuses = {state["status"] for _, state in self.states}
        self.captured = bool(statuses & {"completed", "refunded"})
        self.captured_at = completed or self.created
        self.amount, self.currency = self._captured_amount()
        self.sample = self.id.startswith(("TEST_", "TXN_"))

    def _captured_amount(self) -> tuple[Decimal | None, str]:
        meta, column = meta_of(self.row), amount_of(self.row["amount"])
        code = code_of(self.row["currency"])
        amount, own = amount_of(meta.get("amount")), code_of(meta.get("currency"))
        overwritten = self.status == "refunded" or "refund_case_id" in meta
        if amount is None and overwritten:
            for _, state in reversed(self.states):
                before = meta_of(state)
                amount, own = amount_of(before.get("amount")), code_of(before.get("currency"))
                if amount is not None:
                    break
        if amount is None:
            amount, own = column, None
        currency = own or code or "USD"
        return (None if amount is None else to_digits(amount, currency)), currency

    @property
    def refunded_at(self) -> datetime:
        for cases in (self.named, self.cases):
            resolved = [at for at in (time_of(case["resolved_at"]) for case in cases) if at]
            if resolved:
                return min(resolved)
        seen = [at for at, state in self.states if state["status"] == "refunded"]
        if seen[0] != self.states[0][0]:
            return seen[0]
        return self.captured_at


def to_digits(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-DIGITS.get(currency, 2)), rounding=ROUND_HALF_EVEN)


class Recount:
    """A shop's states as they were looked at. ``look`` at each moment the console reads it too."""

    def __init__(self, path: Path, local: ZoneInfo) -> None:
        self.path = path
        self.local = local
        self.read_at = datetime.min.replace(tzinfo=UTC)
        self._states: dict[str, list[tuple[datetime, Row]]] = defaultdict(list)
        self._present: set[str] = set()
        self._cases: list[Row] = []
        self._times: list[Row] = []
        #: What ``payments`` came to since the last look, by whether deleted ones are among them.
        self._payments: dict[bool, list[Payment]] = {}

    def look(self, now: datetime) -> None:
        rows = self._rows("transactions")
        self._present = {row["transaction_id"] for row in rows}
        for row in rows:
            states = self._states[row["transaction_id"]]
            if not states or states[-1][1] != row:
                states.append((now, row))
        self._cases = self._rows("dispute_cases")
        self._times = self._rows("performance_metrics")
        self._payments.clear()
        self.read_at = now

    def _rows(self, table: str) -> list[Row]:
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        connection.row_factory = sqlite3.Row
        found = connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
        connection.close()
        return [dict(row) for row in found]

    def payments(self, *, deleted: bool = False) -> list[Payment]:
        """Those that stand at the source, samples too. Worked out once a look; only read."""
        if deleted not in self._payments:
            self._payments[deleted] = self._worked_out(deleted=deleted)
        return self._payments[deleted]

    def _worked_out(self, *, deleted: bool) -> list[Payment]:
        by_payment, by_case = defaultdict(list), defaultdict(list)
        for case in self._cases:
            by_payment[case["transaction_id"]].append(case)
            by_case[case["case_id"]].append(case)
        return [
            Payment(states, by_payment[name], by_case[meta_of(states[-1][1]).get("refund_case_id")])
            for name, states in self._states.items()
            if deleted or name in self._present
        ]

    # Revenue

    def revenue(
        self,
        start: datetime,
        end: datetime,
        grain: str,
        zone: ZoneInfo,
        now: datetime,
        week_start: str = "monday",
    ) -> list[Row]:
        """A row a window and currency, as the contract defines each column."""
        windows = walk(start, end, grain, zone, week_start)
        payments = [payment for payment in self.payments() if not payment.sample]
        everyone = [payment for payment in self.payments(deleted=True) if not payment.sample]
        currencies = sorted({payment.currency for payment in everyone})
        sums: dict[tuple[str, object], Row] = defaultdict(
            lambda: dict.fromkeys(
                ("attempts", "of_them", "captured", "refunded", "failed", "gross", "refunds"), 0
            )
        )

        def add(payment: Payment, at: datetime, **more: Decimal | int) -> None:
            if start <= at < end:
                row = sums[payment.currency, key_of(at.astimezone(zone), grain, week_start)]
                for name, value in more.items():
                    row[name] += value

        for one in payments:
            failed = one.status in {"failed", "error"} and not one.captured
            add(one, one.created, attempts=1, of_them=int(one.captured), failed=int(failed))
            money = one.amount or Decimal(0)
            if one.captured:
                add(one, one.captured_at, captured=1, gross=money)
            if one.status == "refunded":
                add(one, one.refunded_at, refunded=1, refunds=money)
        return [
            {"window_start": first.astimezone(zone).isoformat(), "currency": code}
            | _finished(sums[code, key], code)
            | {"complete": start <= first and after <= min(end, now, self.read_at)}
            for key, first, after in windows
            for code in currencies
        ]

    # Findings

    def findings(self, as_of: datetime, throwaway: set[str]) -> list[tuple[Any, ...]]:
        """(finding, transaction_id, amount, currency, since), in no order."""
        payments = self.payments()
        real = [payment for payment in payments if not payment.sample]
        eager = _eager(real)
        found = [
            (name, one.id, one.amount, one.currency, since)
            for one in real
            for name, since in _found_of(one, as_of, throwaway, eager)
        ]
        found += [
            ("sample_row", one.id, one.amount, one.currency, one.created)
            for one in payments
            if one.sample
        ]
        return found

    # Response times

    def latency(self, kind: str, start: datetime, end: datetime) -> dict[str, Row]:
        """By endpoint: count, errors, mean_ms, p50_ms, p95_ms, p99_ms, max_ms."""
        rows = defaultdict(list)
        for row in self._times:
            at = time_of(row["timestamp"], self.local)
            if row["metric_type"] == kind and at is not None and start <= at < end:
                rows[row["endpoint"]].append(row)
        return {name: _times(found) for name, found in rows.items()}


def key_of(local: datetime, grain: str, week_start: str) -> object:
    """Which window a moment on a wall clock lies in."""
    day = local.date()
    if grain == "hour":
        return day, local.hour, local.utcoffset()
    if grain == "week":
        return day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_start)) % 7)
    return (day.year, day.month) if grain == "month" else day


def walk(
    start: datetime, end: datetime, grain: str, zone: ZoneInfo, week_start: str
) -> list[tuple[object, datetime, datetime]]:
    """(key, start, end) of each window ``[start, end)`` touches, by walking the wall clock."""
    at = datetime.combine(start.date() - timedelta(days=33), datetime.min.time(), UTC)
    edges: list[tuple[object, datetime]] = []
    while True:
        key = key_of(at.astimezone(zone), grain, week_start)
        if not edges or edges[-1][0] != key:
            edges.append((key, at))
            if at >= end:
                break
        at += QUARTER
    return [(key, first, after) for (key, first), (_, after) in pairwise(edges) if after > start]


def _finished(sums: Row, currency: str) -> Row:
    attempts, of_them = sums["attempts"], sums.pop("of_them")
    captured, gross = sums["captured"], Decimal(sums["gross"])
    average = None
    if captured:
        # Exact: no quotient is rounded before it is rounded for good.
        units = Fraction(gross) / captured * 10 ** DIGITS.get(currency, 2)
        average = Decimal(round(units)).scaleb(-DIGITS.get(currency, 2))
    return sums | {
        "net": gross - sums["refunds"],
        "average": average,
        "success_rate": of_them / attempts if attempts else None,
    }


def _eager(payments: list[Payment]) -> set[str]:
    """Attempts of four or more by one address, the last within an hour of the first."""
    by_address = defaultdict(list)
    for one in payments:
        address = (one.row["email"] or "").strip().lower()
        if address:
            by_address[address].append((one.created, one.id))
    return {
        name
        for attempts in by_address.values()
        for first, _ in attempts
        if len(run := [n for at, n in attempts if first <= at <= first + timedelta(hours=1)]) > 3
        for name in run
    }


def _found_of(
    one: Payment, as_of: datetime, throwaway: set[str], eager: set[str]
) -> Iterator[tuple[str, datetime | None]]:
    yield from _unserved(one, as_of)
    yield from _of_amount(one)
    yield from _of_cases(one)
    addresses = ((one.row["email"] or "").strip(), meta_of(one.row).get("payer_email") or "")
    domains = {address.lower().rpartition("@")[2] for address in addresses}
    odd = one.amount is not None and not Decimal("0.01") < one.amount <= 1000
    if (odd and one.currency == "USD") or one.id in eager or domains & throwaway:
        yield "suspicious", one.created


def _unserved(one: Payment, as_of: datetime) -> Iterator[tuple[str, datetime | None]]:
    row, age = one.row, as_of - one.created
    late = as_of - one.captured_at > timedelta(minutes=10)
    if one.status == "completed" and row["email_sent"] == 0 and late:
        yield "paid_not_mailed", one.captured_at
    if one.status == "completed" and row["user_created"] == 0 and late:
        yield "paid_no_account", one.captured_at
    error = row["error_message"] or ""
    exists = error.startswith("User with email") and error.endswith("already exists")
    if one.status in {"failed", "error"} and (exists or error == "name 'string' is not defined"):
        yield "captured_but_failed", one.created
    if one.status in {"pending", "awaiting_payment"} and age > timedelta(minutes=5):
        yield ("stuck" if age <= timedelta(hours=24) else "abandoned"), one.created


def _of_amount(one: Payment) -> Iterator[tuple[str, datetime | None]]:
    row, meta = one.row, meta_of(one.row)
    column, paid = amount_of(row["amount"]), amount_of(meta.get("amount"))
    codes = {code_of(row["currency"]), code_of(meta.get("currency"))} - {None}
    if column is None:
        yield "amount_missing", one.created
    elif paid is not None and (column != paid or len(codes) > 1):
        yield "amount_mismatch", one.captured_at if one.captured else one.created


def _of_cases(one: Payment) -> Iterator[tuple[str, datetime | None]]:
    if one.status == "refunded":
        if not one.cases:
            yield "refund_without_case", one.refunded_at
        return
    for case in one.cases:
        if case["status"] in {"resolved", "lost"}:
            yield "case_without_refund", time_of(case["resolved_at"] or case["created_at"])


def _times(rows: Sequence[Row]) -> Row:
    values = sorted(float(row["value"]) for row in rows)

    def rank(share: float) -> float:
        place = share * (len(values) - 1)
        low = math.floor(place)
        high = min(low + 1, len(values) - 1)
        return values[low] + (values[high] - values[low]) * (place - low)

    return {
        "count": len(values),
        "errors": sum(row["status"] not in {"success", "healthy"} for row in rows),
        "mean_ms": math.fsum(values) / len(values),
        "p50_ms": rank(0.5),
        "p95_ms": rank(0.95),
        "p99_ms": rank(0.99),
        "max_ms": values[-1],
    }
