"""Failures: which payments failed, with which words, since when, and whom it hit."""

from __future__ import annotations

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import failed_payments, live, money_desk, notices, outages, toolbar

DEFAULTS = Defaults(preset="7d", compare="none")

toolbar.draw("Failures", DEFAULTS, compares=False)
money_desk.links("pages/failures.py")
notices.draw()
live.fragment(failed_payments.draw, DEFAULTS)
live.fragment(outages.draw, DEFAULTS)
