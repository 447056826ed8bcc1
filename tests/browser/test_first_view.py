"""What is seen of Overview before its scripts have run, and that it gives way to the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.served import Served, Tab

pytestmark = pytest.mark.browser

_BOX: Final = ".st-key-box_takings"
_SUM: Final = f"{_BOX} [data-testid=stMetricValue]"
_RECTANGLE: Final = "box => box.getBoundingClientRect().toJSON()"
#: Where the panel lay, and what it said, in the frame before it went.
_NOTED: Final = """addEventListener("DOMContentLoaded", () => {
  const view = document.getElementById("first-view")
  window.stood = view && { ...view.getBoundingClientRect().toJSON(),
    sum: view.querySelector(".sum").textContent }
})"""


@pytest.fixture(params=["desk", "pocket"])
def page(request: pytest.FixtureRequest, served: Served) -> Iterator[Page]:
    context: BrowserContext = request.getfixturevalue(request.param)
    served.sign_in(context)
    opened = context.new_page()
    yield opened
    opened.close()


def stood(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate("window.stood")
    return found


def test_todays_takings_are_seen_before_a_script_and_in_the_same_place(
    page: Page, served: Served
) -> None:
    tab = Tab(served, page)
    # The first answer of all is too late for it.
    tab.open("overview")
    page.add_init_script(_NOTED)
    tab.open("overview")
    page.wait_for_selector(f"{_BOX} .marks")
    assert page.query_selector("#first-view") is None

    early, late = stood(page), page.locator(_BOX).evaluate(_RECTANGLE)
    assert early["sum"] == page.inner_text(_SUM)
    for edge in ("left", "top", "width", "height"):
        assert early[edge] == pytest.approx(late[edge], abs=3), edge
    tab.assert_well()


def test_it_stands_without_any_script_and_gives_way_to_whoever_acts(
    viewer: Tab,
) -> None:
    viewer.page.route("**/static/js/**", lambda route: route.abort())
    viewer.page.goto(viewer.served.url("/"))
    viewer.page.wait_for_selector("#first-view svg")
    assert viewer.page.inner_text("#first-view .sum").startswith("$")
    viewer.page.mouse.click(200, 200)
    assert viewer.page.query_selector("#first-view") is None
    viewer.page.unroute("**/static/js/**")


def test_the_theme_that_was_picked_is_that_of_every_page(viewer: Tab) -> None:
    viewer.page.emulate_media(color_scheme="light")
    viewer.open("overview")
    viewer.page.get_by_test_id("stMainMenu").click()
    viewer.page.get_by_test_id("stMainMenuItem-theme-Dark").click()
    try:
        viewer.open("cache")
        background = "getComputedStyle(document.querySelector('[data-testid=stApp]')).background"
        assert "rgb(15, 18, 24)" in viewer.page.evaluate(background)
        # Nor is anything white before it is drawn.
        root = "getComputedStyle(document.documentElement).backgroundColor"
        assert viewer.page.evaluate(root) == "rgb(15, 18, 24)"
    finally:
        viewer.page.evaluate("localStorage.clear()")


def test_a_page_that_was_long_in_coming_is_not_called_disconnected(viewer: Tab) -> None:
    # Its clock goes on ten seconds while the scripts are read.
    viewer.page.add_init_script(
        """{ const now = Date.now; let ahead = 0
        Date.now = () => now() + ahead
        addEventListener("DOMContentLoaded", () => { ahead = 10000 }) }"""
    )
    viewer.page.route_web_socket("**/admin/api/live", lambda _: None)
    viewer.open("cache")
    viewer.page.get_by_text("Live", exact=True).first.wait_for()
    assert viewer.page.get_by_text("Not connected").count() == 0
