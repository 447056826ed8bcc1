"""A model shop against the console: after every read the figures are the model's own."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.collectors.rig import Console, Daemon
from tests.collectors.shop_model import (
    AMOUNTS,
    AT_FAULT,
    EMAILS,
    SAMPLES,
    ZONE,
    Case,
    Model,
    Payment,
)
from tests.shop import make_shop
from vcanalytics.analytics import failures, revenue
from vcanalytics.analytics.candidates import ALONE
from vcanalytics.analytics.desk import BY_HAND, standing
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.reconcile import reconcile
from vcanalytics.journal import Journal, case_following, cases
from vcanalytics.journal.case_records import TO_DO
from vcanalytics.model.windows import Grain
from vcanalytics.settings import CAPTURED_ERRORS

amounts = st.sampled_from(list(AMOUNTS))
currencies = st.sampled_from([None, "USD", "EUR", "JPY", "KWD", "eur", "dollars"])
ages = st.timedeltas(timedelta(minutes=-10), timedelta(days=6)).map(
    lambda age: timedelta(seconds=age // timedelta(seconds=1))
)
which = st.integers(0, 999)

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
        self.journal = self.stack.enter_context(closing(Journal.open(folder / "data")))
        self.model = Model()
        self.gone: dict[str, Payment] = {}
        self.made = 0
        # A source never looks emptied: its ids never go back, and few rows go at once.
        self.begin_row("VC_0", 49, timedelta(days=1))

    def teardown(self) -> None:
        self.stack.close()

    def begin_row(self, name: str, amount: object, age: timedelta, email: str = EMAILS[0]) -> None:
        begun = (self.console.clock.now - age).replace(microsecond=0)
        payment = Payment(name, amount, begun, email=email)
        self.shop.transaction(name, **payment.columns())
        self.model.source[name] = payment

    def change(self, index: int, **columns: Any) -> None:
        name = sorted(self.model.source)[index % len(self.model.source)]
        payment = replace(self.model.source[name], **columns)
        self.model.source[name] = payment
        self.shop.update(name, **payment.columns())

    def pick(self, index: int) -> Payment:
        return self.model.source[sorted(self.model.source)[index % len(self.model.source)]]

    @rule(
        amount=amounts,
        age=ages,
        prefix=st.sampled_from(["VC_", "VC_", "VC_", "TEST_"]),
        email=st.sampled_from(EMAILS),
    )
    def begin(self, amount: object, age: timedelta, prefix: str, email: str) -> None:
        self.made += 1
        self.begin_row(f"{prefix}{self.made}", amount, age, email)

    @rule(age=ages, email=st.sampled_from(EMAILS), apart=st.integers(15, 25))
    def try_again_and_again(self, age: timedelta, email: str, apart: int) -> None:
        """Four attempts, within an hour or a little more."""
        for number in range(4):
            self.made += 1
            later = timedelta(minutes=apart) * number
            self.begin_row(f"VC_{self.made}", 49, age - later, email)

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
        assert told_findings == self.model.findings(now)
        self.compare_failures()
        self.follow(found, now)
        self.console.assert_sound()

    def compare_failures(self) -> None:
        told = failures.patterns(
            ENGINE,
            self.console.reader.snapshot(),
            start=datetime(2026, 1, 1, tzinfo=UTC),
            end=datetime(2028, 1, 1, tzinfo=UTC),
            captured_errors=CAPTURED_ERRORS,
            sample_prefixes=SAMPLES,
        ).filter(pl.col("currency").is_not_null())
        names = ("finding", "example", "currency", "count", "amount")
        assert {
            (finding, message, currency): (count, amount or 0)
            for finding, message, currency, count, amount in told.select(names).iter_rows()
        } == self.model.failures()

    def follow(self, found: pl.DataFrame, now: datetime) -> None:
        """A case for each finding that there is to work on, to do for as long as it is there."""
        with self.journal.write() as connection:
            case_following.follow(connection, now, standing(found), only_known=BY_HAND)
            kept = cases.every(connection)
        here = Counter(case.key.finding for case in kept if case.state in TO_DO)
        assert all(case.standing == (case.state in TO_DO) for case in kept)
        told = self.model.findings(now)
        for name in ALONE - BY_HAND | {"refund_without_case"}:
            assert here[name] == told[name], name
        # Of several cases decided without a refund, a payment is one.
        assert (here["case_without_refund"] > 0) == (told["case_without_refund"] > 0)


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
    max_examples=5,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestReadOnce = ShopMachine.TestCase
TestReadOnce.settings = few
TestDaemon = WatchedShopMachine.TestCase
TestDaemon.settings = few
pytestmark = pytest.mark.slow
