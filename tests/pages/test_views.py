"""Saved views: saved as the page is looked at, shared, opened by their links, and landed on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from tests.pages.console import console_on
from tests.pages.signed_in import open_quick, signed_in
from tests.pages.test_odd_shop import MARKDOWN, SCRIPT, assert_literal
from tests.pages.viewer import Shown, Viewer
from vcanalytics.accounts import Principal, Role, SavedView


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A console that has read nothing: pages are quick there."""
    folder: Path = tmp_path_factory.mktemp("views")
    with console_on(folder / "data"):
        yield


@pytest.fixture
def vera(empty: None, request: pytest.FixtureRequest) -> Principal:
    """A viewer of this test's own."""
    return signed_in(request.node.name[-60:], Role.VIEWER)


def views(who: Principal) -> list[SavedView]:
    with closing(open_quick()) as accounts:
        return accounts.saved_views(who)


def dialog(viewer: Viewer) -> Shown:
    viewer.app.button(key="views_open").click().run()
    return Shown(viewer.app)


def test_a_page_is_saved_as_it_is_looked_at_and_its_link_leads_back(vera: Principal) -> None:
    viewer = Viewer(me=vera)
    viewer.open("transactions", range="7d", q="ann")
    dialog(viewer)
    for name in (SCRIPT, MARKDOWN[:60]):
        viewer.app.text_input(key="view_name").set_value(name)
        next(b for b in viewer.app.form_submit_button if b.label == "Save").click().run()
        assert_literal(Shown(viewer.app))
    first = next(view for view in views(vera) if view.name == SCRIPT)
    assert first.page == "/transactions"
    assert dict(first.params) == {"range": "7d", "zone": "UTC", "compare": "none", "q": "ann"}

    # On another page each is a link to where it was saved.
    viewer.open("system")
    shown = dialog(viewer)
    shown.assert_well()
    links = [one for one in viewer.app.get("page_link") if one.proto.page == "transactions"]
    assert [parse_qs(one.proto.query_string)["q"] for one in links] == [["ann"], ["ann"]]


def test_one_lands_on_ones_start_once_a_visit(vera: Principal) -> None:
    with closing(open_quick()) as accounts:
        view = accounts.save_view("Mornings", "/system", [("range", "30d")], by=vera)
        accounts.choose_start(view.number, by=vera)
    viewer = Viewer(me=vera)
    app = viewer.app.run()
    assert [title.value for title in app.title] == ["System"]
    assert app.query_params["range"] == "30d"
    # Afterwards the Overview is a page like any other.
    assert [title.value for title in viewer.open("overview").app.title] == ["Overview"]


def test_a_link_is_no_landing_and_a_start_that_is_gone_is_said(vera: Principal) -> None:
    with closing(open_quick()) as accounts:
        view = accounts.save_view("Mornings", "/system", (), by=vera)
        accounts.choose_start(view.number, by=vera)
        linked = Viewer(me=vera).app
        linked.query_params = {"range": "7d"}
        assert [title.value for title in linked.run().title] == ["Overview"]
        accounts.delete_view(view.number, by=vera)
        viewer = Viewer(me=vera)
        shown = Shown(viewer.app.run())
        shown.assert_well()
        assert "The view you start with is gone" in shown.text
        viewer.app.button(key="view_start_here").click().run()
        assert "is gone" not in Shown(viewer.app).text
        assert accounts.start_of(vera) == (False, None)


def test_what_is_offered_goes_by_whose_it_is(vera: Principal) -> None:
    olga = signed_in("olga", Role.OPERATOR)
    with closing(open_quick()) as accounts:
        view = accounts.save_view("Shared", "/revenue", (), shared=True, by=olga)
    viewer = Viewer(me=vera)
    viewer.open("system")
    assert "by olga" in dialog(viewer).text
    menu = viewer.app.menu_button(key=f"view_menu_{view.number}")
    assert list(menu.options) == ["Make it my start"]
