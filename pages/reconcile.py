"""Reconcile."""

from vcanalytics.ui import toolbar
from vcanalytics.ui.ranges import Defaults

toolbar.draw("Reconcile", Defaults())
