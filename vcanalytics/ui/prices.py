"""What people paid: each price with how often it was paid and what it brought."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import polars as pl

from vcanalytics import cached
from vcanalytics.display import charts, formats
from vcanalytics.display.ranges import Range
from vcanalytics.ui import chart, exports, panels

#: So many prices have a bar; what else was paid is one more.
_SHOWN: Final = 9
_ROW_PX: Final = 30


def draw(view: Range, code: str) -> None:
    """Bars of the most frequent prices, "everything else" last."""
    csv = exports.link("price-points", view, currency=code)
    panels.head("Price points", note=f"payments, {code}", key="", csv=csv)
    with panels.contained("prices", skeleton=300):
        frame = cached.price_points(view.start, view.until, currency=code).frame
        if not frame.height:
            panels.nothing_in(view)
            return
        rows = [
            _bar(_price(row["amount"], code), row["captured"], row["gross"], row["share"], code)
            for row in frame.head(_SHOWN).iter_rows(named=True)
        ]
        rest = frame.slice(_SHOWN)
        if rest.height:
            gross = sum(rest["gross"], Decimal(0))
            count, share = int(rest["captured"].sum()), float(rest["share"].sum())
            rows.append(_bar("everything else", count, gross, share, code))
        shown = pl.DataFrame(rows, schema=["name", "value", "role", "label", "text"], orient="row")
        chart.draw(
            shown,
            charts.ranked(_ROW_PX * shown.height + 8, tuple(shown["name"]), 0.5),
            key="chart_prices",
            alt=f"What was paid, by price: {shown['name'][0]} most often",
        )


def _price(amount: Decimal | None, code: str) -> str:
    return "no amount" if amount is None else formats.money_plain(amount, code)


def _bar(
    name: str, count: int, gross: Decimal, share: float, code: str
) -> tuple[str, float, str, str, str]:
    label = f"{formats.count(count)} \u00b7 {formats.rate(share)}"
    text = f"{name}: {formats.count(count)} payments, {formats.money(gross, code)}"
    return name, float(count), "subject", label, text
