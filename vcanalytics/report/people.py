"""Who was here in the period, what they did, and how far those came who wanted to pay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from vcanalytics.analytics.activity import totals
from vcanalytics.analytics.funnels import checkout_funnel
from vcanalytics.display import formats
from vcanalytics.display.words import STEPS
from vcanalytics.report import spoken
from vcanalytics.report.blocks import (
    Block,
    Column,
    Figure,
    Figures,
    Heading,
    Said,
    Table,
    cells,
)
from vcanalytics.report.period import Period
from vcanalytics.report.sources import Sources

_COUNTS: Final = (
    ("People active", "people"),
    ("Sign-ups", "sign_ups"),
    ("Sign-ins", "sign_ins"),
    ("Vectorisations", "vectorisations"),
)


def activity(ask: Sources, period: Period) -> Sequence[Block]:
    """Active people and what they did, against before; the funnel of the checkout."""
    now = _row(ask, period.start, period.until)
    before = [(name, _row(ask, one.start, one.until)) for name, _, one in period.against[:1]]
    found: list[Block] = [Heading("Activity")]
    if not now["events"]:
        found.append(Said("Nobody did anything that is recorded."))
    else:
        figures = [
            Figure(
                label,
                formats.count(now[column]),
                tuple(spoken.share(now[column], row[column], "more", name) for name, row in before),
            )
            for label, column in _COUNTS
        ]
        rate = now["failure_rate"]
        figures.append(
            Figure(
                "Vectorising failed",
                formats.rate(rate),
                tuple(
                    spoken.points(rate, row["failure_rate"], "less", name) for name, row in before
                ),
            )
        )
        found.append(Figures(tuple(figures)))
    funnel = _funnel(ask, period)
    return [*found, funnel] if funnel is not None else found


def _row(ask: Sources, start: Any, end: Any) -> dict[str, Any]:
    return totals(ask.engine, ask.snapshot, start=start, end=end).row(0, named=True)


def _funnel(ask: Sources, period: Period) -> Table | None:
    steps = checkout_funnel(
        ask.engine,
        ask.snapshot,
        start=period.start,
        end=period.until,
        sample_prefixes=ask.settings.sample_prefixes,
    )
    if not steps["people"][0]:
        return None
    rows = [
        cells(
            STEPS[row["step"]],
            formats.count(row["people"]),
            formats.rate(row["share_of_first"]),
            formats.rate(row["share_of_before"]),
        )
        for row in steps.iter_rows(named=True)
    ]
    columns = (
        Column("From checkout to the first upload", 3.0),
        Column("People", 1.0, number=True),
        Column("Of the first step", 1.2, number=True),
        Column("Of the step before", 1.2, number=True),
    )
    return Table("", columns, tuple(rows))
