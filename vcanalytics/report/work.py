"""What needs a person now, and what failed in the period."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import polars as pl

from vcanalytics.analytics.by_file import to_the_end
from vcanalytics.analytics.desk_list import cases_frame, still_to_do
from vcanalytics.analytics.failures import patterns
from vcanalytics.analytics.reconcile import KEPT, kept_findings, terms
from vcanalytics.display import formats, words
from vcanalytics.errors import StoreError
from vcanalytics.journal import cases
from vcanalytics.report.blocks import (
    Block,
    Cell,
    Column,
    Heading,
    Said,
    Table,
    Tone,
    cells,
    rest,
    shortened,
)
from vcanalytics.report.period import Period
from vcanalytics.report.sources import Sources

#: Samples are VectorCraft's own, and nobody's work.
_WORK: Final = frozenset(KEPT) - {"sample_row"}
_MESSAGES_SHOWN: Final = 8
_MESSAGE_CHARS: Final = 110
_PATTERNS_MAX: Final = 1_000


def needs_a_person(ask: Sources, period: Period) -> Sequence[Block]:
    """Every finding that nobody has closed, whatever its payment's age; as of now."""
    now = formats.moment(period.now, period.zone, period.now)
    heading = Heading("Needs a person", f"all that is open now, at {now}, of whatever age")
    found = to_the_end(
        lambda: kept_findings(
            ask.engine,
            ask.snapshot,
            ask.candidates,
            as_of=period.now,
            **terms(ask.settings),
            only=_WORK,
        ),
        ask.looks,
    )
    found = still_to_do(found, _cases(ask))
    rows = [
        row
        for finding in words.FINDINGS
        if finding.name in _WORK
        for row in _rows(found.filter(pl.col("finding") == finding.name), finding, ask, period)
    ]
    if not rows:
        return [heading, Said("Nothing waits for a person.", "good")]
    columns = (
        Column("Finding", 1.6),
        Column("Payments", 0.8, number=True),
        Column("Money", 1.6, number=True),
        Column("Oldest", 1.0, number=True),
        Column("What it is", 3.6),
    )
    return [heading, Table("", columns, tuple(rows))]


def _cases(ask: Sources) -> pl.DataFrame:
    try:
        with ask.journal() as connection:
            return cases_frame(cases.every(connection))
    except StoreError:
        # Without a watchman there are no cases: no work is hidden.
        return cases_frame([])


def _rows(
    found: pl.DataFrame, finding: words.Finding, ask: Sources, period: Period
) -> list[tuple[Cell, ...]]:
    if not found.height:
        return []
    sums = (
        found.filter(pl.col("amount").is_not_null(), pl.col("currency").is_not_null())
        .group_by("currency")
        .agg(pl.col("amount").sum())
        .sort("currency")
    )
    money = ", ".join(formats.money(Decimal(amount), code) for code, amount in sums.iter_rows())
    oldest = found["since"].min()
    age = formats.ABSENT
    if isinstance(oldest, type(period.now)):
        age = formats.age((period.now - oldest).total_seconds())
    link = ask.link("/reconcile", period, finding=finding.name)
    colour: Tone = "critical" if finding.colour == "red" else "ink"
    return [
        cells(
            Cell(finding.label, colour, link),
            formats.count(found["transaction_id"].n_unique()),
            money or formats.ABSENT,
            age,
            Cell(finding.why, "muted"),
        )
    ]


def failures(ask: Sources, period: Period) -> Sequence[Block]:
    """Failed payments of the period by message, the most frequent first."""
    told = ask.settings
    found = patterns(
        ask.engine,
        ask.snapshot,
        start=period.start,
        end=period.until,
        limit=_PATTERNS_MAX,
        captured_errors=told.captured_errors,
        sample_prefixes=told.sample_prefixes,
    )
    whole = found.filter(pl.col("currency").is_null())
    if not whole.height:
        return [Heading("Failed payments"), Said("No payment failed.", "good")]
    failed = formats.counted(int(whole["count"].sum()), "payment", "payments")
    said = formats.counted(whole.height, "message", "messages")
    rows = []
    for row in whole.head(_MESSAGES_SHOWN).iter_rows(named=True):
        of = found.filter(
            pl.col("finding") == row["finding"],
            pl.col("pattern") == row["pattern"],
            pl.col("amount").is_not_null(),
        )
        money = ", ".join(
            formats.money(Decimal(amount), code)
            for code, amount in of.select("currency", "amount").iter_rows()
        )
        charged = row["finding"] == "captured_but_failed"
        marks = [*(["charged"] if charged else []), *(["new"] if row["new"] else [])]
        rows.append(
            cells(
                Cell(shortened(row["example"] or "No message", _MESSAGE_CHARS)),
                Cell(", ".join(marks), "critical" if charged else "warning"),
                formats.count(row["count"]),
                formats.rate(row["share"]),
                formats.count(row["customers"]),
                money or formats.ABSENT,
            )
        )
    columns = (
        Column("Message, its newest wording", 4.4),
        Column("Mark", 0.9),
        Column("Failed", 0.7, number=True),
        Column("Share", 0.8, number=True),
        Column("Customers", 1.0, number=True),
        Column("Attempted", 1.5, number=True),
    )
    note = rest(whole.height, len(rows), "message", "messages")
    return [
        Heading("Failed payments", f"{failed}, {said}"),
        Table("", columns, tuple(rows), note),
    ]
