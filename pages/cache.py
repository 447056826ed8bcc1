"""Cache: what is kept of answers, of what use that is, and clearing it."""

from __future__ import annotations

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import cache, live, notices, panels, toolbar

DEFAULTS = Defaults(preset="today", compare="none")

# It is about now: no range is picked here, and one picked elsewhere is kept.
toolbar.draw("Cache", DEFAULTS, compares=False, picks=False)
notices.draw()

live.fragment(cache.metrics, DEFAULTS)
with panels.box("cache"):
    live.fragment(cache.table, DEFAULTS)
