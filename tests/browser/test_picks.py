"""What is picked in one part of a page changes the whole of it, also while nothing else moves."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.served import Tab

pytestmark = pytest.mark.browser

#: Well below the minute after which a page is drawn anew by itself.
SOON_MS = 10_000


def test_a_search_filters_list_and_flow_at_once(viewer: Tab) -> None:
    viewer.open("transactions", range="all")
    viewer.see("1 to 17 of")
    search = viewer.page.get_by_role("textbox", name="Search")
    search.fill("vc_7@shop.test")
    search.press("Enter")

    expect(viewer.page.get_by_text("1 to 1 of 1", exact=True)).to_be_visible(timeout=SOON_MS)
    expect(viewer.page.get_by_text("1 created", exact=False)).to_be_visible(timeout=SOON_MS)
    assert "q=vc_7" in viewer.page.url
    viewer.assert_well()


def test_clearing_the_filters_brings_everything_back(viewer: Tab) -> None:
    viewer.open("transactions", range="all", q="nobody at all")
    viewer.see("No payment passes these filters.")
    viewer.page.get_by_role("button", name="More filters").click()
    viewer.page.get_by_role("button", name="Clear all filters").click()

    expect(viewer.page.get_by_text("1 to 17 of", exact=False)).to_be_visible(timeout=SOON_MS)
    viewer.assert_well()


def test_what_is_measured_is_picked_for_all_charts(viewer: Tab) -> None:
    viewer.open("performance", range="7d")
    viewer.see("Endpoints")
    viewer.page.get_by_role("radio", name="Database queries").click()

    expect(viewer.page.get_by_role("heading", name="Queries", exact=True)).to_be_visible(
        timeout=SOON_MS
    )
    assert "kind=database_query" in viewer.page.url
    viewer.assert_well()
