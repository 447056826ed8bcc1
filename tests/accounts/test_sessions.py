"""Sessions: how long they live, who ends them, and what others see of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.accounts.house import GOOD, HERE, SHELL, START, Clock, Counting
from vcanalytics.accounts import AccountError, Accounts, Forbidden, Lifetime, Principal, Role
from vcanalytics.accounts.sessions import PER_USER_MAX


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    idle=st.integers(1, 300),
    whole=st.integers(1, 1_000),
    gaps=st.lists(st.integers(0, 400), max_size=15),
)
def test_a_session_lives_while_it_is_used_and_young(
    tmp_path: Path, idle: int, whole: int, gaps: list[int]
) -> None:
    """All in minutes: it was last seen to the minute."""
    clock = Clock()
    lifetime = Lifetime(timedelta(minutes=idle), timedelta(minutes=whole))
    accounts = Accounts.open(tmp_path, clock=clock, hasher=Counting(), lifetime=lifetime)
    if not accounts.has_users():
        accounts.add_user("ada", GOOD, Role.ADMIN, by=SHELL)
    signed_in = accounts.sign_in("ada", GOOD, address=HERE)
    assert signed_in.principal.session is not None
    number = signed_in.principal.session
    age, alive = 0, True
    for gap in gaps:
        clock.move(minutes=gap)
        age += gap
        alive = alive and gap < idle and age < whole
        assert accounts.live_sessions([number, -1]) == ({number} if alive else set())
        assert (number in [s.number for s in accounts.sessions("ada")]) is alive
        assert accounts.principal(signed_in.secret) == (signed_in.principal if alive else None)
    accounts.close()


def test_a_look_that_is_not_the_users_leaves_a_session_as_idle_as_it_was(
    accounts: Accounts, clock: Clock, ada: Principal
) -> None:
    signed_in = accounts.sign_in("ada", GOOD, address=HERE)
    for _ in range(11):
        clock.move(hours=1)
        assert accounts.principal(signed_in.secret, touch=False) is not None
    clock.move(hours=1)
    assert accounts.principal(signed_in.secret, touch=False) is None


def test_when_it_was_last_seen_is_written_at_most_once_a_minute(
    accounts: Accounts, clock: Clock, ada: Principal
) -> None:
    signed_in = accounts.sign_in("ada", GOOD, address=HERE)
    before = accounts.token()
    for _ in range(50):
        clock.move(seconds=1)
        accounts.principal(signed_in.secret)
    assert accounts.token() == before
    clock.move(seconds=10)
    accounts.principal(signed_in.secret)
    assert accounts.token() != before


def test_secrets_are_new_at_every_sign_in_and_one_session_is_not_the_other(
    accounts: Accounts, ada: Principal
) -> None:
    first, second = (accounts.sign_in("ada", GOOD, address=HERE) for _ in range(2))
    assert first.secret != second.secret
    assert len(first.secret) == 43
    accounts.sign_out(first.secret)
    assert accounts.principal(first.secret) is None
    assert accounts.principal(second.secret) == second.principal


def test_what_another_process_does_is_seen_by_the_next_request(
    accounts: Accounts, clock: Clock, ada: Principal, tmp_path: Path
) -> None:
    accounts.add_user("bob", GOOD, Role.VIEWER, by=ada)
    signed_in = accounts.sign_in("bob", GOOD, address=HERE)
    assert accounts.principal(signed_in.secret) is not None
    other = Accounts.open(tmp_path, clock=clock, hasher=Counting())
    before = accounts.token()
    other.set_role("bob", Role.OPERATOR, by=SHELL)
    assert accounts.token() != before
    changed = accounts.principal(signed_in.secret)
    assert changed is not None
    assert changed.role is Role.OPERATOR
    other.disable("bob", by=SHELL)
    assert accounts.principal(signed_in.secret) is None
    other.enable("bob", by=SHELL)
    assert accounts.principal(signed_in.secret) is None
    other.close()


def test_sessions_survive_a_restart(
    accounts: Accounts, clock: Clock, ada: Principal, tmp_path: Path
) -> None:
    signed_in = accounts.sign_in("ada", GOOD, address=HERE)
    accounts.close()
    again = Accounts.open(tmp_path, clock=clock, hasher=Counting())
    assert again.principal(signed_in.secret) == signed_in.principal
    again.close()


def test_a_user_ends_their_own_sessions_and_nobody_elses(
    accounts: Accounts, ada: Principal, bob: Principal
) -> None:
    other = accounts.sign_in("bob", GOOD, address=HERE)
    assert other.principal.session is not None
    assert ada.session is not None
    accounts.end_session(other.principal.session, by=bob)
    assert accounts.principal(other.secret) is None
    for change in (
        lambda: accounts.end_session(ada.session or 0, by=bob),
        lambda: accounts.sign_out_everywhere("ada", by=bob),
    ):
        with pytest.raises(Forbidden):
            change()
    assert accounts.sign_out_everywhere("bob", by=bob) == 1
    with pytest.raises(Forbidden, match="ended"):
        accounts.sign_out_everywhere("bob", by=bob)
    with pytest.raises(AccountError):
        accounts.end_session(999, by=ada)


def test_a_user_has_only_so_many_sessions(accounts: Accounts, clock: Clock, ada: Principal) -> None:
    for _ in range(PER_USER_MAX + 3):
        clock.move(seconds=1)
        accounts.sign_in("ada", GOOD, address=HERE)
    clock.move(seconds=1)
    last = accounts.sign_in("ada", GOOD, address=HERE)
    numbers = [s.number for s in accounts.sessions("ada")]
    assert len(numbers) == PER_USER_MAX
    assert numbers[0] == last.principal.session
    assert ada.session not in numbers


def test_sessions_tell_where_and_when(accounts: Accounts, clock: Clock, ada: Principal) -> None:
    clock.move(hours=1)
    accounts.sign_in("ada", GOOD, address="2001:db8::7", agent="Mozilla/5.0 (X11)")
    newest = accounts.sessions()[0]
    assert (newest.name, newest.role, newest.address) == ("ada", Role.ADMIN, "2001:db8::7")
    assert newest.agent == "Mozilla/5.0 (X11)"
    assert newest.created_at == newest.last_seen_at == START + timedelta(hours=1)
    assert newest.expires_at == newest.created_at + timedelta(days=7)
