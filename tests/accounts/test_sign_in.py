"""Signing in: one hash whoever asks, one answer whatever is wrong."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.accounts.house import GOOD, HERE, OTHER, SHELL, Clock, Counting
from vcanalytics.accounts import (
    AccountError,
    Accounts,
    Argon2,
    Principal,
    Refused,
    Role,
    Throttled,
)
from vcanalytics.accounts.passwords import Slots

HOSTILE = [
    "",
    " ",
    "'; DROP TABLE user; --",
    '" OR 1=1 --',
    "<script>alert(1)</script>",
    "bob\x00",
    "ada\r\nSet-Cookie: x=y",
    "\x1b[2J",
    "\udcff\ud800",
    "\u202eada",
    "x" * 10_240,
    "\ufdfa" * 256,
    "%s%n{0}",
    "../../etc/passwd",
]


def test_a_user_signs_in_by_a_name_in_any_case(accounts: Accounts, ada: Principal) -> None:
    for name in ("ada", "ADA", "  Ada ", "ａｄａ"):
        principal = accounts.sign_in(name, GOOD, address=HERE).principal
        assert (principal.name, principal.role, principal.token) == ("ada", Role.ADMIN, None)


def test_a_password_composed_differently_is_the_same(accounts: Accounts) -> None:
    accounts.add_user("zoe", "na\u00efve caf\u00e9 \u00e0 la mode", Role.VIEWER, by=SHELL)
    accounts.sign_in("zoe", "nai\u0308ve cafe\u0301 a\u0300 la mode", address=HERE)


def test_what_is_wrong_is_not_told_and_costs_one_look(
    accounts: Accounts, hasher: Counting, bob: Principal
) -> None:
    accounts.add_user("eve", GOOD, Role.VIEWER, by=SHELL)
    accounts.disable("eve", by=SHELL)
    said = set()
    for name, password in (
        ("bob", OTHER),
        ("nobody", OTHER),
        ("eve", GOOD),
        ("eve", OTHER),
        ("bob", "x" * 10_000),
        ("nobody", "x" * 10_000),
    ):
        before = (hasher.looks, hasher.hashes)
        with pytest.raises(Refused) as caught:
            accounts.sign_in(name, password, address=HERE)
        said.add(str(caught.value))
        assert (hasher.looks - before[0], hasher.hashes - before[1]) == (1, 0), name
    assert len(said) == 1


def test_argon2s_nobody_fits_no_password_and_costs_as_much_as_a_real_one() -> None:
    hasher = Argon2()
    real, nobody = hasher.hash(GOOD), hasher.nobody()
    assert nobody.split("$")[:4] == real.split("$")[:4]
    assert [len(part) for part in nobody.split("$")] == [len(part) for part in real.split("$")]
    assert hasher.verify(real, GOOD)
    assert not hasher.verify(real, OTHER)
    assert not hasher.verify(nobody, "")
    assert not hasher.verify(real, "\udcff")
    assert not hasher.outdated(real)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_refused_like_any_other(
    accounts: Accounts, ada: Principal, text: str
) -> None:
    for name, password in ((text, GOOD), ("ada", text), (text, text)):
        with pytest.raises(Refused):
            accounts.sign_in(name, password, address=text, agent=text)
    assert accounts.principal(text) is None
    assert accounts.bearer(text) is None
    assert accounts.bearer(f"vc_{text}") is None
    assert accounts.invitation(text) is None
    accounts.sign_out(text)
    signed_in = accounts.sign_in("ada", GOOD, address=text, agent=text)
    (session,) = [s for s in accounts.sessions() if s.number == signed_in.principal.session]
    assert session.address.isprintable()
    assert session.agent.isprintable()
    assert max(len(session.address), len(session.agent)) <= 200
    assert [user.name for user in accounts.users()] == ["ada"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_names_nobody(accounts: Accounts, ada: Principal, text: str) -> None:
    for change in (
        lambda: accounts.disable(text, by=ada),
        lambda: accounts.set_role(text, Role.VIEWER, by=ada),
        lambda: accounts.set_password(text, OTHER, by=ada),
        lambda: accounts.revoke_token(text, by=ada),
        lambda: accounts.withdraw(text, by=ada),
        lambda: accounts.sessions(text),
    ):
        with pytest.raises(AccountError):
            change()


def test_too_many_tries_are_refused_at_once_without_a_look(
    accounts: Accounts, hasher: Counting, clock: Clock, bob: Principal
) -> None:
    for _ in range(5):
        with pytest.raises(Refused):
            accounts.sign_in("bob", OTHER, address="198.51.100.7")
    looks = hasher.looks
    with pytest.raises(Throttled) as caught:
        accounts.sign_in("bob", GOOD, address="198.51.100.7")
    assert caught.value.retry_after_s == 1
    assert hasher.looks == looks
    clock.move(seconds=1)
    accounts.sign_in("bob", GOOD, address="198.51.100.7")


def test_a_strangers_guesses_do_not_lock_out_the_user_at_their_own_desk(
    accounts: Accounts, clock: Clock, bob: Principal
) -> None:
    for number in range(12):
        clock.move(seconds=1_000)
        with pytest.raises(Refused):
            accounts.sign_in("bob", OTHER, address=f"198.51.100.{number}")
    with pytest.raises(Throttled):
        accounts.sign_in("bob", GOOD, address="203.0.113.9")
    accounts.sign_in("bob", GOOD, address=HERE)


def test_waits_survive_a_restart(
    accounts: Accounts, clock: Clock, bob: Principal, tmp_path: Path
) -> None:
    for _ in range(5):
        with pytest.raises(Refused):
            accounts.sign_in("bob", OTHER, address="198.51.100.7")
    accounts.close()
    again = Accounts.open(tmp_path, clock=clock, hasher=Counting())
    with pytest.raises(Throttled):
        again.sign_in("bob", GOOD, address="198.51.100.7")
    again.close()


def test_many_tries_at_once_are_no_way_around(
    accounts: Accounts, hasher: Counting, bob: Principal
) -> None:
    looks = hasher.looks

    def guess() -> None:
        with suppress(Refused, Throttled):
            accounts.sign_in("bob", OTHER, address="198.51.100.7")

    threads = [threading.Thread(target=guess) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert hasher.looks - looks <= 5


def test_more_hashes_than_may_wait_are_refused_at_once() -> None:
    slots = Slots(at_once=1, waiting=0)
    with slots.taken():
        with pytest.raises(Throttled) as caught, slots.taken():
            pass
        assert caught.value.retry_after_s == 1
    with slots.taken():
        pass


def test_a_password_is_hashed_anew_where_the_parameters_have_changed(
    accounts: Accounts, hasher: Counting, bob: Principal
) -> None:
    hashes = hasher.hashes
    hasher.version = 2
    accounts.sign_in("bob", GOOD, address=HERE)
    accounts.sign_in("bob", GOOD, address=HERE)
    assert hasher.hashes == hashes + 1


def test_who_is_disabled_while_the_hash_is_computed_stays_out(
    accounts: Accounts, hasher: Counting, bob: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = hasher.verify

    def slow(encoded: str, password: str) -> bool:
        accounts.disable("bob", by=SHELL)
        return verify(encoded, password)

    monkeypatch.setattr(hasher, "verify", slow)
    with pytest.raises(Refused):
        accounts.sign_in("bob", GOOD, address=HERE)
    assert accounts.sessions("bob") == []


def test_a_password_that_is_changed_while_the_hash_is_computed_is_no_good(
    accounts: Accounts, hasher: Counting, bob: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = hasher.verify

    def slow(encoded: str, password: str) -> bool:
        accounts.set_password("bob", OTHER, by=SHELL)
        return verify(encoded, password)

    monkeypatch.setattr(hasher, "verify", slow)
    with pytest.raises(Refused):
        accounts.sign_in("bob", GOOD, address=HERE)
    assert accounts.sessions("bob") == []


def test_own_password_is_changed_with_the_old_one(accounts: Accounts, bob: Principal) -> None:
    other = accounts.sign_in("bob", GOOD, address=HERE)
    with pytest.raises(Refused):
        accounts.change_password(OTHER, OTHER, by=bob)
    accounts.change_password(GOOD, OTHER, by=bob)
    assert [s.number for s in accounts.sessions("bob")] == [bob.session]
    assert accounts.principal(other.secret) is None
    accounts.sign_in("bob", OTHER, address=HERE)
    with pytest.raises(Refused):
        accounts.sign_in("bob", GOOD, address=HERE)
