"""What people paid, as a picture: each price with how often it was paid and what it brought."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import polars as pl

from vcanalytics.display import charts, formats
from vcanalytics.display.picture import Picture

#: So many prices have a bar; what else was paid is one more.
_SHOWN: Final = 9
_ROW_PX: Final = 30


def picture(points: pl.DataFrame, code: str) -> Picture | None:
    """Bars of the most frequent prices, "everything else" last; None where nothing was paid.

    ``points`` is of ``analytics.prices.price_points``.
    """
    if not points.height:
        return None
    rows = [
        _bar(_price(row["amount"], code), row["captured"], row["gross"], row["share"], code)
        for row in points.head(_SHOWN).iter_rows(named=True)
    ]
    rest = points.slice(_SHOWN)
    if rest.height:
        gross = sum(rest["gross"], Decimal(0))
        count, share = int(rest["captured"].sum()), float(rest["share"].sum())
        rows.append(_bar("everything else", count, gross, share, code))
    shown = pl.DataFrame(rows, schema=["name", "value", "role", "label", "text"], orient="row")
    return Picture(
        "Price points",
        f"payments, {code}",
        f"What was paid, by price: {shown['name'][0]} most often",
        shown,
        charts.ranked(_ROW_PX * shown.height + 8, tuple(shown["name"]), 0.5),
    )


def _price(amount: Decimal | None, code: str) -> str:
    return "no amount" if amount is None else formats.money_plain(amount, code)


def _bar(
    name: str, count: int, gross: Decimal, share: float, code: str
) -> tuple[str, float, str, str, str]:
    label = f"{formats.count(count)} \u00b7 {formats.rate(share)}"
    text = f"{name}: {formats.count(count)} payments, {formats.money(gross, code)}"
    return name, float(count), "subject", label, text
