"""Cells: what a stream's rows come to, by the hour and by the day, in UTC.

Of each cell there is one row of figures (how many, their exact sum, least and most) and a row a
bucket (``model.buckets``) with how many values lie in it. Cells of the same time and name add up:
where two rows of one lie in different files, questions add them. Rows of requests are counted by
kind and endpoint, samples of hosts by host, measure and item.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
import pyarrow as pa

from vcanalytics.model.buckets import band, bucket
from vcanalytics.model.streams import COUNT, INSTANT, REAL, REQUESTS, SYSTEM, TEXT
from vcanalytics.store.shapes import Shape

HOURS: Final = "hours"
DAYS: Final = "days"
BUCKETS: Final = "buckets"
#: Statuses that are no errors.
FINE: Final = ("success", "healthy")
_SMALL: Final = pa.int32()


@dataclass(frozen=True, slots=True)
class Counted:
    """A stream that cells are made of: what its rows are told apart by, and what is counted.

    ``more`` are figures besides the usual ones.
    """

    stream: str
    by: tuple[str, ...]
    value: str
    banded: bool
    more: tuple[tuple[str, pa.DataType], ...] = ()

    @property
    def keys(self) -> list[str]:
        return ["cell_at", *self.by]

    @property
    def series(self) -> tuple[str, ...]:
        """Every series that is made of the stream."""
        return tuple(self.figures(g).name for g in (HOURS, DAYS)) + tuple(
            self.buckets(g).name for g in (HOURS, DAYS)
        )

    def figures(self, grain: str) -> Shape:
        """Files of figures.

        ``total`` and ``rest`` are one sum: the second is what the first has no digits for, so that
        sums do not hang on how rows were put together.
        """
        return self._shape(
            f"{self.stream}.{grain}",
            [
                ("count", COUNT),
                ("total", REAL),
                ("rest", REAL),
                ("least", REAL),
                ("most", REAL),
                *self.more,
            ],
        )

    def buckets(self, grain: str) -> Shape:
        """Files of buckets."""
        banded = [("band", _SMALL)] if self.banded else []
        return self._shape(
            f"{self.stream}.{grain}.{BUCKETS}",
            [*banded, ("bucket", _SMALL), ("count", COUNT)],
            ("bucket",),
        )

    def _shape(
        self, name: str, columns: Iterable[tuple[str, pa.DataType]], more: tuple[str, ...] = ()
    ) -> Shape:
        texts = [(column, TEXT) for column in self.by]
        fields = [("cell_at", INSTANT), *texts, *columns, ("seq", COUNT)]
        schema = pa.schema([pa.field(column, kind, nullable=False) for column, kind in fields])
        return Shape(name, schema, "cell_at", (*self.by, "cell_at", *more), ("cell_at",))


REQUEST_CELLS: Final = Counted(
    REQUESTS.name, ("kind", "endpoint"), "value_ms", banded=True, more=(("errors", COUNT),)
)
#: ``last`` is the newest value, of ``last_at``; ``after_us`` the sum of how long after the cell's
#: beginning each was sampled: a line through what fills is told from both.
SYSTEM_CELLS: Final = Counted(
    SYSTEM.name,
    ("host", "measure", "item"),
    "value",
    banded=False,
    more=(("last_at", INSTANT), ("last", REAL), ("after_us", COUNT)),
)
COUNTED: Final = {one.stream: one for one in (REQUEST_CELLS, SYSTEM_CELLS)}
#: The shape of every series of cells, by its name.
SHAPES: Final = {
    shape.name: shape
    for one in COUNTED.values()
    for grain in (HOURS, DAYS)
    for shape in (one.figures(grain), one.buckets(grain))
}


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one grain."""

    figures: pl.DataFrame
    buckets: pl.DataFrame


