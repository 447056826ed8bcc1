"""The doors in a real Chromium: from the first start's link to signing out, also behind TLS."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.proxies import HOST, PROXIES, found, in_front_of
from tests.browser.served import (
    ROOT,
    Served,
    Tab,
    free_port,
    profile,
    serving,
    session,
    stop,
)
from tests.pages.signed_in import PASSWORD
from vcanalytics.accounts import Accounts, Role

pytestmark = pytest.mark.browser

DESK: Any = {"viewport": {"width": 1440, "height": 900}}
PHONE: Any = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LEAVES_WITHIN_MS = 2_000
#: What is behind the doors does not matter here.
QUIET: Any = {"source_url": "sqlite:////nowhere.db", "collectors": "external"}
READY = "[data-testid=stApp][data-test-connection-state=CONNECTED]"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A console that nobody can sign in to, until somebody asks for ``served``."""
    with serving(tmp_path_factory.mktemp("doors") / "data", users=False, **QUIET) as running:
        yield running


@pytest.fixture(scope="module")
def served(empty: Served) -> Served:
    """The same with an admin and a viewer."""
    session(empty.data_dir, "vera", Role.VIEWER)
    return replace(empty, secret=session(empty.data_dir))


@pytest.fixture(scope="module")
def seat(browser: Browser, empty: Served) -> Iterator[Tab]:
    """A tab that the tests share: what it has loaded once it keeps."""
    with profile(browser, **DESK) as own:
        yield Tab(empty, own.new_page())


@pytest.fixture
def stranger(seat: Tab) -> Tab:
    """A tab of a browser that has no session and remembers none."""
    seat.page.context.clear_cookies()
    seat.page.set_extra_http_headers({})
    seat.leave()
    seat.page.evaluate("sessionStorage.clear(), localStorage.clear()")
    return seat


def sign_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def leaves(page: Page) -> None:
    """The page goes to the sign-in page by itself, soon."""
    page.wait_for_url("**/login?out", timeout=LEAVES_WITHIN_MS)
    page.get_by_text("You are signed out.").wait_for()


def printed_link(served: Served) -> str:
    give_up_at = time.monotonic() + 20
    while "/welcome/" not in served.log.read_text():
        assert time.monotonic() < give_up_at, served.log.read_text()
        time.sleep(0.05)
    return served.log.read_text().rstrip().splitlines()[-1]


def test_the_first_start_by_its_link(empty: Served, stranger: Tab) -> None:
    """The first test of this console: the others have users there."""
    link = printed_link(empty)
    assert link.startswith(f"http://127.0.0.1:{empty.port}/welcome/")
    page = stranger.page
    page.goto(empty.url("/"))
    stranger.see("Nobody can sign in yet.")

    page.goto(link)
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Create and sign in").click()

    page.wait_for_url(empty.url("/"))
    stranger.drawn()
    assert stranger.title == "Overview"
    page.goto(link)
    stranger.see("no good any more")


@pytest.mark.usefixtures("served")
def test_a_deep_link_asks_first_and_then_leads_where_it_said(stranger: Tab) -> None:
    page = stranger.page
    page.goto(stranger.served.url("/revenue", range="7d"))
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("vera")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    page.wait_for_url(stranger.served.url("/revenue", range="7d"))
    stranger.drawn()
    assert stranger.title == "Revenue"
    stranger.assert_well()
    page.reload()
    stranger.drawn()
    assert stranger.title == "Revenue"


@pytest.mark.usefixtures("served")
def test_a_wrong_password_is_answered_in_words(stranger: Tab) -> None:
    stranger.page.goto(stranger.served.url("/login"))
    sign_in(stranger.page, "vera", "not the one, sorry")

    expect(stranger.page.get_by_role("alert")).to_have_text(
        "That did not match. Check the user name and the password, or wait 30\u00a0s after several "
        "tries."
    )
    expect(stranger.page.get_by_label("Password", exact=True)).to_be_focused()
    sign_in(stranger.page, "vera", PASSWORD)
    stranger.page.wait_for_url(stranger.served.url("/"))


def test_it_works_without_javascript(browser: Browser, served: Served) -> None:
    with profile(browser, java_script_enabled=False) as own:
        page = own.new_page()
        page.goto(served.url("/transactions"))
        sign_in(page, "vera", PASSWORD)
        page.wait_for_url(served.url("/transactions"))
        page.goto(served.url("/logout"))
        page.get_by_role("button", name="Sign out").click()
        page.get_by_text("You are signed out.").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_outside_are_whole_at_any_size(
    browser: Browser, served: Served, scheme: Any, size: Any
) -> None:
    accounts = Accounts.open(served.data_dir)
    invited = accounts.invite(f"new {scheme} {len(size)}", Role.OPERATOR, by="test")
    accounts.close()
    with profile(browser, color_scheme=scheme, **size) as own:
        visit = Tab(served, own.new_page())
        for path in ("/login", "/login?out", f"/welcome/{invited}"):
            visit.page.goto(served.url("/") + path[1:])
            width = size["viewport"]["width"]
            assert visit.page.evaluate("document.scrollingElement.scrollWidth") == width
            fonts = "document.fonts.ready.then(() => document.fonts.check('15px Hanken Grotesk'))"
            assert visit.page.evaluate(fonts)
            page_colour = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert page_colour == ("rgb(255, 255, 255)", "rgb(15, 18, 24)")[scheme == "dark"]
        visit.assert_well()


