"""Takings: figures against before, by window, as they added up, what changed, prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.changes import by_price, changes, largest
from vcanalytics.analytics.prices import price_points
from vcanalytics.analytics.revenue import read_until, revenue, totals
from vcanalytics.display import changes as changed
from vcanalytics.display import formats, prices
from vcanalytics.display import revenue as shown
from vcanalytics.display.picture import Picture
from vcanalytics.display.ranges import Against, Range
from vcanalytics.report import spoken
from vcanalytics.report.blocks import (
    Block,
    Cell,
    Charts,
    Column,
    Figure,
    Figures,
    Heading,
    Said,
    Table,
    blocks,
    cells,
)
from vcanalytics.report.period import Period
from vcanalytics.report.sources import Sources

_PRICES_MAX: Final = 1_000
#: A shop has one or two; the table says what it leaves out.
_CURRENCIES_SHOWN: Final = 8
#: Beside another chart there is less room for words.
_ROOM: Final = 0.9


def takings(ask: Sources, period: Period) -> Sequence[Block]:
    """All of it, of VC_CURRENCY; other currencies in a table of their own."""
    code = ask.settings.currency
    now = _totals(ask, period, period.start, period.until)
    before = [(name, _totals(ask, period, one.start, one.until)) for name, _, one in period.against]
    mine = now.get(code, {})
    heading = Heading("Takings", f"{code}; refunds count when they were made")
    if not any(row["attempts"] or row["captured"] or row["refunded"] for row in now.values()):
        return blocks(heading, Said(_silence(ask, period)))
    windows = _windows(ask, period, period.view, code)
    if shown.silent(windows):
        none = Said(f"Nothing in {code}.")
        return blocks(heading, _late(ask, period), none, _by_currency(now, before, code))
    against = period.against[0].span if period.against else None
    past = None if against is None else _windows(ask, period, against, code)
    view = period.view
    late = _late(ask, period)
    bars = shown.bars(windows, past, view, code)
    return blocks(
        heading,
        late,
        Figures(_figures(mine, [(name, rows.get(code, {})) for name, rows in before], code)),
        _by_currency(now, before, code),
        Charts.of((bars, 1.9), (shown.cumulative(windows, past, view, code), 1.0)),
        Charts.of(
            (None if against is None else _what_changed(ask, period, against, code), 1.4),
            (prices.picture(_points(ask, period.start, period.until, code), code), 1.0),
        ),
    )


def _late(ask: Sources, period: Period) -> Said | None:
    """That the figures are not final, where the source was not read to the period's end."""
    read_at = read_until(ask.snapshot)
    if read_at is not None and read_at >= period.read_to:
        return None
    when = "never" if read_at is None else formats.moment(read_at, period.zone, period.now)
    return Said(f"Last read of the source: {when}. Figures are not final.", "warning")


def _silence(ask: Sources, period: Period) -> str:
    newest = ask.snapshot.state("transactions").last_at
    if newest is None:
        return "No payments have been read yet."
    when = formats.moment(newest, period.zone, period.now)
    return f"No payments were begun, captured or refunded. The newest of all is from {when}."


def _totals(
    ask: Sources, period: Period, start: datetime, end: datetime
) -> dict[str, dict[str, Any]]:
    told = ask.settings
    frame = totals(
        ask.engine,
        ask.snapshot,
        start=start,
        end=end,
        zone=period.zone,
        now=period.now,
        default_currency=told.currency,
        sample_prefixes=told.sample_prefixes,
    )
    return {row["currency"]: row for row in frame.iter_rows(named=True)}


def _windows(ask: Sources, period: Period, span: Range | Against, code: str) -> pl.DataFrame:
    return revenue(
        ask.engine,
        ask.snapshot,
        start=span.start,
        end=span.end,
        grain=period.view.grain,
        zone=period.zone,
        now=period.now,
        week_start=period.week_start,
        currency=code,
        default_currency=code,
        sample_prefixes=ask.settings.sample_prefixes,
    )


def _points(ask: Sources, start: datetime, end: datetime, code: str) -> pl.DataFrame:
    return price_points(
        ask.engine,
        ask.snapshot,
        start=start,
        end=end,
        currency=code,
        sample_prefixes=ask.settings.sample_prefixes,
        limit=_PRICES_MAX,
    )


def _money(amount: Decimal | None, code: str) -> str:
    return formats.ABSENT if amount is None else formats.money(amount, code)


def _figures(
    now: dict[str, Any], before: Sequence[tuple[str, dict[str, Any]]], code: str
) -> tuple[Figure, ...]:
    if not now:
        return (Figure("Net", formats.money(Decimal(0), code)),)

    def compared(column: str, better: spoken.Better) -> tuple[Said, ...]:
        return tuple(
            spoken.share(now[column] or 0, row.get(column), better, name) for name, row in before
        )

    rate = now["success_rate"]
    return (
        Figure("Net", _money(now["net"], code), compared("net", "more")),
        Figure("Gross", _money(now["gross"], code), compared("gross", "more")),
        Figure("Refunds", _money(now["refunds"], code), compared("refunds", "less")),
        Figure("Payments", formats.count(now["captured"]), compared("captured", "more")),
        Figure("Average", _money(now["average"], code), compared("average", "neither")),
        Figure(
            "Success rate",
            formats.rate(rate),
            tuple(
                spoken.points(rate, row.get("success_rate"), "more", name) for name, row in before
            ),
        ),
    )


def _by_currency(
    now: dict[str, dict[str, Any]],
    before: Sequence[tuple[str, dict[str, dict[str, Any]]]],
    own: str,
) -> Table | None:
    codes = sorted(
        (
            code
            for code, row in now.items()
            if row["attempts"] or row["captured"] or row["refunded"]
        ),
        key=lambda code: (code != own, code),
    )
    if codes in ([own], []):
        return None
    name, earlier = before[0] if before else ("", {})
    rows = []
    for code in codes[:_CURRENCIES_SHOWN]:
        row = now[code]
        change = spoken.share(row["net"], earlier.get(code, {}).get("net"), "more", name)
        rows.append(
            cells(
                code,
                _money(row["net"], code),
                _money(row["gross"], code),
                _money(row["refunds"], code),
                formats.count(row["captured"]),
                _money(row["average"], code),
                formats.rate(row["success_rate"]),
                Cell(change.text if before else formats.ABSENT, change.tone),
            )
        )
    left = codes[_CURRENCIES_SHOWN:]
    heads = ("Currency", "Net", "Gross", "Refunds", "Payments", "Average", "Success")
    columns = [Column(head, 1.0, number=head != "Currency") for head in heads]
    note = f"{formats.count(len(left))} more currencies: {', '.join(left)}" if left else ""
    return Table("By currency", (*columns, Column("Net, change", 1.6)), tuple(rows), note)


def _what_changed(ask: Sources, period: Period, against: Against, code: str) -> Picture | None:
    sides = []
    for start, end in ((period.start, period.until), (against.start, against.until)):
        row = _totals(ask, period, start, end).get(code, {})
        refunds, net = row.get("refunds", Decimal(0)), row.get("net", Decimal(0))
        sides.append((by_price(_points(ask, start, end, code), refunds, code), net))
    (now, net_now), (before, net_before) = sides
    parts = largest(changes(now, before, net_now, net_before), changed.SHOWN)
    return changed.picture(parts, "price", code, room=_ROOM) if parts.height else None
