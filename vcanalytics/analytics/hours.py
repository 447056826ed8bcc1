"""Which hours of the week bring what, out of revenue hour by hour."""

from __future__ import annotations

from typing import Final

import polars as pl

_ORDER: Final = ("weekday", "hour")
_MONEY: Final = pl.Decimal(38, 4)


def hours_of_week(windows: pl.DataFrame) -> pl.DataFrame:
    """Revenue of hours, of one currency, by weekday and hour of the wall clock: Monday 0 h first.

    ``windows`` as ``analytics.revenue.revenue`` has them by the hour; an hour that a change of
    clocks repeats counts twice. Columns: ``weekday`` (0: Monday), ``hour`` (0 to 23), ``hours``
    (how many such there were), ``captured`` (count), ``gross`` (money in ``currency``), ``mean``
    (gross an hour, to a ten-thousandth), ``currency``.
    """
    label = pl.col("window_label")
    gross = pl.col("gross").cast(_MONEY).sum()
    return (
        windows.group_by(
            (label.str.slice(0, 10).str.to_date().dt.weekday() - 1).cast(pl.Int64).alias("weekday"),
            label.str.slice(11, 2).cast(pl.Int64).alias("hour"),
            "currency",
        )
        .agg(pl.len().cast(pl.Int64).alias("hours"), pl.col("captured").sum(), gross)
        .with_columns((pl.col("gross") / pl.col("hours").cast(_MONEY)).cast(_MONEY).alias("mean"))
        .select(*_ORDER, "hours", "captured", "gross", "mean", "currency")
        .sort(_ORDER)
    )
