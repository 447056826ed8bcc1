"""Saved views: whose they are, who may change them, and where one lands."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.accounts.house import GOOD, HERE, SHELL, Clock, Counting
from vcanalytics.accounts import AccountError, Accounts, Forbidden, Principal, Role, schema
from vcanalytics.accounts import saved_views as kept
from vcanalytics.errors import ConsoleError, UsageError
from vcanalytics.model.pages import PAGES
from vcanalytics.web import access

TODAY = (("range", "today"), ("zone", "Asia/Kolkata"))


def names(accounts: Accounts, who: Principal) -> list[str]:
    return [view.name for view in accounts.saved_views(who)]


def test_pages_are_those_that_the_doors_know() -> None:
    assert set(access.PAGES) == PAGES


def test_everybody_saves_their_own_and_nobody_else_sees_it(
    accounts: Accounts, ada: Principal, bob: Principal
) -> None:
    view = accounts.save_view("Mornings", "/revenue", TODAY, by=bob)
    assert (view.owner, view.page, view.params, view.shared) == ("bob", "/revenue", TODAY, False)
    assert accounts.saved_views(bob) == [view]
    assert accounts.saved_views(ada) == []
    assert accounts.saved_view(view.number, ada) is None
    for change in (accounts.delete_view, accounts.change_view):
        with pytest.raises(AccountError, match="no such view"):
            change(view.number, by=ada)
    assert accounts.audit(action="view_saved")[0].actor == "bob"


def test_a_shared_view_is_seen_by_all_and_changed_by_its_owner_and_admins(
    accounts: Accounts, ada: Principal, bob: Principal
) -> None:
    accounts.add_user("eve", GOOD, Role.OPERATOR, by=ada)
    eve = accounts.sign_in("eve", GOOD, address=HERE).principal
    view = accounts.save_view("Mornings", "/revenue", TODAY, shared=True, by=bob)
    assert accounts.saved_views(eve) == [view]
    with pytest.raises(Forbidden):
        accounts.change_view(view.number, name="Mine", by=eve)
    with pytest.raises(Forbidden):
        accounts.delete_view(view.number, by=eve)
    assert accounts.audit(action="refused")[0].actor == "eve"
    assert accounts.change_view(view.number, name="Early", by=ada).name == "Early"
    shows = ("/system", (("range", "7d"),))
    moved = accounts.change_view(view.number, shows=shows, by=bob)
    assert (moved.page, moved.params, moved.owner) == ("/system", (("range", "7d"),), "bob")
    # Who is kept out leaves behind what was shared.
    accounts.disable("bob", by=ada)
    assert names(accounts, eve) == ["Early"]
    assert accounts.change_view(view.number, shared=False, by=ada).shared is False
    assert names(accounts, eve) == names(accounts, ada) == []


def test_one_lands_on_ones_start_until_it_is_gone(
    accounts: Accounts, ada: Principal, bob: Principal
) -> None:
    assert accounts.start_of(bob) == (False, None)
    view = accounts.save_view("Mornings", "/revenue", TODAY, shared=True, by=ada)
    accounts.choose_start(view.number, by=bob)
    (chosen, start) = accounts.start_of(bob)
    assert chosen
    assert start is not None
    assert (start.name, start.start) == ("Mornings", True)
    assert accounts.saved_views(ada)[0].start is False
    accounts.change_view(view.number, shared=False, by=ada)
    assert accounts.start_of(bob) == (True, None)
    accounts.delete_view(view.number, by=ada)
    # Numbers are never given twice: no other view takes its place.
    accounts.save_view("Other", "/system", (), shared=True, by=ada)
    assert accounts.start_of(bob) == (True, None)
    with pytest.raises(AccountError, match="no such view"):
        accounts.choose_start(view.number, by=bob)
    accounts.choose_start(None, by=bob)
    assert accounts.start_of(bob) == (False, None)


@pytest.mark.parametrize(
    ("page", "params"),
    [
        ("//evil.test", ()),
        ("https://evil.test/", ()),
        ("/login", ()),
        ("/admin/api/cache/clear", ()),
        ("", ()),
        ("/revenue?x=1", ()),
        ("/revenue", [("q", "x" * 5_000)]),
        ("/revenue", [(f"k{i}", "") for i in range(41)]),
        ("/revenue", [("q", "\ud800")]),
    ],
)
def test_a_view_leads_to_no_other_place(
    accounts: Accounts, bob: Principal, page: str, params: Any
) -> None:
    with pytest.raises(AccountError):
        accounts.save_view("x", page, params, by=bob)
    assert accounts.saved_views(bob) == []


def test_the_audit_log_names_nobody_who_was_searched_for(
    accounts: Accounts, bob: Principal
) -> None:
    shows = ("/transactions", (("q", "ann@example.com"),))
    view = accounts.save_view("Hers", *shows, by=bob)
    accounts.change_view(view.number, shows=shows, by=bob)
    noted = [entry for entry in accounts.audit() if entry.action.startswith("view_")]
    assert [entry.detail for entry in noted] == ["shows /transactions", "/transactions"]


@pytest.mark.parametrize("name", ["", "a\nb", "x" * 61, "\u202eabc", "\x00"])
def test_what_is_no_name_is_refused(accounts: Accounts, bob: Principal, name: str) -> None:
    with pytest.raises(UsageError):
        accounts.save_view(name, "/", (), by=bob)


def test_names_are_ones_own_and_any_text(
    accounts: Accounts, ada: Principal, bob: Principal
) -> None:
    view = accounts.save_view("<script>", "/", (), by=bob)
    accounts.save_view("<script>", "/", (), by=ada)
    accounts.save_view("🚀 אבג", "/", (), by=bob)
    with pytest.raises(AccountError, match="of that name already"):
        accounts.save_view("<SCRIPT>", "/", (), by=bob)
    assert accounts.change_view(view.number, name="<Script>", by=bob).name == "<Script>"
    with pytest.raises(AccountError, match="of that name already"):
        accounts.change_view(view.number, name="🚀 אבג", by=bob)


def test_only_so_many_are_kept(
    accounts: Accounts, bob: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "VIEWS_MAX", 1)
    accounts.save_view("one", "/", (), by=bob)
    with pytest.raises(AccountError, match="no more are kept"):
        accounts.save_view("two", "/", (), by=bob)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=40)), max_size=8))
def test_what_an_address_said_comes_back_as_it_was(params: list[tuple[str, str]]) -> None:
    try:
        _, query = kept._read_view("/transactions", params)
    except ConsoleError:
        return
    back = parse_qsl(query, keep_blank_values=True)
    assert back == params


def test_older_accounts_take_views(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = schema.MIGRATIONS
    with monkeypatch.context() as older:
        older.setattr(schema, "MIGRATIONS", whole[:1])
        with closing(Accounts.open(tmp_path, clock=Clock(), hasher=Counting())) as accounts:
            accounts.add_user("ada", GOOD, Role.ADMIN, by=SHELL)
    with closing(Accounts.open(tmp_path, clock=Clock(), hasher=Counting())) as accounts:
        ada = accounts.sign_in("ada", GOOD, address=HERE).principal
        assert accounts.save_view("x", "/", (), by=ada).owner == "ada"


def test_who_is_forgotten_is_neither_in_a_view_nor_in_what_its_name_is_compared_by(
    accounts: Accounts, bob: Principal
) -> None:
    accounts.save_view("Of Eve@Shop.test", "/customers", (("q", "Eve@Shop.test"),), by=bob)
    gone = re.compile("eve(@|%40)shop.test", re.IGNORECASE)

    assert accounts.forget(lambda text: gone.sub("nobody", text)) == 3
    (view,) = accounts.saved_views(bob)
    assert (view.name, view.params) == ("Of nobody", (("q", "nobody"),))
    with pytest.raises(AccountError):
        accounts.save_view("of NOBODY", "/customers", (), by=bob)
    accounts.save_view("of eve@shop.test", "/customers", (), by=bob)
