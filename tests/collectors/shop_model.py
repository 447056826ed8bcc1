"""A model of a shop: what VectorCraft's rows say, and what the console could have seen of them.

Plain Python and Decimal. It remembers, because a refund overwrites what was captured.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.shop import utc_text

DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
SAMPLES = ("TEST_", "TXN_")
ZONE = ZoneInfo("Asia/Kolkata")
GRACE, STUCK, ABANDONED = timedelta(minutes=10), timedelta(minutes=5), timedelta(hours=24)
HOUR = timedelta(hours=1)
EMAILS = ("ann@example.com", " Ann@Example.COM", "bob@example.com", "eve@Mailinator.com")
#: What is written, and what may be read of it.
AMOUNTS: dict[object, Decimal | None] = {
    49: Decimal(49),
    29.4: Decimal("29.4"),
    "12.345": Decimal("12.345"),
    "0.01": Decimal("0.01"),
    " 7.5 ": Decimal("7.5"),
    -5: Decimal(-5),
    702026.15: Decimal("702026.15"),
    "49,00": None,
    None: None,
}
AT_FAULT = (
    "name 'string' is not defined",
    "User with email a@b.c already exists",
)
KNOWN_CURRENCY = {"USD": "USD", "EUR": "EUR", "JPY": "JPY", "KWD": "KWD", "eur": "EUR"}


@dataclass(frozen=True)
class Payment:
    """A payment as VectorCraft's row has it; ``captured`` is (amount, currency) as written."""

    name: str
    amount: object
    created_at: datetime
    currency: str | None = "USD"
    status: str = "pending"
    captured: tuple[object, str | None] | None = None
    case_named: str | None = None
    broken: bool = False
    completed_at: datetime | None = None
    email_sent: bool = False
    user_created: bool = False
    error: str | None = None
    readable: bool = True
    email: str = "ann@example.com"

    @property
    def address(self) -> str:
        return self.email.strip().lower()

    @property
    def sample(self) -> bool:
        return self.name.startswith(SAMPLES)

    def metadata(self) -> str | None:
        if self.broken:
            return '{"amount": 49.0, "curr'
        if self.case_named is not None:
            return json.dumps({"refund_case_id": self.case_named})
        if self.captured is None:
            return None
        amount, currency = self.captured
        return json.dumps({"payer_email": "p@q.r", "amount": amount, "currency": currency})

    def columns(self) -> dict[str, object]:
        return {
            "email": self.email,
            "amount": self.amount,
            "currency": self.currency,
            "status": self.status,
            "metadata": self.metadata(),
            "created_at": utc_text(self.created_at) if self.readable else "the other day",
            "completed_at": None if self.completed_at is None else utc_text(self.completed_at),
            "email_sent": int(self.email_sent),
            "user_created": int(self.user_created),
            "error_message": self.error,
        }

    def in_metadata(self) -> tuple[Decimal, str | None] | None:
        """The amount and currency that the metadata tells, if any."""
        if self.broken or self.case_named is not None or self.captured is None:
            return None
        amount, currency = self.captured
        read = AMOUNTS[amount]
        return None if read is None else (read, KNOWN_CURRENCY.get(currency or ""))


@dataclass
class Memory:
    """What the console may remember of a payment."""

    metadata: tuple[Decimal, str | None] | None = None
    captured: bool = False
    refunded: bool = False
    refund_seen_at: datetime | None = None


@dataclass
class Case:
    """A dispute case as the source has it."""

    name: str
    payment: str
    created_at: datetime
    status: str = "open"
    resolved_at: datetime | None = None


