"""What axe finds of a page: what keeps somebody from reading or using it."""

from __future__ import annotations

from typing import Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_GRAVE: Final = frozenset({"serious", "critical"})


def grave(page: Page) -> list[str]:
    """The serious and critical findings: rule, what it is, the first three places."""
    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']}: " + "; ".join(node["html"][:200] for node in one["nodes"][:3])
        for one in found
        if one["impact"] in _GRAVE
    ]
