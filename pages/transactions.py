"""Transactions: every payment, found by filters; a row opens its timeline."""

from __future__ import annotations

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import notices, toolbar, transactions

DEFAULTS = Defaults(preset="today", compare="none")

toolbar.draw("Transactions", DEFAULTS, compares=False)
notices.draw()
transactions.live_listing(DEFAULTS)
