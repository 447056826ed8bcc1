"""The pictures in docs/images, made anew of the demo shop: ``make pictures``.

A desk in the light theme for every page; of some also the dark theme and a phone. The shop is made
up at the moment of making, so that no two runs give the same pictures.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zoneinfo import ZoneInfo

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests import chromium
from tests.browser.served import PATHS, ROOT, Served, Tab, profile, serving, tab

FOLDER: Final = ROOT / "docs" / "images"
_DESK: Final[dict[str, Any]] = {"viewport": {"width": 1440, "height": 900}}
_PHONE: Final = "iPhone 13"
_ALSO_DARK: Final = ("overview", "revenue")
_ALSO_PHONE: Final = ("overview", "reconcile", "customers")
#: What a page is opened with, to show what it is for.
_PARAMS: Final[dict[str, dict[str, str]]] = {
    "revenue": {"range": "30d"},
    "performance": {"range": "7d"},
    "activity": {"range": "7d"},
    "failures": {"range": "30d"},
    "endpoint": {"range": "7d", "kind": "request_time", "endpoint": "vectorize_image"},
    "alerts": {"range": "30d"},
    "transactions": {"range": "7d"},
}
#: Charts are drawn a moment after the script has ended.
_SETTLE_S: Final = 2.0
_READ_WITHIN_S: Final = 300.0
#: The watchman has looked at everything by then.
_WATCH_S: Final = 45.0
_ZONES: Final = (
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/Berlin",
)
_COLOURS: Final = 192


def _read(opened: Tab, served: Served) -> str:
    """Wait until the demo's history is read; the address of its newest customer who paid."""
    give_up_at = time.monotonic() + _READ_WITHIN_S
    while time.monotonic() < give_up_at:
        opened.open("health")
        asked = served.url("/admin/api/transactions", status="completed", limit="1")
        found = opened.page.request.get(asked).json().get("transactions", [])
        if found and not opened.sees("Reading history"):
            time.sleep(_WATCH_S)
            return str(found[0]["email"])
        time.sleep(2.0)
    raise SystemExit("The demo's history was not read in time.")


def _evening() -> str:
    """A zone in which the day is nearly over, so that today has something to show."""
    now = datetime.now(UTC)
    return min(_ZONES, key=lambda zone: abs(now.astimezone(ZoneInfo(zone)).hour - 19))


def _shots(browser: Browser, served: Served) -> Iterator[tuple[str, bytes]]:
    with profile(browser, **_DESK, color_scheme="light") as desk, tab(desk, served) as opened:
        customer = _read(opened, served)
        params = _PARAMS | {"customers": {"customer": customer.strip().lower()}}
        for name in PATHS:
            yield name, _shot(opened, name, params.get(name, {}))
    with profile(browser, **_DESK, color_scheme="dark") as desk, tab(desk, served) as opened:
        for name in _ALSO_DARK:
            yield f"{name}-dark", _shot(opened, name, params.get(name, {}))


def _phone_shots(
    browser: Browser, served: Served, device: dict[str, Any]
) -> Iterator[tuple[str, bytes]]:
    with profile(browser, **device) as phone, tab(phone, served) as opened:
        for name in _ALSO_PHONE:
            yield f"{name}-phone", _shot(opened, name, _PARAMS.get(name, {}))


def _shot(opened: Tab, name: str, params: dict[str, str]) -> bytes:
    opened.open(name, **params)
    time.sleep(_SETTLE_S)
    opened.drawn()
    return opened.page.screenshot()


def _save(name: str, picture: bytes) -> int:
    """Write one picture in few colours: a third of the bytes, and no difference to be seen."""
    path = FOLDER / f"{name}.png"
    with Image.open(io.BytesIO(picture)) as taken:
        few = taken.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
    return path.stat().st_size


def main() -> int:
    """Make all pictures; says each as it is made."""
    path = chromium.found()
    if path is None:
        raise SystemExit("No Chromium was found. On Debian and Ubuntu: apt-get install chromium")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        with serving(Path(folder) / "data", watchman="on", timezone=_evening()) as served:
            device = dict(playwright.devices[_PHONE])
            device = {**device, "device_scale_factor": 2}
            device.pop("default_browser_type", None)
            for name, picture in _shots(browser, served):
                print(f"{name}: {_save(name, picture):,} bytes")  # noqa: T201
            for name, picture in _phone_shots(browser, served, device):
                print(f"{name}: {_save(name, picture):,} bytes")  # noqa: T201
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
