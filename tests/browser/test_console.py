"""The console in a real Chromium: every page, live figures, links, themes and a phone."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser import axe
from tests.browser.conftest import sell
from tests.browser.served import PATHS, WITHIN_MS, Served, Tab, tab
from tests.shop import Shop

pytestmark = pytest.mark.browser

OVERFLOW = "(m => m.scrollWidth - m.clientWidth)(document.querySelector('[data-testid=stMain]'))"
#: Well below the minute after which a page is drawn anew by itself.
SOON_MS = 10_000
LOOK_AWAY = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true })
  document.dispatchEvent(new Event("visibilitychange"))
}"""
#: Whether the collectors have read the shop and sampled the host: a console just started has not.
READ = """async () => {
  const live = await (await fetch("/admin/api/metrics/live")).json()
  return live.success && live.freshness.transactions !== null
    && live.system_metrics.cpu_percent !== null && live.recent_transactions.length === 5
}"""
#: Pages that the navigation does not show: others lead to them.
BESIDE = {"endpoint", "failures", "paypal"}
PAPER = {"light": "rgb(255, 255, 255)", "dark": "rgb(15, 18, 24)"}
#: An index whose panel is not had at once comes without: the first one, or on a busy machine.
TRIES = 10
#: Where the panel that came with the index lay, and the sum it said.
STOOD = """addEventListener("DOMContentLoaded", () => {
  const view = document.getElementById("first-view")
  window.stood = view && { ...view.getBoundingClientRect().toJSON(),
    sum: view.querySelector(".sum").textContent }
})"""
#: A clock that goes on ten seconds while the scripts are read.
LONG_IN_COMING = """{ const now = Date.now; let ahead = 0
  Date.now = () => now() + ahead
  addEventListener("DOMContentLoaded", () => { ahead = 10000 }) }"""
OLD_PANEL = (Path(__file__).parent / "old_panel.js").read_text("utf-8")


@pytest.fixture(scope="module")
def first_visit(desk: BrowserContext, served: Served) -> Iterator[Tab]:
    """The first visit after the start, by a deep link to a page that is not the default."""
    with tab(desk, served) as opened:
        opened.open("reconcile")
        yield opened


@pytest.fixture(autouse=True)
def _after_the_first_visit(first_visit: Tab) -> None:
    """Whatever test runs first, the server's first visit is the one above."""


def test_the_first_visit_after_a_start_has_frame_and_page(first_visit: Tab) -> None:
    assert first_visit.title == "Reconcile"
    assert_framed(first_visit)
    first_visit.assert_well()


def assert_framed(viewer: Tab) -> None:
    links = viewer.page.locator("[data-testid=stTopNavLink], [data-testid=stSidebarNavLink]")
    expect(links).to_have_count(len(PATHS) - len(BESIDE))
    assert viewer.page.title().startswith(viewer.title) or "VectorCraft" in viewer.page.title()


@pytest.mark.parametrize("name", PATHS)
def test_a_deep_link_opens_its_page_within_the_policy_and_asks_nobody_else(
    viewer: Tab, name: str
) -> None:
    # Half of the pages are loaded in each theme, and all follow when the machine's changes.
    schemes: list[Any] = ["light", "dark"]
    if list(PATHS).index(name) % 2:
        schemes.reverse()
    viewer.page.emulate_media(color_scheme=schemes[0])
    viewer.open(name)

    assert viewer.title.lower() == name
    assert_framed(viewer)
    viewer.assert_well()
    for scheme in schemes:
        viewer.page.emulate_media(color_scheme=scheme)
        expect(viewer.page.get_by_test_id("stApp")).to_have_css("background-color", PAPER[scheme])
        assert axe.grave(viewer.page, colours_only=scheme == schemes[1]) == [], scheme


def test_a_payment_appears_without_a_reload(
    desk: BrowserContext, viewer: Tab, served: Served, shop: Shop
) -> None:
    with tab(desk, served) as listed:
        viewer.open("overview")
        listed.open("transactions", range="all")
        assert not viewer.sees("new@shop.test")

        sell(shop, "VC_NEW", datetime.now(UTC), email="new@shop.test")

        viewer.see("new@shop.test")
        listed.see("new@shop.test")
        listed.assert_well()
    viewer.assert_well()


