"""A real Chromium, and when a Streamlit page has finished."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.served import ServedConsole
from vcanalytics.web.cookies import SECURE_NAME

FINISHED: Final = (
    "[data-testid=stApp][data-test-script-state=notRunning][data-test-connection-state=CONNECTED]"
)
#: Seconds from navigation on until a chart, one of Vega's, and the finished script of a page were
#: seen: in the frame after they stood there. Noted by the page itself, for whoever asks it from
#: outside waits until it has nothing else to do.
_NOTED: Final = """(() => {
  const seen = selector => new Promise((noted, late) => {
    setTimeout(() => late(new Error(`${selector} is not seen within a minute`)), 60000)
    const look = () => {
      if (!document.querySelector(selector)) return
      watch.disconnect()
      requestAnimationFrame(() => setTimeout(() => noted(performance.now() / 1000)))
    }
    const watch = new MutationObserver(look)
    watch.observe(document, { subtree: true, childList: true, attributes: true })
  })
  const live = "[data-testid=stVegaLiteChart] .marks"
  window.noted = Promise.all([seen(`#first-view svg, ${live}`), seen(live), seen("FINISHED")])
})()
""".replace("FINISHED", FINISHED)
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium of this machine. Raises RuntimeError where there is none."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise RuntimeError("no Chromium was found on this machine: install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def sign_in(context: BrowserContext, served: ServedConsole) -> None:
    """Give the browser the console's session."""
    context.add_cookies(
        [
            {
                "name": SECURE_NAME,
                "value": served.secret,
                # Of whatever port; a Secure cookie is not set for a plain address by hand.
                "url": "https://127.0.0.1/",
                "secure": True,
                "httpOnly": True,
                "sameSite": "Lax",
            }
        ]
    )


def noting(context: BrowserContext) -> Page:
    """A new tab whose pages note when they were seen, for ``loaded``."""
    page = context.new_page()
    page.add_init_script(_NOTED)
    return page


def loaded(page: Page, address: str) -> tuple[float, float, float]:
    """Go there; seconds until a chart is painted, a live one, and the script has finished.

    The first chart may be the one that came with the page.
    """
    page.goto(address, wait_until="commit")
    charted, live, finished = page.evaluate("window.noted")
    return charted, live, finished


def opened(page: Page, address: str) -> float:
    """Go there; seconds until the script of the page has finished."""
    started = time.perf_counter()
    page.goto(address)
    page.wait_for_selector(FINISHED, timeout=60_000)
    return time.perf_counter() - started
