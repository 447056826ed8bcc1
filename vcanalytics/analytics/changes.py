"""What a difference between two ranges is made of: parts that add up to it, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import polars as pl

from vcanalytics.model.money import minor_digits
from vcanalytics.model.parts import REFUNDS

_VALUE: Final = pl.Decimal(38, 4)
_SHAPE: Final = pl.Schema(
    {"name": pl.String(), "now": _VALUE, "before": _VALUE, "difference": _VALUE}
)
_ORDER: Final = ("size", "name")


def by_price(points: pl.DataFrame, refunds: Decimal, currency: str) -> pl.DataFrame:
    """Gross by price, and refunds, which take away: together they are net.

    ``points`` is of ``prices.price_points``, ``refunds`` what was given back. Columns: ``name``
    (the price in the currency's digits, or REFUNDS), ``value`` (money).
    """
    digits = minor_digits(currency)
    price = pl.col("amount").round(digits).cast(pl.Decimal(38, digits)).cast(pl.String)
    paid = points.filter(pl.col("amount").is_not_null()).select(
        price.alias("name"), pl.col("gross").cast(_VALUE).alias("value")
    )
    back = pl.DataFrame(
        {"name": [REFUNDS], "value": [-refunds]}, {"name": pl.String, "value": _VALUE}
    )
    return pl.concat([paid, back])


def changes(
    now: pl.DataFrame, before: pl.DataFrame, whole_now: Decimal, whole_before: Decimal
) -> pl.DataFrame:
    """Each part of two ranges with what it changed by, the largest change first.

    ``now`` and ``before`` have ``name`` and ``value``, each name once; ``whole_now`` and
    ``whole_before`` are what the ranges come to. Columns: ``name``, ``now``, ``before``,
    ``difference``. What the wholes have and no part does stands last, without a name, so that the
    differences add up to that of the wholes.
    """
    sides = [
        side.select(pl.col("name").cast(pl.String), pl.col("value").cast(_VALUE).alias(label))
        for side, label in ((now, "now"), (before, "before"))
    ]
    both = sides[0].join(sides[1], on="name", how="full", coalesce=True)
    parts = both.with_columns(pl.col("now", "before").fill_null(0)).with_columns(
        (pl.col("now") - pl.col("before")).cast(_VALUE).alias("difference")
    )
    size = pl.col("difference").abs().alias("size")
    parts = parts.with_columns(size).sort(*_ORDER, descending=[True, False]).drop("size")
    rest_now = whole_now - sum(parts["now"], Decimal(0))
    rest_before = whole_before - sum(parts["before"], Decimal(0))
    if rest_now or rest_before:
        parts = pl.concat([parts, _row(rest_now, rest_before)])
    return parts.select(_SHAPE.names())


def _row(now: Decimal, before: Decimal) -> pl.DataFrame:
    return pl.DataFrame([(None, now, before, now - before)], schema=_SHAPE, orient="row")


def largest(parts: pl.DataFrame, shown: int) -> pl.DataFrame:
    """The ``shown`` largest changes, and all others as one row without a name; the same sum."""
    named = parts.filter(pl.col("name").is_not_null() & (pl.col("difference") != 0)).head(shown)
    others = parts.join(named, on="name", how="anti")
    now, before = sum(others["now"], Decimal(0)), sum(others["before"], Decimal(0))
    return named if now == before else pl.concat([named, _row(now, before)])