def test_pausing_holds_the_page_until_it_is_resumed(
    desk: BrowserContext, viewer: Tab, served: Served, shop: Shop
) -> None:
    viewer.open("overview")
    viewer.page.get_by_role("button", name="Pause").click()
    resume = viewer.page.get_by_role("button", name="Resume")
    resume.wait_for()
    viewer.drawn()

    sell(shop, "VC_HELD", datetime.now(UTC), email="held@shop.test")
    with tab(desk, served) as other:
        other.open("overview")
        other.see("held@shop.test")
    assert not viewer.sees("held@shop.test")

    resume.click()
    viewer.see("held@shop.test")
    viewer.assert_well()


def test_a_range_that_is_picked_stands_in_the_url_and_goes_back_and_forward(viewer: Tab) -> None:
    page = viewer.page
    viewer.open("overview", range="today")
    page.get_by_role("button", name="Today").first.click()
    page.get_by_role("radio", name="7 days", exact=True).click()
    page.wait_for_url("**range=7d**")
    viewer.see("Takings 7 days")
    viewer.drawn()

    page.go_back()
    viewer.see("Takings today")
    page.go_forward()
    viewer.see("Takings 7 days")
    viewer.assert_well()


def test_navigation_keeps_the_socket_which_a_hidden_tab_leaves_silent(viewer: Tab) -> None:
    # Drawn comes before connected: the page is there without its socket.
    with viewer.page.expect_websocket(lambda seen: seen.url.endswith("/admin/api/live")) as opened:
        viewer.open("overview", range="30d", compare="week")
    sockets = [url for url in viewer.asked if url.endswith("/admin/api/live")]
    viewer.page.get_by_role("link", name="Revenue").first.click()
    viewer.page.wait_for_url("**/revenue**")
    expect(viewer.page.locator("h1").first).to_have_text("Revenue", timeout=WITHIN_MS)
    viewer.drawn()

    assert [url for url in viewer.asked if url.endswith("/admin/api/live")] == sockets
    assert len(sockets) == 1
    for hidden, joined in ((True, "false"), (False, "true")):
        answer = f'"joined": {joined}'
        with opened.value.expect_event("framereceived", lambda told: answer in str(told)):  # noqa: B023
            viewer.page.evaluate(LOOK_AWAY, hidden)
    viewer.assert_well()


@pytest.mark.parametrize("who", ["viewer", "phone"])
def test_todays_takings_are_seen_before_a_script_has_run_and_in_their_place(
    request: pytest.FixtureRequest, who: str
) -> None:
    looking: Tab = request.getfixturevalue(who)
    looking.page.add_init_script(STOOD)
    early: Any = None
    for _ in range(TRIES):
        looking.open("overview")
        early = looking.page.evaluate("window.stood")
        if early:
            break
    box = looking.page.locator(".st-key-box_takings")
    box.locator(".marks").wait_for()

    assert looking.page.query_selector("#first-view") is None
    assert early["sum"] == box.get_by_test_id("stMetricValue").inner_text()
    late = box.evaluate("box => box.getBoundingClientRect().toJSON()")
    for edge in ("left", "top", "width", "height"):
        assert early[edge] == pytest.approx(late[edge], abs=3), edge
    looking.assert_well()


def test_they_stand_without_any_script_and_give_way_to_whoever_acts(viewer: Tab) -> None:
    viewer.page.route("**/static/js/**", lambda route: route.abort())
    try:
        for _ in range(TRIES):
            viewer.page.goto(viewer.served.url("/"))
            if viewer.page.query_selector("#first-view svg"):
                break
        assert viewer.page.inner_text("#first-view .sum").startswith("$")
        viewer.page.mouse.click(200, 200)
        assert viewer.page.query_selector("#first-view") is None
    finally:
        viewer.page.unroute("**/static/js/**")


