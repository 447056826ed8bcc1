"""What alerts watch, counted in steps: the same question for this moment and for a month of them.

``Edges`` are moments a step apart, and each looks back over a window of whole steps. Live there is
one edge, and the step is the window itself; over history the windows overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from vcanalytics.analytics.books import STATUSES, payments, sample_pattern
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.analytics.logs import ERRORS
from vcanalytics.analytics.reconcile import message_pattern
from vcanalytics.store import Snapshot
from vcanalytics.store.cells.counting import FINE
from vcanalytics.store.state import to_micros

#: As many moments as one question may look at.
EDGES_MAX: Final = 50_000
Counts = npt.NDArray[np.float64]
#: Columns of payments beside those of all figures.
_COLUMNS: Final = ("email_sent", "user_created", "error_message")


@dataclass(frozen=True, slots=True)
class Edges:
    """``count`` moments from ``first`` on, ``step`` apart."""

    first: datetime
    step: timedelta
    count: int = 1

    @classmethod
    def now(cls, moment: datetime, window: timedelta) -> Edges:
        """The moment alone, looking back over ``window``."""
        return cls(moment, window)

    def __iter__(self) -> Iterator[datetime]:
        return (self.first + self.step * place for place in range(self.count))

    @property
    def last(self) -> datetime:
        return self.first + self.step * (self.count - 1)

    def back(self, length: timedelta) -> Edges:
        """The same moments, earlier by ``length``."""
        return Edges(self.first - length, self.step, self.count)

    def params(self, window: timedelta) -> dict[str, Any]:
        """What SQL counts by: bucket 0 begins a window before the first edge."""
        if window % self.step or self.count > EDGES_MAX:
            raise ValueError(f"{window} in steps of {self.step}, {self.count:,} of them")
        return {
            "from": self.first - window,
            "to": self.last,
            "origin_us": to_micros(self.first - window),
            "step_us": self.step // timedelta(microseconds=1),
        }

    def summed(self, buckets: Mapping[int, float], window: timedelta) -> Counts:
        """Of each edge, what the buckets in its window add up to."""
        each = window // self.step
        counted = np.zeros(each + self.count, np.float64)
        if buckets:
            places = np.fromiter(buckets.keys(), np.int64, len(buckets))
            counted[places + 1] = np.fromiter(buckets.values(), np.float64, len(buckets))
        running = np.cumsum(counted)
        return running[each:] - running[: self.count]


def happened(
    engine: Engine,
    snapshot: Snapshot,
    edges: Edges,
    window: timedelta,
    *,
    grace: timedelta,
    stuck: timedelta,
    captured_errors: Sequence[str] = (),
    sample_prefixes: Sequence[str] = (),
) -> pl.DataFrame:
    """What happened to payments within ``window`` of any of the edges, by steps.

    Columns: ``what``, ``currency``, ``bucket`` (the step, from 0 on: see ``Edges.params``),
    ``count``, ``amount`` (captured, money in ``currency``; null where none was readable). ``what``
    is ``attempts`` and ``failed`` (both by created_at: the contract's), ``captured`` (by
    captured_at), and, once old enough, ``stuck`` (still open, ``stuck`` after created_at),
    ``paid_not_mailed`` and ``paid_no_account`` (``grace`` after captured_at), and
    ``captured_but_failed`` (created_at): the conditions of ``reconcile``, by rows as they are now.
    Raises BudgetExceeded.
    """
    spans = edges.params(window)
    longest = max(grace, stuck)
    return engine.ask(
        sql("payments", "watched_payments"),
        spans
        | {
            "samples": sample_pattern(sample_prefixes),
            "failed": STATUSES["failed"],
            "open": STATUSES["open"],
            "captured_error": message_pattern(captured_errors),
            "grace": grace,
            "stuck": stuck,
        },
        payments(snapshot, *_COLUMNS, since=spans["from"] - longest, until=spans["to"]),
    )


def requests(
    engine: Engine, snapshot: Snapshot, edges: Edges, window: timedelta, *, kinds: Sequence[str]
) -> pl.DataFrame:
    """Times of ``kinds`` within ``window`` of each edge, by endpoint; empty ones are left out.

    Columns: ``kind``, ``edge`` (its place, from 0 on), ``endpoint``, ``count``, ``errors``,
    ``mean_ms``, ``p95_ms`` (exact). Raises BudgetExceeded.
    """
    spans = edges.params(window)
    return engine.ask(
        sql("watched_requests"),
        spans
        | {
            "kinds": list(kinds),
            "fine": list(FINE),
            "each": window // edges.step,
            "edges": edges.count,
        },
        {"requests": snapshot.relation("requests", spans["from"], spans["to"])},
    )


def errors(engine: Engine, snapshot: Snapshot, edges: Edges, window: timedelta) -> pl.DataFrame:
    """Lines of the log that say something failed, by component and step.

    Columns: ``component``, ``bucket`` (see ``Edges.params``), ``count``. Raises BudgetExceeded.
    """
    spans = edges.params(window)
    return engine.ask(
        sql("watched_logs"),
        spans | {"levels": list(ERRORS)},
        {"logs": snapshot.relation("logs", spans["from"], spans["to"])},
    )


def samples(
    engine: Engine, snapshot: Snapshot, edges: Edges, window: timedelta, *, measures: Sequence[str]
) -> pl.DataFrame:
    """What hosts took of ``measures``, by host, item and step.

    Columns: ``measure``, ``host``, ``item``, ``bucket`` (see ``Edges.params``), ``count``
    (samples), ``total`` (their sum, in the measure's unit). Raises BudgetExceeded.
    """
    spans = edges.params(window)
    return engine.ask(
        sql("watched_system"),
        spans | {"measures": list(measures)},
        {"system": snapshot.relation("system", spans["from"], spans["to"])},
    )
