"""Buckets: how values are counted where they are not kept one by one.

A bucket holds the values of ``(WIDTH**(n - 1), WIDTH**n]``: all lie within ``ERROR_BOUND`` of its
middle. It is numbered so that a greater number means greater values: ``_FIRST + n`` above zero, the
same below with its sign turned, 0 for zero, ``BEYOND`` for what is not finite. Numbers of buckets
add up, so that counts of any two cells can be put together, and a percentile is read from the sum,
never from other percentiles.
"""

from __future__ import annotations

import math
from typing import Final

import polars as pl

WIDTH: Final = 1.02
#: How far a value may lie from the middle of its bucket, in proportion: promised, and held by tests
#: for numbers of full precision (2.3e-308 and above).
ERROR_BOUND: Final = 0.01
LOG_WIDTH: Final = math.log(WIDTH)
#: From a bucket's upper end to its middle: 0.99 % from both ends.
LOG_MIDDLE: Final = math.log(2 / (1 + WIDTH))
#: More than the number of buckets below 1, so that none above zero has a number below 1.
FIRST: Final = 50_000
BEYOND: Final = 100_000
LARGEST: Final = 1.7976931348623157e308
LOG_LARGEST: Final = 709.78

#: Edges of the bands of a distribution, in ms: 0.1, 0.2, 0.5, 1, ... A band holds ``(low, high]``,
#: the first everything up to 0.1. A bucket that an edge lies in is counted in two parts, so that
#: bands are exact.
BANDS_MS: Final = (
    0.0,
    *(step * 10.0**power for power in range(-1, 5) for step in (1, 2, 5)),
    100_000.0,
    math.inf,
)


def bucket(value: pl.Expr) -> pl.Expr:
    """The number of the bucket a value lies in. SQL says the same in the same steps."""
    steps = FIRST + (value.abs().log() / LOG_WIDTH).ceil()
    inside = pl.when(value > 0).then(steps).otherwise(-steps)
    return (
        pl.when(value == 0)
        .then(pl.lit(0.0))
        .when(value > LARGEST)
        .then(pl.lit(float(BEYOND)))
        .when(value < -LARGEST)
        .then(pl.lit(-float(BEYOND)))
        .otherwise(inside)
        .cast(pl.Int32)
    )


def band(value: pl.Expr) -> pl.Expr:
    """The number of the band a time lies in: how many of the inner edges it is above."""
    inner = BANDS_MS[1:-1]
    return pl.sum_horizontal([(value > edge).cast(pl.Int32) for edge in inner])


#: What SQL needs to number a value's bucket, and to read a bucket's middle.
NUMBERING: Final[dict[str, float]] = {
    "log_width": LOG_WIDTH,
    "first": FIRST,
    "beyond": BEYOND,
    "largest": LARGEST,
}
READING: Final[dict[str, float]] = NUMBERING | {
    "log_middle": LOG_MIDDLE,
    "log_largest": LOG_LARGEST,
    "error_bound": ERROR_BOUND,
}
