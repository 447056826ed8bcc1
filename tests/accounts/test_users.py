"""Users, links and tokens: what may be changed, by whom, and what never may."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.accounts.house import GOOD, HERE, OTHER, SHELL, Clock, Counting
from vcanalytics.accounts import (
    AccountError,
    Accounts,
    Forbidden,
    Principal,
    Refused,
    Role,
    WeakPassword,
)
from vcanalytics.accounts.names import NAME_CHARS_MAX, folded, read_name
from vcanalytics.accounts.passwords import check_password


def test_each_role_may_what_those_before_it_may() -> None:
    allowed = {(a, b) for a in Role for b in Role if a.allows(b)}
    viewer, operator, admin = Role
    assert allowed == {
        (viewer, viewer),
        (operator, viewer),
        (operator, operator),
        (admin, viewer),
        (admin, operator),
        (admin, admin),
    }


@given(st.text(max_size=300))
def test_a_name_is_read_the_same_twice_or_refused(text: str) -> None:
    try:
        name = read_name(text)
    except AccountError:
        return
    assert read_name(name) == name
    assert name.isprintable()
    assert name == name.strip()
    assert 1 <= len(name) <= NAME_CHARS_MAX
    assert folded(name) == folded(name.casefold())


@pytest.mark.parametrize(
    "name", ["", "  ", "a\nb", "a\x00", "x" * 65, "\u200b", "token:ci", "Command:x"]
)
def test_names_that_are_none_are_refused(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError):
        accounts.add_user(name, GOOD, Role.VIEWER, by=SHELL)
    with pytest.raises(AccountError):
        accounts.create_token(name, Role.VIEWER, by=SHELL)
    assert accounts.users() == []


@pytest.mark.parametrize(
    "name", ["Zoë", "o'brien", "<b>bold</b>", "山田", "a@b.example", "1", "x; DROP"]
)
def test_any_name_that_prints_is_fine(accounts: Accounts, name: str) -> None:
    accounts.add_user(name, GOOD, Role.VIEWER, by=SHELL)
    assert accounts.sign_in(name, GOOD, address=HERE).principal.name == name
    with pytest.raises(AccountError, match="already"):
        accounts.add_user(name.upper(), GOOD, Role.VIEWER, by=SHELL)


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("zk4q9", "shorter than 12"),
        ("elevenchars", "shorter than 12"),
        ("x" * 257, "longer than 256"),
        ("\ufdfa", "shorter than 12"),
        ("password1234", "first that a guesser tries"),
        ("PASSWORD1234", "first that a guesser tries"),
        ("qwertyuiop123", "first that a guesser tries"),
        ("123456789012", "first that a guesser tries"),
        ("aaaaaaaaaaaaaaaa", "first that a guesser tries"),
        ("letmeinletmein", "first that a guesser tries"),
        ("administrator", "first that a guesser tries"),
        ("vectorcraft2026", "first that a guesser tries"),
        ("annabellenovak", "user's name"),
        ("AnnabelleNovak1", "user's name"),
        ("x" * 11 + "\udcff", "no character"),
    ],
)
def test_weak_passwords_are_refused(accounts: Accounts, password: str, says: str) -> None:
    with pytest.raises(WeakPassword, match=says) as caught:
        accounts.add_user("annabellenovak", password, Role.VIEWER, by=SHELL)
    assert password not in str(caught.value)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        OTHER,
        "zk4 Ÿ\t\x00\u200b🐎 ' -- <b>",
        "kRf7-wq9Z-xt2",
        "x9" * 6 + "\nline two",
        "é" * 3 + GOOD,
    ],
)
def test_any_character_and_length_is_fine(accounts: Accounts, password: str) -> None:
    accounts.add_user("ada", password, Role.VIEWER, by=SHELL)
    accounts.sign_in("ada", password, address=HERE)


def test_256_characters_are_fine() -> None:
    assert len(check_password("w8 oP-" * 42 + "wxyz", "ada")) == 256


def test_users_are_listed_as_they_stand(
    accounts: Accounts, clock: Clock, ada: Principal, bob: Principal
) -> None:
    accounts.sign_in("bob", GOOD, address=HERE)
    listed = {user.name: user for user in accounts.users()}
    assert list(listed) == ["ada", "bob"]
    assert (listed["bob"].role, listed["bob"].disabled, listed["bob"].sessions) == (
        Role.VIEWER,
        False,
        2,
    )
    assert listed["bob"].last_sign_in_at == clock.now
    accounts.disable("bob", by=ada)
    (row,) = [user for user in accounts.users() if user.name == "bob"]
    assert (row.disabled, row.sessions) == (True, 0)


def test_the_last_admin_stays(accounts: Accounts, ada: Principal) -> None:
    with pytest.raises(AccountError, match="last admin"):
        accounts.disable("ada", by=ada)
    with pytest.raises(AccountError, match="last admin"):
        accounts.set_role("ADA", Role.OPERATOR, by=SHELL)
    accounts.add_user("eve", GOOD, Role.ADMIN, by=ada)
    accounts.disable("eve", by=ada)
    with pytest.raises(AccountError, match="last admin"):
        accounts.disable("ada", by=ada)
    accounts.enable("eve", by=ada)
    accounts.set_role("ada", Role.VIEWER, by=SHELL)
    with pytest.raises(AccountError, match="last admin"):
        accounts.disable("eve", by=SHELL)


Change = Callable[[Accounts, Principal], object]
ADMINS: list[Change] = [
    lambda a, by: a.add_user("new", GOOD, Role.VIEWER, by=by),
    lambda a, by: a.set_role("bob", Role.ADMIN, by=by),
    lambda a, by: a.disable("ada", by=by),
    lambda a, by: a.enable("bob", by=by),
    lambda a, by: a.set_password("ada", OTHER, by=by),
    lambda a, by: a.set_password("bob", OTHER, by=by),
    lambda a, by: a.invite("new", Role.ADMIN, by=by),
    lambda a, by: a.withdraw("new", by=by),
    lambda a, by: a.create_token("new", Role.ADMIN, by=by),
    lambda a, by: a.revoke_token("new", by=by),
    lambda a, by: a.sign_out_everywhere("ada", by=by),
]


@pytest.mark.parametrize("change", ADMINS)
def test_only_an_admin_changes_others_and_a_refusal_is_noted(
    accounts: Accounts, ada: Principal, bob: Principal, change: Change
) -> None:
    secret = accounts.create_token("ci", Role.OPERATOR, by=ada)
    token = accounts.bearer(secret)
    assert token is not None
    users, before = accounts.users(), accounts.audit_count(action="refused")
    for who in (bob, token, Principal("carol", Role.VIEWER, None, None)):
        with pytest.raises(Forbidden):
            change(accounts, who)
    assert accounts.users() == users
    assert accounts.audit_count(action="refused") == before + 3
    assert {e.actor for e in accounts.audit(action="refused")} == {"bob", "token:ci", "carol"}


@pytest.mark.parametrize("change", ADMINS)
def test_a_page_that_was_opened_as_admin_may_nothing_once_that_is_over(
    accounts: Accounts, ada: Principal, change: Change
) -> None:
    accounts.add_user("bob", GOOD, Role.VIEWER, by=ada)
    accounts.add_user("eve", GOOD, Role.ADMIN, by=ada)
    eve = accounts.sign_in("eve", GOOD, address=HERE).principal
    accounts.set_role("eve", Role.OPERATOR, by=ada)
    with pytest.raises(Forbidden, match="only an admin"):
        change(accounts, eve)
    accounts.set_role("eve", Role.ADMIN, by=ada)
    accounts.sign_out_everywhere("eve", by=ada)
    with pytest.raises(Forbidden, match="ended"):
        change(accounts, eve)


# Links


def test_the_first_link_makes_one_admin_once(accounts: Accounts, clock: Clock) -> None:
    older, link = accounts.first_link(), accounts.first_link()
    assert older is not None
    assert link is not None
    assert accounts.invitation(older) is None
    found = accounts.invitation(link)
    assert found is not None
    assert (found.name, found.role) == (None, Role.ADMIN)
    with pytest.raises(WeakPassword):
        accounts.redeem(link, "ada", "password1234", address=HERE)
    with pytest.raises(AccountError):
        accounts.redeem(link, "", GOOD, address=HERE)
    signed_in = accounts.redeem(link, "Ada", GOOD, address=HERE)
    assert accounts.principal(signed_in.secret) == signed_in.principal
    assert signed_in.principal.role is Role.ADMIN
    for secret in (older, link):
        with pytest.raises(Refused):
            accounts.redeem(secret, "eve", GOOD, address=HERE)
    assert accounts.first_link() is None


def test_the_first_link_dies_with_the_first_user_and_after_a_day(
    accounts: Accounts, clock: Clock
) -> None:
    link = accounts.first_link()
    assert link is not None
    clock.move(hours=24)
    assert accounts.invitation(link) is None
    link = accounts.first_link()
    assert link is not None
    accounts.add_user("ada", GOOD, Role.ADMIN, by=SHELL)
    assert accounts.invitation(link) is None
    with pytest.raises(Refused):
        accounts.redeem(link, "eve", GOOD, address=HERE)


def test_an_invitation_gives_its_name_and_role_and_no_other(
    accounts: Accounts, clock: Clock, ada: Principal
) -> None:
    older, link = (accounts.invite("bob", Role.OPERATOR, by=ada) for _ in range(2))
    assert accounts.invitation(older) is None
    assert [(i.name, i.role, i.created_by) for i in accounts.invitations()] == [
        ("bob", Role.OPERATOR, "ada")
    ]
    signed_in = accounts.redeem(link, "ada", GOOD, address=HERE)
    assert (signed_in.principal.name, signed_in.principal.role) == ("bob", Role.OPERATOR)
    with pytest.raises(Refused):
        accounts.redeem(link, "bob", GOOD, address=HERE)
    with pytest.raises(AccountError, match="already"):
        accounts.invite("BOB", Role.VIEWER, by=ada)
    late = accounts.invite("eve", Role.VIEWER, by=ada)
    clock.move(hours=72)
    with pytest.raises(Refused):
        accounts.redeem(late, "", GOOD, address=HERE)
    assert accounts.invitations() == []


def test_invitations_of_an_admin_who_is_none_any_more_are_taken_back(
    accounts: Accounts, ada: Principal
) -> None:
    accounts.add_user("eve", GOOD, Role.ADMIN, by=ada)
    eve = accounts.sign_in("eve", GOOD, address=HERE).principal
    link = accounts.invite("mallory", Role.ADMIN, by=eve)
    mine = accounts.invite("bob", Role.VIEWER, by=ada)
    accounts.disable("eve", by=ada)
    assert accounts.invitation(link) is None
    assert accounts.invitation(mine) is not None
    accounts.withdraw("BOB", by=ada)
    assert accounts.invitation(mine) is None


# Tokens


def test_a_token_acts_in_its_role_until_it_is_revoked(
    accounts: Accounts, clock: Clock, ada: Principal
) -> None:
    secret = accounts.create_token("CI", Role.OPERATOR, by=ada)
    assert secret.startswith("vc_")
    assert accounts.bearer(secret) == Principal("CI", Role.OPERATOR, None, "CI")
    assert accounts.principal(secret.removeprefix("vc_")) is None
    with pytest.raises(AccountError, match="already"):
        accounts.create_token("ci", Role.ADMIN, by=ada)
    clock.move(minutes=2)
    accounts.bearer(secret)
    (token,) = accounts.tokens()
    assert (token.name, token.created_by, token.last_used_at) == ("CI", "ada", clock.now)
    accounts.revoke_token("ci", by=ada)
    assert accounts.bearer(secret) is None
    assert accounts.bearer(accounts.create_token("ci", Role.ADMIN, by=ada)) is not None


def test_an_admins_token_manages_users_until_it_is_revoked(
    accounts: Accounts, ada: Principal
) -> None:
    robot = accounts.bearer(accounts.create_token("robot", Role.ADMIN, by=ada))
    assert robot is not None
    accounts.add_user("bob", GOOD, Role.VIEWER, by=robot)
    assert accounts.audit(action="user_added")[0].actor == "token:robot"
    accounts.revoke_token("robot", by=ada)
    with pytest.raises(Forbidden):
        accounts.disable("bob", by=robot)
    with pytest.raises(Refused):
        accounts.change_password(GOOD, OTHER, by=robot)


def test_a_new_password_ends_the_users_sessions_and_waits(
    accounts: Accounts, ada: Principal, bob: Principal, hasher: Counting
) -> None:
    for _ in range(5):
        with pytest.raises(Refused):
            accounts.sign_in("bob", OTHER, address="198.51.100.7")
    accounts.set_password("bob", OTHER, by=ada)
    assert accounts.sessions("bob") == []
    accounts.sign_in("bob", OTHER, address="198.51.100.7")
    accounts.set_password("ada", OTHER, by=ada)
    assert [s.number for s in accounts.sessions("ada")] == [ada.session]
