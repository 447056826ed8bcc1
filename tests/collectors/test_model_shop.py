"""A model shop against the console: after every read the figures are the model's own.

The model is plain Python and Decimal. It knows what VectorCraft's rows say, and it remembers what
the console could have seen of them, because a refund overwrites what was captured.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.collectors.rig import Console, Daemon
from tests.shop import make_shop, utc_text
from vcanalytics.analytics import revenue
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.reconcile import reconcile
from vcanalytics.model.windows import Grain
from vcanalytics.settings import CAPTURED_ERRORS

DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
SAMPLES = ("TEST_", "TXN_")
ZONE = ZoneInfo("Asia/Kolkata")
GRACE, STUCK, ABANDONED = timedelta(minutes=10), timedelta(minutes=5), timedelta(hours=24)
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

amounts = st.sampled_from(list(AMOUNTS))
currencies = st.sampled_from([None, "USD", "EUR", "JPY", "KWD", "eur", "dollars"])
ages = st.timedeltas(timedelta(minutes=-10), timedelta(days=6)).map(
    lambda age: timedelta(seconds=age // timedelta(seconds=1))
)
which = st.integers(0, 999)
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
        found: Counter[str] = Counter()
        for payment in self.seen.values():
            found.update(["sample_row"] if payment.sample else self._findings_of(payment, now))
        return +found

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


ENGINE = Engine(30)


class ShopMachine(RuleBasedStateMachine):
    """Anything may happen to the shop between two reads by ``python -m collectors --once``."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(tempfile.mkdtemp())
        self.stack.callback(shutil.rmtree, folder)
        self.shop = self.stack.enter_context(make_shop(folder / "shop.db"))
        self.console = Console(folder / "data", self.shop.url)
        self.model = Model()
        self.gone: dict[str, Payment] = {}
        self.made = 0
        # A source never looks emptied: its ids never go back, and few rows go at once.
        self.begin_row("VC_0", 49, timedelta(days=1))

    def teardown(self) -> None:
        self.stack.close()

    def begin_row(self, name: str, amount: object, age: timedelta) -> None:
        payment = Payment(name, amount, (self.console.clock.now - age).replace(microsecond=0))
        self.shop.transaction(name, **payment.columns())
        self.model.source[name] = payment

    def change(self, index: int, **columns: Any) -> None:
        name = sorted(self.model.source)[index % len(self.model.source)]
        payment = replace(self.model.source[name], **columns)
        self.model.source[name] = payment
        self.shop.update(name, **payment.columns())

    def pick(self, index: int) -> Payment:
        return self.model.source[sorted(self.model.source)[index % len(self.model.source)]]

    @rule(amount=amounts, age=ages, prefix=st.sampled_from(["VC_", "VC_", "VC_", "TEST_"]))
    def begin(self, amount: object, age: timedelta, prefix: str) -> None:
        self.made += 1
        self.begin_row(f"{prefix}{self.made}", amount, age)

    @rule(index=which, amount=amounts, currency=currencies, age=ages, flags=st.integers(0, 3))
    def complete(
        self, index: int, amount: object, currency: str | None, age: timedelta, flags: int
    ) -> None:
        completed_at = (self.console.clock.now - age).replace(microsecond=0)
        self.change(
            index,
            status="completed",
            captured=(amount, currency),
            case_named=None,
            broken=False,
            completed_at=completed_at,
            email_sent=bool(flags & 1),
            user_created=bool(flags & 2),
        )

    @rule(index=which, error=st.sampled_from([None, "declined", *AT_FAULT]))
    def fail(self, index: int, error: str | None) -> None:
        self.change(index, status="failed" if error else "error", error=error)

    @rule(index=which, status=st.sampled_from(["awaiting_payment", "cancelled", "odd", "pending"]))
    def turn(self, index: int, status: str) -> None:
        self.change(index, status=status)

    @rule(index=which, amount=amounts, currency=currencies, flags=st.integers(0, 3))
    def edit(self, index: int, amount: object, currency: str | None, flags: int) -> None:
        self.change(
            index,
            amount=amount,
            currency=currency,
            email_sent=bool(flags & 1),
            user_created=bool(flags & 2),
        )

    @rule(index=which)
    def break_metadata(self, index: int) -> None:
        self.change(index, broken=not self.pick(index).broken)

    @rule(index=which)
    def break_time(self, index: int) -> None:
        self.change(index, readable=not self.pick(index).readable)

    @rule(index=which, case=st.sampled_from(["none", "open", "resolved"]), age=ages)
    def refund(self, index: int, case: str, age: timedelta) -> None:
        name = self.pick(index).name
        case_name = f"DISP_{name}_{len(self.model.cases)}"
        if case != "none":
            self.open_case(case_name, name)
        if case == "resolved":
            self.resolve_case(case_name, "resolved", age)
        self.change(index, status="refunded", case_named=case_name, broken=False)

    def open_case(self, case_name: str, payment: str) -> None:
        if case_name in self.model.cases:
            return
        created_at = self.console.clock.now.replace(microsecond=0)
        self.model.cases[case_name] = Case(case_name, payment, created_at)
        self.shop.dispute(case_name, payment, created_at=created_at)

    def resolve_case(self, case_name: str, status: str, age: timedelta) -> None:
        case = self.model.cases[case_name]
        case.status = status
        case.resolved_at = (self.console.clock.now - age).replace(microsecond=0)
        self.shop.update_dispute(case_name, status=status, resolved_at=case.resolved_at)

    @rule(index=which)
    def dispute(self, index: int) -> None:
        self.open_case(f"CASE_{len(self.model.cases)}", self.pick(index).name)

    @precondition(lambda self: self.model.cases)
    @rule(index=which, status=st.sampled_from(["resolved", "lost", "won"]), age=ages)
    def decide(self, index: int, status: str, age: timedelta) -> None:
        self.resolve_case(sorted(self.model.cases)[index % len(self.model.cases)], status, age)

    @precondition(lambda self: self.model.cases)
    @rule(index=which)
    def drop_case(self, index: int) -> None:
        name = sorted(self.model.cases)[index % len(self.model.cases)]
        del self.model.cases[name]
        self.shop.execute("DELETE FROM dispute_cases WHERE case_id = ?", (name,))

    @precondition(lambda self: len(self.model.source) > 1)
    @rule(index=which)
    def delete(self, index: int) -> None:
        name = self.pick(index).name
        self.gone[name] = self.model.source.pop(name)
        self.shop.delete(name)

    @precondition(lambda self: self.gone)
    @rule(index=which)
    def insert_again(self, index: int) -> None:
        name = sorted(self.gone)[index % len(self.gone)]
        payment = self.gone.pop(name)
        self.shop.transaction(name, **payment.columns())
        self.model.source[name] = payment
        self.model.reborn.add(name)

    @rule(days=st.integers(-2, 3))
    def step_clock(self, days: int) -> None:
        self.console.clock.now += timedelta(days=days)

    @rule()
    def restart(self) -> None:
        self.console.restart()

    @rule()
    def read(self) -> None:
        self.console.clock.now += timedelta(seconds=1)
        self.read_source()
        self.model.read(self.console.clock.now)
        self.compare()

    def read_source(self) -> None:
        self.console.once()

    def compare(self) -> None:
        now = self.console.clock.now
        snapshot = self.console.reader.snapshot()
        assert set(self.console.current()) == set(self.model.seen)
        unreadable = {name for name, row in self.model.source.items() if not row.readable}
        assert len(self.console.rejected("transactions")) == len(unreadable)
        days = self.model.days()
        figures = revenue.revenue(
            ENGINE,
            snapshot,
            start=datetime(2026, 11, 1, tzinfo=ZONE).astimezone(UTC),
            end=datetime(2027, 6, 1, tzinfo=ZONE).astimezone(UTC),
            grain=Grain.DAY,
            zone=ZONE,
            now=now,
            sample_prefixes=SAMPLES,
        )
        names = ("attempts", "captured", "refunded", "failed", "gross", "refunds")
        told = {
            (date.fromisoformat(row["window_label"][:10]), row["currency"]): {
                name: row[name] for name in names if row[name]
            }
            for row in figures.to_dicts()
        }
        assert {key: row for key, row in told.items() if row} == {
            key: +Counter({n: v for n, v in row.items() if v > 0})
            | {n: v for n, v in row.items() if v < 0}
            for key, row in days.items()
        }
        totals = revenue.totals(
            ENGINE,
            snapshot,
            start=datetime(2000, 1, 1, tzinfo=UTC),
            end=datetime(2100, 1, 1, tzinfo=UTC),
            zone=ZONE,
            now=now,
            sample_prefixes=SAMPLES,
        )
        net: Counter[str] = Counter()
        for (_, currency), row in days.items():
            net[currency] += row["gross"] - row["refunds"]
        assert {row["currency"]: row["net"] for row in totals.to_dicts() if row["net"]} == {
            currency: value for currency, value in net.items() if value
        }
        found = reconcile(
            ENGINE,
            snapshot,
            as_of=now,
            captured_errors=CAPTURED_ERRORS,
            sample_prefixes=SAMPLES,
        )
        told_findings = Counter(found["finding"].to_list())
        del told_findings["suspicious"]
        assert told_findings == self.model.findings(now)
        self.console.assert_sound()


class WatchedShopMachine(ShopMachine):
    """The same with the daemon at work: what it holds in memory must be as true as the store."""

    def __init__(self) -> None:
        super().__init__()
        self.daemon: Daemon | None = None

    def restart(self) -> None:
        self.console.restart()
        if self.daemon is not None:
            self.daemon.daemon.shutdown()
            self.daemon = None

    def read_source(self) -> None:
        if self.daemon is None:
            self.daemon = self.stack.enter_context(self.console.daemon())
        # Time for a whole comparison, all at one moment of the wall clock.
        now = self.console.clock.now
        for _ in range(12):
            self.console.clock.monotonic += 3
            self.daemon.daemon.loop(now)


few = settings(
    max_examples=12,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestReadOnce = ShopMachine.TestCase
TestReadOnce.settings = few
TestDaemon = WatchedShopMachine.TestCase
TestDaemon.settings = few
pytestmark = pytest.mark.slow
