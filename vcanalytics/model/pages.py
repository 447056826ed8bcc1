"""The paths of the console's pages, as addresses and saved views name them."""

from __future__ import annotations

from typing import Final

#: Every page there is. Who may see which is the web's matter: ``web/access.py``.
PAGES: Final = frozenset(
    {
        "/",
        "/transactions",
        "/customers",
        "/revenue",
        "/performance",
        "/endpoint",
        "/activity",
        "/system",
        "/reconcile",
        "/failures",
        "/paypal",
        "/alerts",
        "/health",
        "/cache",
        "/users",
    }
)
