"""Who looks at a page is asked of the accounts each time, and a refusal is written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app_runner import AppTest
from tests.pages.console import console_on
from tests.pages.signed_in import open_quick, signed_in
from tests.pages.viewer import claims
from vcanalytics.accounts import Accounts, Entry, Role

ASKS = """
import streamlit as st
from vcanalytics.accounts import Role
from vcanalytics.ui import who

me = who.principal()
st.text(f"{me.name}, {me.role}" if me else "nobody")
st.text("may" if who.may(Role.OPERATOR) else "may not")
"""
NEEDS = """
import streamlit as st
from vcanalytics.accounts import Role
from vcanalytics.ui import who

try:
    st.text(who.require(Role.ADMIN, "clear the cache", target="live").name)
except who.NotAllowed as error:
    st.text(str(error))
"""


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    with console_on(tmp_path / "data"):
        opened = open_quick()
        yield opened
        opened.close()


def run(script: str, claimed: dict[str, str], app: AppTest | None = None) -> list[str]:
    if app is None:
        app = AppTest.from_string(script, default_timeout=30)
    app.user = dict(claimed)
    app.run()
    assert list(app.exception) == []
    return [text.value for text in app.text]


def refusals(accounts: Accounts) -> list[Entry]:
    return accounts.audit(action="refused")


def test_it_is_who_signed_in(accounts: Accounts) -> None:
    assert run(ASKS, claims(signed_in("Zoë *b*", Role.OPERATOR))) == ["Zoë *b*, operator", "may"]


def test_a_role_that_was_changed_counts_at_once(accounts: Accounts) -> None:
    claimed = claims(signed_in("vic", Role.OPERATOR))
    app = AppTest.from_string(ASKS, default_timeout=30)
    assert run(ASKS, claimed, app) == ["vic, operator", "may"]

    accounts.set_role("vic", Role.VIEWER, by="test")

    assert run(ASKS, claimed, app) == ["vic, viewer", "may not"]


def test_what_the_browser_was_told_of_the_role_counts_for_nothing(accounts: Accounts) -> None:
    claimed = claims(signed_in("vic", Role.VIEWER)) | {"role": "admin"}

    assert run(ASKS, claimed) == ["vic, viewer", "may not"]


@pytest.mark.parametrize("how", ["ended", "disabled"])
def test_a_session_that_is_over_is_nobodys(accounts: Accounts, how: str) -> None:
    me = signed_in("vic", Role.VIEWER)
    assert me.session is not None
    if how == "ended":
        accounts.end_session(me.session, by="test")
    else:
        accounts.disable("vic", by="test")

    assert run(ASKS, claims(me)) == ["nobody", "may not"]


@pytest.mark.parametrize("session", ["", "0", "-1", "\u00b2", "9" * 40, "1 OR 1=1", "None"])
def test_a_session_that_is_none_is_nobodys(accounts: Accounts, session: str) -> None:
    assert run(ASKS, claims(signed_in()) | {"session": session}) == ["nobody", "may not"]


def test_a_session_of_somebody_else_is_nobodys(accounts: Accounts) -> None:
    mine, theirs = signed_in("vic", Role.VIEWER), signed_in("ada", Role.ADMIN)

    assert run(ASKS, claims(mine) | {"session": str(theirs.session)}) == ["nobody", "may not"]
    assert run(ASKS, claims(mine) | {"name": "who"}) == ["nobody", "may not"]


def test_without_a_server_in_front_it_is_nobody(accounts: Accounts) -> None:
    assert run(ASKS, {}) == ["nobody", "may not"]


def test_who_may_is_let_through_and_nothing_is_noted(accounts: Accounts) -> None:
    assert run(NEEDS, claims(signed_in("ada", Role.ADMIN))) == ["ada"]
    assert refusals(accounts) == []


def test_who_may_not_is_refused_in_words_and_it_is_written_down(accounts: Accounts) -> None:
    (said,) = run(NEEDS, claims(signed_in("vic", Role.OPERATOR)))

    assert said == "only an admin may clear the cache. You are signed in as vic, operator. Ask one"
    (entry,) = refusals(accounts)
    assert (entry.actor, entry.target) == ("vic", "live")
    assert entry.detail == "clear the cache: needs admin, is operator"


def test_who_was_signed_out_is_refused_and_it_is_written_down(accounts: Accounts) -> None:
    assert run(NEEDS, {"session": "77", "name": "ada"}) == ["you are signed out. Sign in again"]
    (entry,) = refusals(accounts)
    assert (entry.actor, entry.detail) == ("", "clear the cache: needs admin, is signed out")


def test_the_same_refusal_again_and_again_does_not_fill_the_log(accounts: Accounts) -> None:
    claimed = claims(signed_in("vic", Role.VIEWER))
    app = AppTest.from_string(NEEDS, default_timeout=30)
    for _ in range(5):
        run(NEEDS, claimed, app)

    assert len(refusals(accounts)) == 1
    run(NEEDS, claimed)
    assert len(refusals(accounts)) == 2
