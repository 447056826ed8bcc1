"""Back-off: properties of the wait, and whose tries are counted together."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.accounts.house import START
from vcanalytics.accounts import Throttled, schema, throttle
from vcanalytics.accounts.database import Database
from vcanalytics.accounts.throttle import WAIT_S_MAX, counters, place_of, wait_s


@given(st.integers(1, 100))
def test_waits_begin_after_the_free_tries_never_shrink_and_end_at_the_longest(tries: int) -> None:
    waits = [wait_s(failures, tries) for failures in range(200)]
    assert all(wait == 0 for wait in waits[:tries])
    assert all(wait > 0 for wait in waits[tries:])
    assert all(a <= b <= max(1, 2 * a) for a, b in pairwise(waits))
    assert max(waits) == WAIT_S_MAX
    assert wait_s(10**9, tries) == WAIT_S_MAX


# Each try comes so many seconds after the one before; one in three is right.
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.integers(-5, 2_000), st.booleans()), max_size=40), st.integers(1, 6))
def test_no_more_tries_pass_than_the_waits_allow(
    tmp_path: Path, steps: list[tuple[int, bool]], tries: int
) -> None:
    database = Database.open(tmp_path)
    account, address = counters(1, "", "192.0.2.1", known=False, tries=tries)
    with database.write() as connection:
        connection.execute(schema.throttle.delete())
    now, failures, failed_at = START, 0, START
    for seconds, right in steps:
        now += timedelta(seconds=seconds)
        since = (now - failed_at).total_seconds()
        waits = 0 <= since < wait_s(failures, tries)
        with database.write() as connection:
            if waits:
                with pytest.raises(Throttled) as caught:
                    throttle.count(connection, (account,), now)
                assert 1 <= caught.value.retry_after_s <= WAIT_S_MAX
                assert caught.value.retry_after_s >= wait_s(failures, tries) - since
                continue
            throttle.count(connection, (account,), now)
            failures, failed_at = failures + 1, now
            if right:
                throttle.forgive(connection, account, address)
                failures = 0
    database.close()


def test_an_address_has_only_the_right_try_back(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    account, address = counters(1, "", "192.0.2.1", known=False, tries=2)
    with database.write() as connection:
        for _ in range(7):
            throttle.count(connection, (address,), START)
        throttle.count(connection, (account, address), START)
        throttle.forgive(connection, account, address)
        throttle.count(connection, (address,), START)
        with pytest.raises(Throttled):
            throttle.check(connection, (address,), START)
        throttle.check(connection, (account,), START)
    database.close()


def test_counters_are_forgotten_after_a_day(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    (account, address) = counters(1, "", "192.0.2.1", known=False, tries=1)
    later = START + throttle.FORGOTTEN_AFTER
    with database.write() as connection:
        throttle.count(connection, (account, address), START)
        throttle.count(connection, (address,), later + timedelta(seconds=1))
        kept = connection.execute(select(schema.throttle.c.key)).scalars().all()
    assert kept == [address.key]
    database.close()


def test_one_customers_network_is_one_address() -> None:
    assert place_of("2001:db8::1") == place_of("2001:db8::ffff:1") != place_of("2001:db8:0:1::1")
    assert place_of("::ffff:192.0.2.1") == place_of("192.0.2.1") != place_of("192.0.2.2")
    assert place_of("unix") != place_of("other")
    assert len(place_of("x" * 10_000)) < 30


def test_unknown_names_are_counted_like_users_and_not_kept(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    keys = {
        counters(None, f"my password {number}", "192.0.2.1", known=False, tries=5)[0].key
        for number in range(200)
    }
    assert len(keys) > 190
    assert not any("password" in key for key in keys)
    assert all(int(key.removeprefix("name:")) < 65_536 for key in keys)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(schema.throttle)).scalar() == 0
    database.close()
