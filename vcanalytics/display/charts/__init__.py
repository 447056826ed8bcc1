"""Charts: specifications built once and shared, data passed beside them. One module a question."""

from vcanalytics.display.charts.base import HEIGHT, ROLES, SPARK_HEIGHT, Spec, role, wall_ms
from vcanalytics.display.charts.heat import cells
from vcanalytics.display.charts.lines import Limit, Stroke, log_ticks, trend
from vcanalytics.display.charts.notes import Mark, with_notes
from vcanalytics.display.charts.parts import changes, doughnut, polar, ranked
from vcanalytics.display.charts.small import spark, status_legend, status_rows, strip
from vcanalytics.display.charts.stacked import stacked
from vcanalytics.display.charts.strips import strips
from vcanalytics.display.charts.takings import against_before, bars, hatching, so_far

__all__ = [
    "HEIGHT",
    "ROLES",
    "SPARK_HEIGHT",
    "Limit",
    "Mark",
    "Spec",
    "Stroke",
    "against_before",
    "bars",
    "cells",
    "changes",
    "doughnut",
    "hatching",
    "log_ticks",
    "polar",
    "ranked",
    "role",
    "so_far",
    "spark",
    "stacked",
    "status_legend",
    "status_rows",
    "strip",
    "strips",
    "trend",
    "wall_ms",
    "with_notes",
]
