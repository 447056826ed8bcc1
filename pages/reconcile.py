"""Reconcile: what does not add up, and who waits for it."""

from __future__ import annotations

from vcanalytics.ui import notices, panels, reconcile, refresh, toolbar
from vcanalytics.ui.ranges import Defaults

# A case does not end at midnight: a range picked elsewhere must not hide one here.
DEFAULTS = Defaults(preset="all", compare="none")

view = toolbar.draw("Reconcile", DEFAULTS, compares=False, keep_range=False)
notices.draw()

with panels.contained("findings", skeleton=600):
    found = reconcile.found(view)
    reconcile.metrics(found, view)
    reconcile.listing(found, reconcile.pills(found), view)

refresh.whole_page("reconcile")
