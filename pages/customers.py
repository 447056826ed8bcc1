"""Customers: found by any part of what they tell, and everything of one of them together."""

from __future__ import annotations

from vcanalytics.display.ranges import Defaults
from vcanalytics.ui import buyers, customers, live, notices, panels, toolbar

# A customer's story is told whole.
DEFAULTS = Defaults(preset="all", compare="none")

toolbar.draw("Customers", DEFAULTS, compares=False, picks=False)
notices.draw()
customers.bar()
live.fragment(customers.draw, DEFAULTS)
if customers.idle():
    with panels.box("buyers"):
        live.fragment(buyers.draw, DEFAULTS)
