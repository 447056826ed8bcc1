"""What axe finds of a page: what keeps somebody from reading or using it."""

from __future__ import annotations

from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_GRAVE: Final = frozenset({"serious", "critical"})
_LOOKS: Final = 3
_PAUSE_MS: Final = 700


def _there(page: Page) -> str:
    """What has axe stand in the page: nothing where it was asked before."""
    return "0" if page.evaluate("'axe' in window") else AXE_SCRIPT


def grave(page: Page, *, colours_only: bool = False) -> list[str]:
    """The serious and critical findings: rule, what it is, the first three places.

    ``colours_only``: of a page whose other theme was looked at whole.
    """
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if colours_only:
        options["runOnly"] = {"type": "rule", "values": ["color-contrast"]}
    found: list[dict[str, Any]] = []
    for _ in range(_LOOKS):
        violations = Axe(_there(page)).run(page, options=options).response["violations"]
        found = [one for one in violations if one["impact"] in _GRAVE]
        if not found:
            break
        # What is drawn anew is faded for a moment, and colours change over when the theme does.
        page.wait_for_timeout(_PAUSE_MS)
    return [
        f"{one['id']}: {one['help']}: " + "; ".join(node["html"][:200] for node in one["nodes"][:3])
        for one in found
    ]
