"""Charts: specifications built once and shared, data passed beside them. One module a question."""

from vcanalytics.ui.charts.base import HEIGHT, ROLES, SPARK_HEIGHT, Spec, draw, role, wall_ms
from vcanalytics.ui.charts.heat import cells
from vcanalytics.ui.charts.lines import Limit, Stroke, log_ticks, trend
from vcanalytics.ui.charts.parts import changes, doughnut, polar, ranked
from vcanalytics.ui.charts.small import spark, status_legend, status_rows, strip
from vcanalytics.ui.charts.stacked import stacked
from vcanalytics.ui.charts.strips import strips
from vcanalytics.ui.charts.takings import against_before, bars, hatching, so_far

__all__ = [
    "HEIGHT",
    "ROLES",
    "SPARK_HEIGHT",
    "Limit",
    "Spec",
    "Stroke",
    "against_before",
    "bars",
    "cells",
    "changes",
    "doughnut",
    "draw",
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
]