def hours_of(counted: Counted, rows: pa.Table) -> Cells:
    """The hour cells that a stream's rows, with their ``seq``, come to."""
    value, happened_at = pl.col(counted.value).cast(pl.Float64), pl.col("happened_at")
    cell_at = happened_at.dt.truncate("1h")
    frame = pl.DataFrame(pl.from_arrow(rows)).select(
        cell_at.alias("cell_at"),
        *counted.by,
        value.alias("value"),
        bucket(value).alias("bucket"),
        *([band(value).alias("band")] if counted.banded else []),
        *_told(counted, cell_at),
        "seq",
    )
    figures = frame.group_by(counted.keys).agg(
        pl.len().cast(pl.Int64).alias("count"),
        pl.col("value").alias("values"),
        pl.col("value").min().alias("least"),
        pl.col("value").nan_max().alias("most"),
        *_figures(counted),
        pl.col("seq").max(),
    )
    return Cells(
        _summed(counted, figures),
        _counted(counted, frame.with_columns(pl.lit(1, pl.Int64).alias("count"))),
    )


def _told(counted: Counted, cell_at: pl.Expr) -> list[pl.Expr]:
    if counted is REQUEST_CELLS:
        return [(~pl.col("status").is_in(list(FINE))).cast(pl.Int64).alias("errors")]
    after = (pl.col("happened_at") - cell_at).dt.total_microseconds()
    return [pl.col("happened_at").alias("last_at"), after.alias("after_us")]


def _figures(counted: Counted) -> list[pl.Expr]:
    if counted is REQUEST_CELLS:
        return [pl.col("errors").sum()]
    return [*_newest("value"), pl.col("after_us").sum()]


def _newest(value: str) -> list[pl.Expr]:
    # Of two values of one moment the greater: which came first cannot be told.
    newest = pl.col(value).filter(pl.col("last_at") == pl.col("last_at").max())
    return [newest.nan_max().alias("last"), pl.col("last_at").max()]


def added(counted: Counted, shape: Shape, parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Rows of one series, those of the same cell (and bucket) put together.

    Hour cells come to day cells where the shape is one of days.
    """
    cell_at = pl.col("cell_at").dt.truncate("1d" if shape in _daily(counted) else "1h")
    frame = pl.concat(parts)
    if "bucket" in shape.schema.names:
        return _counted(counted, frame.with_columns(cell_at))
    if counted is SYSTEM_CELLS:
        later = (pl.col("cell_at") - cell_at).dt.total_microseconds() * pl.col("count")
        frame = frame.with_columns(pl.col("after_us") + later)
        more = [*_newest("last"), pl.col("after_us").sum()]
    else:
        more = [pl.col("errors").sum()]
    figures = (
        frame.with_columns(cell_at, pl.concat_list("total", "rest").alias("values"))
        .group_by(counted.keys)
        .agg(
            pl.col("count").sum(),
            pl.col("values").explode(),
            pl.col("least").min(),
            pl.col("most").nan_max(),
            *more,
            pl.col("seq").max(),
        )
    )
    return _summed(counted, figures)


def _daily(counted: Counted) -> tuple[Shape, Shape]:
    return counted.figures(DAYS), counted.buckets(DAYS)


def _summed(counted: Counted, figures: pl.DataFrame) -> pl.DataFrame:
    sums = [exact_sum(values.to_list()) for values in figures["values"]]
    columns = counted.figures(HOURS).schema.names
    return figures.with_columns(
        pl.Series("total", [total for total, _ in sums], pl.Float64),
        pl.Series("rest", [rest for _, rest in sums], pl.Float64),
    ).select(columns)


def _counted(counted: Counted, frame: pl.DataFrame) -> pl.DataFrame:
    columns = counted.buckets(HOURS).schema.names
    by = [column for column in columns if column not in {"count", "seq"}]
    return frame.group_by(by).agg(pl.col("count").sum(), pl.col("seq").max()).select(columns)


def exact_sum(values: Sequence[float]) -> tuple[float, float]:
    """The sum as the nearest float and what is left of it, whatever the order of ``values``."""
    try:
        total = math.fsum(values)
        return total, math.fsum([*values, -total]) if math.isfinite(total) else 0.0
    except (OverflowError, ValueError):
        # Too great for a number, or infinities of both signs.
        return sum(values), 0.0


def table(shape: Shape, frame: pl.DataFrame) -> pa.Table:
    """Cells as a file of the series holds them."""
    return frame.select(shape.schema.names).to_arrow().cast(shape.schema)
