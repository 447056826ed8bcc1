"""Reconcile: what does not add up, who waits for it, and who works on it."""

from __future__ import annotations

from vcanalytics.ui import live, notices, reconcile, toolbar
from vcanalytics.ui.ranges import Defaults

# A case does not end at midnight: a range picked elsewhere must not hide one here.
DEFAULTS = Defaults(preset="all", compare="none")

toolbar.draw("Reconcile", DEFAULTS, compares=False, keep_range=False)
notices.draw()
live.fragment(reconcile.draw, DEFAULTS)
