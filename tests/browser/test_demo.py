"""A bare data directory and no source: a demo shop is made, and its figures live."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Browser

from tests.browser.served import Served, Tab, profile, serving, tab

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: What was taken today, and how many payments were begun.
TAKEN = "document.querySelector('[data-testid=stMetricValue]')?.innerText ?? ''"
BEGUN = "document.body.textContent.match(/([0-9,]+) begun/)?.[1]"
#: From a bare directory to figures, with some days behind them.
FIGURES_WITHIN_MS = 90_000


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("demo") / "data"
    with serving(folder, source_url="", demo_payments_per_minute="120", demo_days="4") as running:
        yield running


@pytest.fixture
def viewer(browser: Browser, demo: Served) -> Iterator[Tab]:
    with profile(browser) as own, tab(own, demo) as opened:
        yield opened


def test_a_bare_directory_shows_live_figures_and_says_they_are_made_up(viewer: Tab) -> None:
    # Not until it is drawn: while a shop is made it is drawn anew all the time.
    viewer.page.goto(viewer.served.url("/"))
    viewer.see("Demo shop")
    viewer.page.wait_for_function(f"() => /[1-9]/.test({TAKEN})", timeout=FIGURES_WITHIN_MS)

    for _ in range(3):
        before = viewer.page.evaluate(BEGUN)
        viewer.page.wait_for_function(f"before => {BEGUN} !== before", arg=before)
    # That it was being made is no news any more.
    viewer.page.wait_for_function(
        "() => !document.body.textContent.includes('Making the demo shop')"
    )
    viewer.page.get_by_role("button", name="Demo shop").click()
    viewer.see("These payments are made up.")
    viewer.see("VC_SOURCE_URL")
    viewer.assert_well()


def test_a_console_that_is_told_to_stop_leaves_nothing_running(demo: Served) -> None:
    """Also the collectors go, within the five seconds they promise. The last test of this shop."""
    family = psutil.Process(demo.process.pid).children(recursive=True)
    assert family
    began = time.monotonic()
    os.kill(demo.process.pid, signal.SIGTERM)
    demo.process.wait(10)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    assert time.monotonic() - began < 8
