"""Figures of requests from cells, and rows where no cell stands for them: ``pieces`` decides.

What a piece of history comes to is kept by the engine, so that a range that was asked for costs
what is new of it: an hour that its ends cut, files that were replaced, rows in memory.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, cast

import polars as pl

from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.analytics.kept import Key, Made
from vcanalytics.analytics.parts import Part, of_hot, parts
from vcanalytics.analytics.percentiles import Sums, added, banded, percentiles, slow
from vcanalytics.analytics.pieces import Layout, Piece
from vcanalytics.analytics.sources import Sources, bands, cells_of, joined, placed
from vcanalytics.model import buckets, thresholds
from vcanalytics.model.streams import STREAMS
from vcanalytics.model.windows import Window
from vcanalytics.store import Snapshot
from vcanalytics.store.cells.counting import FINE, REQUEST_CELLS
from vcanalytics.store.cells.files import CellFiles

_QUESTION: Final = "requests"
#: What one statement goes through, in hour cells or so.
_STEP: Final = 4_000


def figures(
    engine: Engine,
    snapshot: Snapshot,
    *,
    by: str,
    start: datetime,
    end: datetime,
    kind: str | None = None,
    endpoint: str | None = None,
    windows: Sequence[Window] = (),
    slow_ms: float = thresholds.QUERY_MS,
) -> pl.DataFrame:
    """Times in ``[start, end)`` put together ``by`` endpoint, kind or window.

    Columns: ``slot`` (the window's place in ``windows``; without any it is 0), ``name`` (the
    endpoint or kind; empty by window), ``count``, ``errors``, ``error_rate`` (0 to 1), ``mean_ms``,
    ``p50_ms``, ``p95_ms``, ``p99_ms``, ``max_ms``, ``method`` (sketch), ``error_bound``, ``slow``.
    A row where anything was measured. Raises BudgetExceeded.
    """
    sums = _sums(engine, snapshot, by, start, end, windows, kind, endpoint)
    read = percentiles(sums)
    return pl.DataFrame(
        {
            "slot": sums.slot,
            "name": pl.Series(sums.name, dtype=pl.String),
            "count": sums.counts,
            "errors": sums.errors,
            "error_rate": sums.errors / sums.counts,
            "mean_ms": sums.means,
            "p50_ms": read["p50_ms"],
            "p95_ms": read["p95_ms"],
            "p99_ms": read["p99_ms"],
            "max_ms": sums.most,
            "method": pl.repeat("sketch", len(sums.name), eager=True),
            "error_bound": read["error_bound"],
            "slow": slow(sums, slow_ms),
        }
    )


def spread(
    engine: Engine,
    snapshot: Snapshot,
    *,
    kind: str,
    start: datetime,
    end: datetime,
    windows: Sequence[Window],
    endpoint: str | None = None,
) -> pl.DataFrame:
    """How times are spread in ``[start, end)``: a row a window and band in which any lies.

    Columns: ``slot``, ``low_ms``, ``high_ms``, ``count`` (exact). Raises BudgetExceeded.
    """
    return banded(_sums(engine, snapshot, "window", start, end, windows, kind, endpoint))


def _sums(
    engine: Engine,
    snapshot: Snapshot,
    by: str,
    start: datetime,
    end: datetime,
    windows: Sequence[Window],
    kind: str | None,
    endpoint: str | None,
) -> Sums:
    """What the range comes to: pieces of history, kept or made now, and the rows in memory."""
    cells = snapshot.cells(REQUEST_CELLS.stream)
    layout = Layout(cells)
    engine.kept.only(_QUESTION, layout.files)
    whole = windows or (Window(start, end, start),)
    keyed = {
        Key(
            _QUESTION,
            one.files,
            (by, kind, endpoint, one.origin, one.start_us, one.end_us, one.kept),
        ): one
        for one in layout.pieces(start, end, whole)
    }
    asked = {"by": by, "kind": kind, "endpoint": endpoint}

    def make(keys: list[Key], deadline: float) -> Made:
        for some in _steps([(key, keyed[key]) for key in keys]):
            found = _ask(engine, cells, [piece for _, piece in some], asked, start, end, deadline)
            yield from zip((key for key, _ in some), found, strict=True)

    known = engine.known(list(keyed), make)
    hot = of_hot(cells.hot, whole, by=by, start=start, end=end, kind=kind, endpoint=endpoint)
    return added([*((piece.slot, cast(Part, known[key])) for key, piece in keyed.items()), *hot])


def _steps(pieces: list[tuple[Key, Piece]]) -> Iterator[list[tuple[Key, Piece]]]:
    """As many pieces at a time as take a fraction of a second: what was made is kept."""
    step: list[tuple[Key, Piece]] = []
    cost = 0
    for one in pieces:
        cost += one[1].cost
        if step and cost > _STEP:
            yield step
            step, cost = [], one[1].cost
        step.append(one)
    if step:
        yield step


def _ask(
    engine: Engine,
    cells: CellFiles,
    pieces: Sequence[Piece],
    asked: dict[str, Any],
    start: datetime,
    end: datetime,
    deadline: float,
) -> Iterator[Part]:
    """What each of the pieces comes to."""
    found, spans = Sources(), []
    for slot, piece in enumerate(pieces):
        known = len(found.rows)
        piece.sources(slot, found)
        # Whole hours where the range itself cuts one, so that buckets of time stay long.
        spans += [
            (slot, _hour(low) if low == start else low, _hour(high, 1) if high == end else high)
            for low, high in found.rows[known:]
        ]
    places, bucket_us = placed(spans)
    rows = cells.rows_in(joined(sorted(found.rows)), STREAMS[REQUEST_CELLS.stream].time)
    told = engine.ask(
        sql("requests_cells"),
        {
            **asked,
            "from": start,
            "to": end,
            "bucket_us": bucket_us,
            "fine": list(FINE),
            **buckets.NUMBERING,
        },
        {
            **cells_of(cells, found),
            **bands(),
            REQUEST_CELLS.stream: replace(rows, hot=rows.hot.slice(0, 0)),
            "windows": places,
        },
        budget_s=max(0.0, deadline - time.monotonic()),
    )
    return parts(told, len(pieces))


def _hour(moment: datetime, after: int = 0) -> datetime:
    """The whole hour before, or after."""
    floor = moment.replace(minute=0, second=0, microsecond=0)
    return floor if floor == moment else floor + timedelta(hours=after)
