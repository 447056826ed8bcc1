"""Transactions: every payment, found by filters; a row opens its timeline."""

from __future__ import annotations

from vcanalytics.ui import notices, toolbar, transactions
from vcanalytics.ui.ranges import Defaults

DEFAULTS = Defaults(preset="today", compare="none")

toolbar.draw("Transactions", DEFAULTS, compares=False)
notices.draw()
transactions.live_listing(DEFAULTS)
