"""One console and one Chromium a module: a Playwright left running would forbid other loops."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.proxies import HOST
from tests.browser.served import Served, Tab, profile, serving, tab
from tests.shop import Shop, make_shop, utc_text


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium_path,
            args=["--no-sandbox", f"--host-resolver-rules=MAP {HOST} 127.0.0.1"],
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop of the last two days, as of the machine's clock."""
    now = datetime.now(UTC)
    with make_shop(tmp_path_factory.mktemp("browser") / "shop.db") as made:
        with made.batch():
            for number in range(96):
                at = now - timedelta(minutes=30 * number + 15)
                sell(made, f"VC_{number}", at, status=("failed" if number % 8 == 3 else ""))
            for number in range(200):
                at = now - timedelta(minutes=10 * number)
                made.metric(value=20.0 + number, timestamp=utc_text(at))
        yield made


def sell(shop: Shop, row_id: str, at: datetime, *, email: str = "", status: str = "") -> None:
    """A payment that was begun and captured at once, or came to the given status."""
    shop.transaction(row_id, created_at=utc_text(at), email=email or f"{row_id.lower()}@shop.test")
    if status:
        shop.update(row_id, status=status, error_message="Card declined")
    else:
        shop.complete(row_id, completed_at=utc_text(at))


@pytest.fixture(scope="module")
def served(shop: Shop) -> Iterator[Served]:
    with serving(shop.path.parent / "data", source_url=shop.url) as running:
        yield running


@pytest.fixture(scope="module")
def desk(browser: Browser) -> Iterator[BrowserContext]:
    """A desk's browser profile: what it has loaded once it keeps."""
    with profile(browser, viewport={"width": 1440, "height": 900}) as opened:
        yield opened


@pytest.fixture(scope="module")
def pocket(browser: Browser) -> Iterator[BrowserContext]:
    """A phone's."""
    with profile(
        browser,
        viewport={"width": 390, "height": 844},
        user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari",
        has_touch=True,
        is_mobile=True,
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def desk_tab(desk: BrowserContext, served: Served) -> Iterator[Tab]:
    with tab(desk, served) as opened:
        yield opened


@pytest.fixture(scope="module")
def pocket_tab(pocket: BrowserContext, served: Served) -> Iterator[Tab]:
    with tab(pocket, served) as opened:
        yield opened


@pytest.fixture
def viewer(desk_tab: Tab) -> Iterator[Tab]:
    """A tab at the desk that shows nothing yet. A new one each time would cost half as much again.

    What it loads it loads anew; only what Chromium has compiled is there already.
    """
    yield desk_tab
    desk_tab.leave()
    desk_tab.page.emulate_media(color_scheme="null")


@pytest.fixture
def phone(pocket_tab: Tab) -> Iterator[Tab]:
    """The same on a phone."""
    yield pocket_tab
    pocket_tab.leave()
