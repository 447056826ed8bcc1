"""What rows of requests come to, so that it adds up: figures, and how many lie in each bucket.

Parts of the same slot and name are put together by adding counts, never from percentiles; sums are
kept as two numbers (``store.cells``), so that they do not hang on how rows were put together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from vcanalytics.model import buckets
from vcanalytics.model.windows import Window
from vcanalytics.store.cells.counting import FINE, exact_sum
from vcanalytics.store.state import to_micros

Numbers: TypeAlias = npt.NDArray[np.int64]
Small: TypeAlias = npt.NDArray[np.int32]
#: A figure is some numbers and a text.
_FIGURE_BYTES: Final = 300


class Figures(NamedTuple):
    """Of one name. ``total`` and ``rest`` are one sum."""

    name: str
    rows: int
    errors: int
    total: float
    rest: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Part:
    """Figures of each name, and a row a bucket and band of it.

    ``place`` says whose bucket it is, by its place in ``figures``.
    """

    figures: tuple[Figures, ...]
    place: Small
    bucket: Small
    band: Small
    count: Numbers

    @property
    def nbytes(self) -> int:
        arrays = (self.place, self.bucket, self.band, self.count)
        return sum(array.nbytes for array in arrays) + _FIGURE_BYTES * len(self.figures)


def parts(rows: pl.DataFrame, slots: int) -> Iterator[Part]:
    """The part of each slot, in order, from rows as requests_cells.sql gives them."""
    rows = rows.with_columns(pl.col("name").fill_null(""))
    figured = rows.filter(pl.col("bucket").is_null())
    summed = (
        figured.group_by("slot", "name")
        .agg(
            pl.col("count", "errors").sum(),
            pl.col("total"),
            pl.col("rest"),
            pl.col("least").min(),
            pl.col("most").nan_max(),
        )
        .sort("slot", "name")
        .with_columns(pl.int_range(pl.len(), dtype=pl.Int32).over("slot").alias("place"))
    )
    counted = (
        rows.filter(pl.col("bucket").is_not_null())
        .select("slot", "name", "bucket", "band", "count")
        .join(summed.select("slot", "name", "place"), on=["slot", "name"])
        .sort("slot", "place", "bucket", "band")
    )
    edges = np.searchsorted(counted["slot"].to_numpy(), np.arange(slots + 1))
    arrays = [counted[name].to_numpy() for name in ("place", "bucket", "band", "count")]
    figures: list[list[Figures]] = [[] for _ in range(slots)]
    for slot, name, count, errors, total, rest, least, most, _ in summed.iter_rows():
        of_all = exact_sum([*total, *rest])
        figures[slot].append(Figures(name, count, errors, *of_all, least, most))
    for slot, mine in enumerate(figures):
        within = slice(edges[slot], edges[slot + 1])
        # Copies: a slice would hold on to what all slots came to.
        yield Part(tuple(mine), *(array[within].copy() for array in arrays))


def of_hot(
    hot: pa.Table,
    windows: Sequence[Window],
    *,
    by: str,
    start: datetime,
    end: datetime,
    kind: str | None,
    endpoint: str | None,
) -> Iterator[tuple[int, Part]]:
    """What the rows in memory come to, window by window: slot and part."""
    if not hot.num_rows or not windows:
        return
    wanted = pl.col("happened_at").is_between(start, end, closed="left")
    for column, alone in (("kind", kind), ("endpoint", endpoint)):
        if alone is not None:
            wanted &= pl.col(column) == alone
    columns = ["happened_at", "kind", "endpoint", "value_ms", "status"]
    frame = pl.DataFrame(pl.from_arrow(hot.select(columns))).filter(wanted)
    moments = frame["happened_at"].dt.epoch("us").to_numpy()
    edges = np.array([(to_micros(one.start), to_micros(one.end)) for one in windows])
    # Windows are in order and do not overlap.
    slots = np.searchsorted(edges[:, 0], moments, side="right") - 1
    value = pl.col("value_ms")
    rows = frame.select(
        pl.Series("slot", slots, pl.Int64),
        (pl.lit("") if by == "window" else pl.col(by)).alias("name"),
        value,
        (~pl.col("status").is_in(list(FINE))).alias("failed"),
        buckets.bucket(value).alias("bucket"),
        buckets.band(value).alias("band"),
    ).filter((pl.Series(slots) >= 0) & pl.Series(moments < edges[slots, 1]))
    figures = rows.group_by("slot", "name").agg(
        pl.lit(None, pl.Int32).alias("bucket"),
        pl.lit(None, pl.Int32).alias("band"),
        pl.len().cast(pl.Int64).alias("count"),
        pl.col("failed").sum().cast(pl.Int64).alias("errors"),
        value.alias("values"),
        value.min().alias("least"),
        value.nan_max().alias("most"),
    )
    sums = [exact_sum(values.to_list()) for values in figures["values"]]
    counted = rows.group_by("slot", "name", "bucket", "band").agg(
        pl.len().cast(pl.Int64).alias("count")
    )
    given = pl.concat(
        [
            figures.drop("values").with_columns(
                pl.Series("total", [total for total, _ in sums], pl.Float64),
                pl.Series("rest", [rest for _, rest in sums], pl.Float64),
            ),
            counted,
        ],
        how="diagonal",
    )
    for slot, part in enumerate(parts(given, len(windows))):
        if part.figures:
            yield slot, part