def test_the_theme_that_was_picked_is_that_of_every_page(viewer: Tab) -> None:
    viewer.page.emulate_media(color_scheme="light")
    viewer.open("cache")
    viewer.page.get_by_test_id("stMainMenu").click()
    viewer.page.get_by_test_id("stMainMenuItem-theme-Dark").click()
    try:
        viewer.open("alerts")
        expect(viewer.page.get_by_test_id("stApp")).to_have_css("background-color", PAPER["dark"])
        # Nor is anything white before it is drawn.
        expect(viewer.page.locator("html")).to_have_css("background-color", PAPER["dark"])
    finally:
        viewer.page.evaluate("localStorage.clear()")


def test_a_page_that_was_long_in_coming_is_not_called_disconnected(
    desk: BrowserContext, served: Served
) -> None:
    with tab(desk, served) as slow:
        slow.page.add_init_script(LONG_IN_COMING)
        slow.page.route_web_socket("**/admin/api/live", lambda _: None)
        slow.open("cache")
        slow.page.get_by_text("Live", exact=True).first.wait_for()
        assert slow.page.get_by_text("Not connected").count() == 0


def test_a_search_filters_list_and_flow_at_once(viewer: Tab) -> None:
    """What is picked in one part of a page changes the whole of it, while nothing else moves."""
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


@pytest.mark.parametrize("name", PATHS)
def test_a_phone_shows_a_page_without_scrolling_sideways(phone: Tab, name: str) -> None:
    # By its browser's name it gets pages of its own: narrowing a desk's shows others.
    phone.open(name)

    assert phone.page.evaluate("document.scrollingElement.scrollWidth") == 390
    assert phone.page.evaluate(OVERFLOW) == 0
    phone.assert_well()
    assert axe.grave(phone.page) == []


def handshake(served: Served, path: str, **headers: str) -> int:
    """The status a WebSocket's opening is answered with."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    try:
        connection.putrequest("GET", path, skip_host=True)
        for name, value in {
            "Host": f"127.0.0.1:{served.port}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Cookie": served.cookie,
            **headers,
        }.items():
            connection.putheader(name, value)
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/_stcore/stream", "/admin/api/live"])
def test_sockets_are_opened_by_the_consoles_own_pages_only(served: Served, path: str) -> None:
    """Streamlit's own socket carries the figures: it is guarded like the console's."""
    own = f"http://127.0.0.1:{served.port}"
    assert handshake(served, path, Origin=own) == 101
    assert handshake(served, path, Origin="https://evil.example") == 403
    assert handshake(served, path, Origin=f"http://localhost:{served.port}") == 403
    assert handshake(served, path, Host="evil.example", Origin="http://evil.example") == 403


@pytest.mark.parametrize("path", ["/", "/transactions", "/_stcore/health", "/healthz"])
def test_no_answer_under_a_name_of_somebody_elses(served: Served, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    connection.request("GET", path, headers={"Host": f"console.evil.example:{served.port}"})
    answer = connection.getresponse()
    assert answer.status == 403
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    connection.close()


def test_nothing_went_wrong_on_the_server(served: Served) -> None:
    log = served.log.read_text()
    assert "Traceback" not in log
    assert "could not be drawn" not in log


def test_the_old_panels_script_draws_what_it_is_told(viewer: Tab) -> None:
    viewer.open("cache")
    viewer.page.wait_for_function(READ, polling=500)
    drawn: dict[str, Any] = viewer.page.evaluate(OLD_PANEL)

    # Nobody watches here, and the panel says so.
    assert drawn["overall"].startswith("UNKNOWN ")
    assert (drawn["components"], drawn["open"], drawn["healthy"]) == ([], 0, False)
    assert drawn["badge"] == [0, 0, 0]
    assert drawn["revenue"].startswith("$")
    assert len(drawn["feed"]) == 5
    assert all(one[0].startswith("VC_") and one[2] for one in drawn["feed"])
    assert 0 <= drawn["cpu"] <= 100
    assert [drawn[name][:3] for name in ("hourly", "daily", "weekly")] == [
        [24, 24, 24],
        [30, 30, 30],
        [12, 12, 12],
    ]
    # The shop is two days old: a month and twelve weeks hold all of it.
    assert drawn["daily"][3] == drawn["weekly"][3] != "0.00"
    assert drawn["users"][0] is True
    assert drawn["cache"] == ["live", "health", "activity", "revenue"]
    assert drawn["cleared"]["success"] is True
    viewer.assert_well()
