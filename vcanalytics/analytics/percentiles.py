"""Percentiles, read from the sum of parts: both ranks one lies between, interpolated.

A value of a bucket is taken to be its middle, never less than the least or more than the most there
was. Where one rank is below zero and the next above, no bound can be given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from vcanalytics.analytics.parts import Numbers, Part
from vcanalytics.model import buckets
from vcanalytics.store.cells.counting import exact_sum

Reals: TypeAlias = npt.NDArray[np.float64]
#: In hundredths: ranks are told in whole numbers.
_SHARES: Final = {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99}
#: More than twice any bucket's number, so that one number says group and bucket.
_BUCKETS: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Sums:
    """Parts put together: a group a slot and name, in order.

    ``group``, ``band`` and ``count`` are a row a bucket and band, in any order; ``ranked`` are the
    group, bucket and count of each bucket, in order.
    """

    slot: Numbers
    name: list[str]
    counts: Numbers
    errors: Numbers
    means: Reals
    least: Reals
    most: Reals
    group: Numbers
    band: Numbers
    count: Numbers
    ranked: tuple[Numbers, Numbers, Numbers]


def added(found: Iterable[tuple[int, Part]]) -> Sums:
    """The sums of parts (slot, part), by slot and name."""
    some = list(found)
    groups = sorted({(slot, one.name) for slot, part in some for one in part.figures})
    numbers = {group: number for number, group in enumerate(groups)}
    figures, own = [], []
    for slot, part in some:
        mine = [numbers[slot, one.name] for one in part.figures]
        figures += [(number, *one[1:]) for number, one in zip(mine, part.figures, strict=True)]
        own.append(np.array(mine, np.int64)[part.place])
    figures.sort()
    columns = list(zip(*figures, strict=True)) or [()] * 7
    first = np.searchsorted(np.array(columns[0], np.int64), np.arange(len(groups)))
    counts = _each(np.add, columns[1], np.int64, first)
    group, count = _joined(own), _joined([part.count for _, part in some])
    bucket = _joined([part.bucket for _, part in some])
    return Sums(
        np.array([slot for slot, _ in groups], np.int64),
        [name for _, name in groups],
        counts,
        _each(np.add, columns[2], np.int64, first),
        _sums(columns[3], columns[4], first) / counts,
        _each(np.fmin, columns[5], np.float64, first),
        _each(np.maximum, columns[6], np.float64, first),
        group,
        _joined([part.band for _, part in some]),
        count,
        _ranked(group, bucket, count),
    )


def _joined(arrays: Sequence[npt.NDArray[Any]]) -> Numbers:
    return np.concatenate(arrays).astype(np.int64) if arrays else np.empty(0, np.int64)


def _each(how: np.ufunc, values: Sequence[float], kind: Any, first: Numbers) -> Any:
    numbers = np.array(values, kind)
    return how.reduceat(numbers, first) if len(first) else numbers


def _sums(total: Sequence[float], rest: Sequence[float], first: Numbers) -> Reals:
    edges = [*first.tolist(), len(total)]
    sums = [exact_sum([*total[a:b], *rest[a:b]]) for a, b in pairwise(edges)]
    return np.array([total + rest for total, rest in sums], np.float64)


def _ranked(group: Numbers, bucket: Numbers, count: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    keys = group * _BUCKETS + (bucket + _BUCKETS // 2)
    # Each part is in order already, which a stable sort makes use of.
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    first = np.flatnonzero(np.diff(keys, prepend=-1))
    counts = np.add.reduceat(count[order], first) if len(first) else count
    found = keys[first]
    return found // _BUCKETS, found % _BUCKETS - _BUCKETS // 2, counts


def slow(sums: Sums, slow_ms: float) -> Numbers:
    """How many of each group took longer: those of the bands wholly above ``slow_ms``."""
    above = np.array([low >= slow_ms for low in buckets.BANDS_MS[:-1]])[sums.band]
    found = np.zeros(len(sums.name), np.int64)
    np.add.at(found, sums.group[above], sums.count[above])
    return found


def banded(sums: Sums) -> pl.DataFrame:
    """How values are spread: ``slot``, ``low_ms``, ``high_ms``, ``count``, where there are any."""
    bands = len(buckets.BANDS_MS) - 1
    keys = sums.slot[sums.group] * bands + sums.band
    found, place = np.unique(keys, return_inverse=True)
    counts = np.zeros(len(found), np.int64)
    np.add.at(counts, place, sums.count)
    edges = np.array(buckets.BANDS_MS)
    slot, band = np.divmod(found, bands)
    return pl.DataFrame(
        {"slot": slot, "low_ms": edges[band], "high_ms": edges[band + 1], "count": counts}
    )


def percentiles(sums: Sums) -> dict[str, pl.Series]:
    """``p50_ms``, ``p95_ms``, ``p99_ms`` and ``error_bound`` of each group."""
    group, bucket, count = sums.ranked
    upto = np.cumsum(count)
    first = np.searchsorted(group, np.arange(len(sums.name)))
    before = np.concatenate([[0], upto])[first]
    across = np.zeros(len(sums.name), bool)
    read = {}
    for name, share in _SHARES.items():
        rank = share * (sums.counts - 1)
        low, high = (
            _middles(bucket[np.searchsorted(upto, before + whole, side="right")], sums)
            for whole in (rank // 100, -(-rank // 100))
        )
        part = rank % 100 / 100
        across |= (low < 0) & (high > 0)
        with np.errstate(invalid="ignore"):
            between = low + (high - low) * part
        read[name] = pl.Series(np.where((low == high) | (part == 0), low, between))
    bound = np.where(across, np.nan, buckets.ERROR_BOUND)
    return read | {"error_bound": pl.Series(bound).fill_nan(None)}


def _middles(bucket: Numbers, sums: Sums) -> Reals:
    """The middle of a bucket of each group, within what there was."""
    size = np.abs(bucket)
    power = (size - buckets.FIRST) * buckets.LOG_WIDTH + buckets.LOG_MIDDLE
    middle = np.exp(np.minimum(power, buckets.LOG_LARGEST))
    middle = np.where(size == buckets.BEYOND, np.inf, np.where(size == 0, 0.0, middle))
    middle = np.copysign(middle, bucket)
    return np.fmin(np.fmax(middle, sums.least), sums.most)
