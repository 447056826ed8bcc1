"""Small marks beside figures: a tile's course, and the parts of one whole as a strip."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import polars as pl

from vcanalytics.display import formats, words
from vcanalytics.display.charts.base import FLUSH, ROLES, SPARK_HEIGHT, Spec, base, line, only, role


@lru_cache(maxsize=4)
def spark() -> Spec:
    """A tile's course: comparison behind, the open last window dashed with a hollow end.

    Columns: ``i`` (position), ``value``, ``series`` (subject, comparison, open, end).
    """
    return {
        **base(
            SPARK_HEIGHT,
            [
                line("comparison", "comparison", 1.25, clip=False),
                line("subject", "subject", 1.75, clip=False),
                line("open", "subject", 1.75, clip=False, strokeDash=[2, 2.5]),
                {
                    "transform": only("end"),
                    "mark": {
                        "type": "point",
                        "size": 22,
                        "strokeWidth": 1.75,
                        "opacity": 1,
                        "aria": False,
                    },
                    "encoding": {"color": role("subject")},
                },
                {
                    "transform": only("dot"),
                    "mark": {
                        "type": "point",
                        "size": 22,
                        "filled": True,
                        "opacity": 1,
                        "aria": False,
                    },
                    "encoding": {"color": role("subject")},
                },
            ],
            {
                "x": {"field": "i", "type": "quantitative", "axis": None, "scale": {"nice": False}},
                "y": {
                    "field": "value",
                    "type": "quantitative",
                    "axis": None,
                    "scale": {"zero": False, "nice": False},
                },
            },
        ),
        "padding": {"left": 3, "right": 4, "top": 4, "bottom": 4},
    }


@lru_cache(maxsize=2)
def strip() -> Spec:
    """Parts of one whole as one stacked strip.

    Columns: ``status``, ``value``, ``role``, ``order``, ``text``.
    """
    return {
        **base(
            18,
            [
                {
                    "mark": {
                        "type": "bar",
                        "height": 15,
                        "cornerRadius": 2,
                        "opacity": 0.88,
                        "stroke": {"expr": "background"},
                        "strokeWidth": 3,
                    },
                    "encoding": {
                        "color": {
                            "field": "role",
                            "type": "nominal",
                            "scale": {"domain": list(ROLES)},
                        },
                        "order": {"field": "order"},
                        "tooltip": {"field": "text", "type": "nominal"},
                    },
                }
            ],
            {
                "x": {
                    "field": "value",
                    "type": "quantitative",
                    "axis": None,
                    "stack": "zero",
                    "scale": {"nice": False},
                }
            },
        ),
        "padding": FLUSH,
    }


def status_rows(counts: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``strip`` from ``status``, ``count``: in the order states are always named."""
    known = list(words.STATUSES)
    rows = []
    for status, number in counts.iter_rows():
        word = words.status(status)
        order = known.index(status) if status in known else len(known)
        rows.append((status, number, word.role, order, f"{word.label}: {formats.count(number)}"))
    schema = ("status", "value", "role", "order", "text")
    return pl.DataFrame(rows, schema=schema, orient="row").sort("order", "status")


#: Swatches take the mark's colour where the chip's is another one.
_SWATCHES: Final = {"comparison": "gray", "muted": "gray"}


def status_legend(counts: pl.DataFrame) -> str:
    """One line of swatches under a strip of statuses, as Markdown."""
    parts = []
    for status, number in status_rows(counts).select("status", "value").iter_rows():
        word = words.status(status)
        colour = _SWATCHES.get(word.role, word.colour)
        label = formats.literal(word.label).replace(" ", formats.NBSP)
        parts.append(f":{colour}[\u25a0]\u00a0{label}\u00a0**{formats.count(number)}**")
    return ":small[" + "\u2003".join(parts) + "]"