@dataclass
class Model:
    """The shop, and what was seen of it."""

    source: dict[str, Payment] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    seen: dict[str, Payment] = field(default_factory=dict)
    seen_cases: dict[str, Case] = field(default_factory=dict)
    memory: dict[str, Memory] = field(default_factory=dict)
    #: Deleted and inserted again since the last read: another row, whose last state is no good.
    reborn: set[str] = field(default_factory=set)

    def read(self, now: datetime) -> None:
        """The console reads the shop."""
        standing = self.source.keys() - self.reborn
        self.seen = {name: old for name, old in self.seen.items() if name in standing}
        self.reborn.clear()
        for name, payment in self.source.items():
            if not payment.readable:
                continue
            first = name not in self.memory
            memory = self.memory.setdefault(name, Memory())
            self.seen[name] = payment
            memory.metadata = payment.in_metadata() or memory.metadata
            memory.captured = memory.captured or payment.status in {"completed", "refunded"}
            if payment.status == "refunded":
                if not first and not memory.refunded:
                    memory.refund_seen_at = now
                memory.refunded = True
        self.seen_cases = {name: replace(case) for name, case in self.cases.items()}

    def captured_amount(self, payment: Payment) -> tuple[Decimal | None, str]:
        found = payment.in_metadata()
        overwritten = payment.status == "refunded" or (
            payment.case_named is not None and not payment.broken
        )
        if found is None and overwritten:
            found = self.memory[payment.name].metadata
        column = KNOWN_CURRENCY.get(payment.currency or "")
        amount = found[0] if found else AMOUNTS[payment.amount]
        currency = (found[1] if found else None) or column or "USD"
        if amount is None:
            return None, currency
        unit = Decimal(1).scaleb(-DIGITS[currency])
        return amount.quantize(unit, rounding=ROUND_HALF_EVEN), currency

    def refunded_at(self, payment: Payment) -> datetime:
        named = self.seen_cases.get("" if payment.broken else payment.case_named or "")
        if named and named.resolved_at:
            return named.resolved_at
        resolved = [
            case.resolved_at
            for case in self.seen_cases.values()
            if case.payment == payment.name and case.resolved_at
        ]
        first = min(resolved, default=None)
        seen_at = self.memory[payment.name].refund_seen_at
        return first or seen_at or payment.completed_at or payment.created_at

    def events(self) -> Iterator[tuple[str, str, datetime, Decimal]]:
        """(figure, currency, when, amount) of everything that counts."""
        for payment in self.seen.values():
            if payment.sample:
                continue
            amount, currency = self.captured_amount(payment)
            captured = self.memory[payment.name].captured
            yield "attempts", currency, payment.created_at, Decimal(0)
            if captured:
                at = payment.completed_at or payment.created_at
                yield "captured", currency, at, amount or Decimal(0)
            elif payment.status in {"failed", "error"}:
                yield "failed", currency, payment.created_at, Decimal(0)
            if payment.status == "refunded":
                yield "refunded", currency, self.refunded_at(payment), amount or Decimal(0)

    def days(self) -> dict[tuple[date, str], dict[str, Any]]:
        """Figures by local day and currency, of days on which anything happened."""
        result: dict[tuple[date, str], dict[str, Any]] = {}
        for figure, currency, at, amount in self.events():
            day = result.setdefault((at.astimezone(ZONE).date(), currency), Counter())
            day[figure] += 1
            if figure in {"captured", "refunded"}:
                day["gross" if figure == "captured" else "refunds"] += amount
        return result

    def findings(self, now: datetime) -> Counter[str]:
        found: Counter[str] = Counter(suspicious=len(self.suspicious()))
        for payment in self.seen.values():
            found.update(["sample_row"] if payment.sample else self._findings_of(payment, now))
        return +found

    def suspicious(self) -> set[str]:
        """Payments with one of the contract's marks."""
        real = [payment for payment in self.seen.values() if not payment.sample]
        return {payment.name for payment in real if self._is_suspicious(payment, real)}

    def _is_suspicious(self, payment: Payment, real: list[Payment]) -> bool:
        amount, currency = self.captured_amount(payment)
        odd = amount is not None and (amount > 1000 or amount <= Decimal("0.01"))
        mine = [other.created_at for other in real if other.address == payment.address]
        hours = [at for at in mine if at <= payment.created_at <= at + HOUR]
        eager = any(sum(at <= other <= at + HOUR for other in mine) > 3 for at in hours)
        return (odd and currency == "USD") or eager or payment.address.endswith("@mailinator.com")

    def failures(self) -> dict[tuple[str, str, str], tuple[int, Decimal]]:
        """How many failed, and what was attempted, by finding, exact message and currency."""
        found: dict[tuple[str, str, str], tuple[int, Decimal]] = {}
        for payment in self.seen.values():
            if payment.sample or payment.status not in {"failed", "error"}:
                continue
            charged = payment.error in AT_FAULT
            if self.memory[payment.name].captured and not charged:
                continue
            amount, currency = self.captured_amount(payment)
            key = "captured_but_failed" if charged else "failed", payment.error or "", currency
            count, worth = found.get(key, (0, Decimal(0)))
            found[key] = count + 1, worth + (amount or Decimal(0))
        return found

    def _findings_of(self, payment: Payment, now: datetime) -> Iterator[str]:
        cases = [case for case in self.seen_cases.values() if case.payment == payment.name]
        captured_at = payment.completed_at or payment.created_at
        if payment.status == "completed" and captured_at < now - GRACE:
            yield from ["paid_not_mailed"] * (not payment.email_sent)
            yield from ["paid_no_account"] * (not payment.user_created)
        if payment.status in {"failed", "error"} and payment.error in AT_FAULT:
            yield "captured_but_failed"
        if payment.status in {"pending", "awaiting_payment"}:
            if payment.created_at < now - ABANDONED:
                yield "abandoned"
            elif payment.created_at < now - STUCK:
                yield "stuck"
        column = AMOUNTS[payment.amount]
        in_metadata = payment.in_metadata()
        if column is None:
            yield "amount_missing"
        elif in_metadata is not None:
            currency = KNOWN_CURRENCY.get(payment.currency or "")
            other = in_metadata[1] is not None and currency is not None
            if in_metadata[0] != column or (other and in_metadata[1] != currency):
                yield "amount_mismatch"
        if payment.status == "refunded" and not cases:
            yield "refund_without_case"
        if payment.status != "refunded":
            for case in cases:
                yield from ["case_without_refund"] * (case.status in {"resolved", "lost"})
