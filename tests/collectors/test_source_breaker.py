"""The source's breaker: opens while it cannot be read, and neither hides nor delays its return."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from collectors.source_breaker import SourceBreaker
from collectors.vectorcraft import VectorCraft
from tests.collectors.rig import Console, Daemon
from tests.shop import Shop
from vcanalytics.breakers import BreakerState, State, find, reset
from vcanalytics.journal import Journal


@pytest.fixture
def away(shop: Shop) -> Path:
    return shop.path.with_name("away.db")


@contextmanager
def reader(console: Console) -> Iterator[Daemon]:
    daemon = VectorCraft(
        console.settings,
        console.settings.source_url,
        console.catalogue,
        lambda: console.clock.monotonic,
        breaker=SourceBreaker(console.settings.store_dir),
    )
    daemon.initialise()
    try:
        yield Daemon(daemon, console.clock)
    finally:
        daemon.shutdown()


def breaker(console: Console) -> BreakerState | None:
    if not (console.settings.store_dir / "journal.db").exists():
        return None
    with (
        closing(Journal.open(console.settings.store_dir)) as journal,
        journal.read() as connection,
    ):
        return find(connection, "source")


def opened(console: Console) -> BreakerState:
    state = breaker(console)
    assert state is not None
    assert state.state is State.OPEN
    return state


def wait_s(console: Console) -> float:
    next_try_at = opened(console).next_try_at
    assert next_try_at is not None
    return (next_try_at - console.clock.now).total_seconds()


def test_a_source_that_is_read_needs_no_breaker(shop: Shop, console: Console) -> None:
    shop.transaction("VC_1")
    with reader(console) as daemon:
        daemon.settle(5)
    assert breaker(console) is None


def test_it_opens_while_the_source_is_gone_and_closes_as_it_is_back(
    shop: Shop, console: Console, away: Path
) -> None:
    shop.transaction("VC_1")
    with reader(console) as daemon:
        daemon.settle(5)
        shop.path.rename(away)
        daemon.settle(20)
        state = opened(console)
        assert "is not there" in (state.last_error or "")
        assert state.failures >= 3
        assert state.next_try_at is not None
        # A reader that has just failed waits for five seconds; a file that is back is seen before.
        last = console.fact("source")
        assert last is not None
        away.rename(shop.path)
        daemon.round()
        assert console.fact("source") is None
        closed = breaker(console)
        assert closed is not None
        assert (closed.state, closed.failures, closed.next_try_at) == (State.CLOSED, 0, None)
        assert "is not there" in (closed.last_error or "")


def test_one_that_an_earlier_run_left_open_is_closed_by_the_first_read(
    shop: Shop, console: Console, away: Path
) -> None:
    shop.path.rename(away)
    with reader(console) as daemon:
        daemon.settle(10)
    opened(console)
    away.rename(shop.path)
    with reader(console) as daemon:
        daemon.round()
    closed = breaker(console)
    assert closed is not None
    assert closed.state is State.CLOSED


def test_a_reset_ends_the_wait(shop: Shop, console: Console) -> None:
    with reader(console) as daemon:
        daemon.settle(5)
        # The same file, unreadable and readable again: nothing tells but the next try.
        whole = shop.path.read_bytes()
        shop.path.write_bytes(b"no database" * 1_000)
        daemon.settle(20)
        daemon.until(lambda: wait_s(console) > 4.4)
        shop.path.write_bytes(whole)
        daemon.round(1.5)
        assert wait_s(console) > 2
        with (
            closing(Journal.open(console.settings.store_dir)) as journal,
            journal.write() as connection,
        ):
            assert reset(connection, "source", "ada", now=console.clock.now)
        daemon.round(1.1)
        closed = breaker(console)
        assert closed is not None
        assert (closed.state, closed.reset_by) == (State.CLOSED, "ada")
        assert console.fact("source") is None