def test_signing_out_in_one_tab_has_the_other_leave(stranger: Tab, served: Served) -> None:
    first, context = stranger, stranger.page.context
    served.sign_in(context, session(served.data_dir, "vera"))
    first.open("revenue", range="7d")
    with closing(context.new_page()) as second:
        Tab(served, second).open("overview")
        second.goto(served.url("/logout"))
        second.get_by_role("button", name="Sign out").click()
        leaves(first.page)
    # It knows where it was.
    sign_in(first.page, "vera", PASSWORD)
    first.page.wait_for_url(served.url("/revenue", range="7d"))
    first.drawn()
    assert [text for text in first.errors if "Content Security" in text] == []


def test_a_user_disabled_by_a_command_leaves_at_once(stranger: Tab, served: Served) -> None:
    served.sign_in(stranger.page.context, session(served.data_dir, "dora", Role.OPERATOR))
    stranger.open("overview")
    subprocess.run(
        [sys.executable, "-m", "vcanalytics", "user", "disable", "dora"],
        check=True,
        cwd=ROOT,
        env={"VC_DATA_DIR": str(served.data_dir), "PATH": "/usr/bin:/bin"},
        capture_output=True,
    )
    leaves(stranger.page)


def test_a_viewers_deep_link_to_an_admins_page_is_refused(stranger: Tab, served: Served) -> None:
    page = stranger.page
    page.set_extra_http_headers({"X-VC-Role": "admin", "X-VC-User": "ada"})
    served.sign_in(page.context, session(served.data_dir, "vera"))
    answer = page.goto(served.url("/users"))
    assert answer is not None
    assert answer.status == 403
    stranger.see("Not for your role")

    stranger.open("overview")
    assert page.get_by_role("link", name="Users").count() == 0


def test_a_link_made_for_streamlits_static_mode_asks_nobody_outside(
    stranger: Tab, served: Served
) -> None:
    """Its page would fetch from a host of Streamlit's: the policy forbids it."""
    served.sign_in(stranger.page.context)
    refused = "Content Security Policy"
    with stranger.page.expect_console_message(lambda message: refused in message.text):
        stranger.page.goto(served.url("/", staticAppId="x"))
    assert "connect-src" in next(text for text in stranger.errors if refused in text)


def test_over_a_restart_a_session_lives_on_and_one_that_ended_meanwhile_leaves(
    browser: Browser, stranger: Tab, served: Served
) -> None:
    """Both tabs were left open: each connects anew, and one is told that it is signed out.

    The last test of this console.
    """
    ended = session(served.data_dir)
    with profile(browser) as leaving:
        served.sign_in(stranger.page.context)
        served.sign_in(leaving, ended)
        leaves_it = Tab(served, leaving.new_page())
        stranger.open("overview")
        leaves_it.open("overview")
        stop(served.process)
        accounts = Accounts.open(served.data_dir)
        accounts.sign_out(ended)
        accounts.close()
        with serving(served.data_dir, port=served.port, users=False, **QUIET):
            leaves_it.page.wait_for_url("**/login?out", timeout=20_000)
            # The tab comes back by itself, and so does a new look.
            stranger.page.wait_for_selector(READY, timeout=20_000)
            stranger.page.reload()
            stranger.drawn()
            assert stranger.title == "Overview"


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, int]]:
    """A console that trusts its proxy, and the port that one listens on."""
    tls_port = free_port()
    told: Any = {"public_url": f"https://{HOST}:{tls_port}", "trusted_proxies": "127.0.0.1"}
    with serving(tmp_path_factory.mktemp("behind") / "data", **QUIET, **told) as running:
        yield running, tls_port


@pytest.mark.parametrize("proxy", PROXIES)
def test_behind_a_proxy_with_tls(
    request: pytest.FixtureRequest, browser: Browser, tmp_path: Path, proxy: str
) -> None:
    if found(proxy) is None:
        pytest.skip(f"no {proxy} (or openssl) was found on this machine: install it to run this")
    served, tls_port = request.getfixturevalue("behind")
    with (
        in_front_of(served.port, proxy, tmp_path, tls_port),
        profile(browser, ignore_https_errors=True) as own,
    ):
        through_tls(own, f"https://{HOST}:{tls_port}")
    assert "Traceback" not in served.log.read_text()


def through_tls(own: BrowserContext, base: str) -> None:
    errors: list[str] = []
    first, second = own.new_page(), own.new_page()
    first.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    answer = first.goto(f"{base}/transactions")
    assert answer is not None
    assert answer.headers["strict-transport-security"].startswith("max-age=")
    sign_in(first, "ada", PASSWORD)
    first.wait_for_url(f"{base}/transactions")
    first.wait_for_selector(READY)
    (cookie,) = [c for c in own.cookies() if c["name"].endswith("vc_session")]
    assert cookie["name"] == "__Host-vc_session"
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")

    # What a tab asks for once it is signed out is refused, as it should be.
    assert errors == []

    second.goto(f"{base}/logout")
    second.get_by_role("button", name="Sign out").click()
    leaves(first)
