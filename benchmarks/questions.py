"""The pages' questions, asked as the pages ask them, only not from a cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from benchmarks import failing, made
from vcanalytics.analytics import (
    customer_search,
    customer_story,
    desk,
    desk_list,
    feed,
    performance,
    prices,
    reconcile,
    revenue,
    takings,
    timeline,
    today,
    transactions,
)
from vcanalytics.analytics.by_file import to_the_end
from vcanalytics.analytics.candidates import ALONE, OF_CASES, Candidates
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind
from vcanalytics.analytics.transactions import Filters
from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.model.windows import Grain
from vcanalytics.store import Catalogue, Reader, Segments, Snapshot

#: The zone of those who look; it has half hours.
ZONE: Final = ZoneInfo("Asia/Kolkata")
#: A question that takes longer is stopped; the table shows none then.
BUDGET_S: Final = 60.0
_PAGE: Final = 17
_FEED: Final = 7
#: Times that a first look may run out of its budget: each goes on from the one before.
_LOOKS_MAX: Final = 20
_DAY: Final = timedelta(days=1)
#: One of the customers who come often.
_REGULAR: Final = "customer3999@example.com"
_CURRENCY: Final = "USD"
#: What samples begin with, as in the settings: books are kept for these.
PREFIXES: Final = tuple(sorted(SAMPLE_PREFIXES))
#: What the Overview lists.
_URGENT: Final = tuple(sorted(ALONE | OF_CASES | {"suspicious"}))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question is asked with: ``first_at`` is when the stream began, ``known`` a payment.

    ``kept`` is what the console holds of files after the first look at them.
    """

    engine: Engine
    snapshot: Snapshot
    first_at: datetime
    known: str
    kept: Candidates
    now: datetime = made.NOW


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a page; not ``aimed``: its answer goes through all of history."""

    page: str
    name: str
    ask: Callable[[Asked], object]
    aimed: bool = True

    def __str__(self) -> str:
        return f"{self.page}: {self.name}"


class Opened:
    """A store as a console has it open: ``ask`` is what one uncached answer takes."""

    def __init__(self, path: Path) -> None:
        self.catalogue = Catalogue.open(path)
        self._reader = Reader(self.catalogue)
        self._segments = Segments(path).root
        self._engine = Engine(BUDGET_S, segments=self._segments)
        self._kept = Candidates()
        snapshot = self._reader.snapshot()
        begun = [snapshot.state(name).first_at for name in ("requests", "transactions")]
        self._first_at = min(at for at in begun if at is not None)
        some = transactions.transactions(
            self._engine, snapshot, Filters(statuses=("completed",)), limit=1, offset=_FEED
        )
        self.known = str(some["transaction_id"].item())

    def ask(self, question: Question, now: datetime = made.NOW) -> object:
        snapshot = self._reader.snapshot()
        return question.ask(
            Asked(self._engine, snapshot, self._first_at, self.known, self._kept, now)
        )

    def forget(self) -> None:
        """As if the console had just been started: nothing is kept of what files came to."""
        self._engine.close()
        self._engine = Engine(BUDGET_S, segments=self._segments)
        self._kept = Candidates()

    def close(self) -> None:
        self._engine.close()
        self.catalogue.close()


def _headline(asked: Asked) -> object:
    return today.headline(
        asked.engine, asked.snapshot, now=asked.now, zone=ZONE, sample_prefixes=PREFIXES
    )


def _pace(asked: Asked) -> object:
    return today.pace(
        asked.engine,
        asked.snapshot,
        now=asked.now,
        zone=ZONE,
        currency=_CURRENCY,
        sample_prefixes=PREFIXES,
    )


def _takings(asked: Asked) -> object:
    """Today's line, minute by minute."""
    start = asked.now.astimezone(ZONE).replace(hour=0, minute=0)
    return takings.takings(
        asked.engine,
        asked.snapshot,
        start=start,
        end=asked.now,
        currency=_CURRENCY,
        step=timedelta(minutes=1),
        sample_prefixes=PREFIXES,
    )


def _by_status(asked: Asked) -> object:
    start = asked.now.astimezone(ZONE).replace(hour=0, minute=0)
    wanted = Filters(start=start, end=asked.now, samples=False)
    return transactions.by_status(asked.engine, asked.snapshot, wanted, sample_prefixes=PREFIXES)


def _feed(asked: Asked) -> object:
    return feed.feed(
        asked.engine, asked.snapshot, now=asked.now, limit=_FEED, sample_prefixes=PREFIXES
    )


def _needs(asked: Asked) -> object:
    """As the page has it: its first look goes on until it has been through everything."""
    return to_the_end(lambda: _urgent(asked), _LOOKS_MAX)


def _urgent(asked: Asked) -> object:
    found = reconcile.kept_findings(
        asked.engine,
        asked.snapshot,
        asked.kept,
        as_of=asked.now,
        sample_prefixes=PREFIXES,
        only=_URGENT,
    )
    return found.group_by("finding").len()


def _reconcile(asked: Asked) -> object:
    found = reconcile.reconcile(
        asked.engine, asked.snapshot, as_of=asked.now, sample_prefixes=PREFIXES
    )
    return found.group_by("finding").len()


def _desk(asked: Asked) -> object:
    """The list of all work with its cases, in order: a case for each finding that is opened."""
    found = to_the_end(lambda: _worked(asked), _LOOKS_MAX)
    rows = desk_list.joined(found, _cases(found), gone=True)
    return desk_list.arranged(rows, desk_list.Wanted()).head(_PAGE)


def _worked(asked: Asked) -> pl.DataFrame:
    return reconcile.kept_findings(
        asked.engine,
        asked.snapshot,
        asked.kept,
        as_of=asked.now,
        sample_prefixes=PREFIXES,
        only=desk.WORKED,
    )


def _cases(found: pl.DataFrame) -> pl.DataFrame:
    """As the console keeps them between two changes: as many as there are findings."""
    key = found.select("finding", "transaction_id").unique(maintain_order=True)
    empty = desk_list.cases_frame([])
    rest = [pl.lit(None, dtype=kind).alias(name) for name, kind in list(empty.schema.items())[2:]]
    return key.with_columns(rest).with_columns(
        pl.lit("open").alias("state"), pl.lit(value=True).alias("standing")
    )


def _revenue(grain: Grain, length: timedelta | None) -> Callable[[Asked], object]:
    def ask(asked: Asked) -> object:
        return revenue.revenue(
            asked.engine,
            asked.snapshot,
            start=asked.first_at if length is None else asked.now - length,
            end=asked.now,
            grain=grain,
            zone=ZONE,
            now=asked.now,
            sample_prefixes=PREFIXES,
        )

    return ask


def _prices(length: timedelta | None) -> Callable[[Asked], object]:
    def ask(asked: Asked) -> object:
        return prices.price_points(
            asked.engine,
            asked.snapshot,
            start=asked.first_at if length is None else asked.now - length,
            end=asked.now,
            currency=_CURRENCY,
            sample_prefixes=PREFIXES,
        )

    return ask


def _endpoints(length: timedelta | None) -> Callable[[Asked], object]:
    def ask(asked: Asked) -> object:
        return performance.by_endpoint(
            asked.engine, asked.snapshot, kind=Kind.REQUEST, **_range(asked, length)
        )

    return ask


def _over_time(length: timedelta | None) -> Callable[[Asked], object]:
    def ask(asked: Asked) -> object:
        return performance.over_time(
            asked.engine,
            asked.snapshot,
            kind=Kind.REQUEST,
            zone=ZONE,
            now=asked.now,
            **_range(asked, length),
        )

    return ask


def _summary(length: timedelta | None) -> Callable[[Asked], object]:
    def ask(asked: Asked) -> object:
        return performance.summary(asked.engine, asked.snapshot, **_range(asked, length))

    return ask


def _range(asked: Asked, length: timedelta | None) -> dict[str, Any]:
    return {
        "start": asked.first_at if length is None else asked.now - length,
        "end": asked.now,
    }


def _page(number: int, **filters: Any) -> Callable[[Asked], object]:
    """A page of payments, with how many there are of them."""

    def ask(asked: Asked) -> object:
        # By the day before now, so that every store is asked the same.
        within = {"start": asked.now - filters["days"] * _DAY} if "days" in filters else {}
        wanted = Filters(**{k: v for k, v in filters.items() if k != "days"}, **within)
        offset = (number - 1) * _PAGE
        rows = transactions.transactions(
            asked.engine,
            asked.snapshot,
            wanted,
            limit=_PAGE,
            offset=offset,
            sample_prefixes=PREFIXES,
        )
        return rows, transactions.count(
            asked.engine, asked.snapshot, wanted, sample_prefixes=PREFIXES
        )

    return ask


def _search(text: str) -> Callable[[Asked], object]:
    return lambda asked: customer_search.customers(asked.engine, asked.snapshot, text)


def _search_id(asked: Asked) -> object:
    """By the end of a payment's id, as it is read out on the telephone."""
    return customer_search.customers(asked.engine, asked.snapshot, asked.known[-6:])


def _story(asked: Asked) -> object:
    return customer_story.story(
        asked.engine, asked.snapshot, _REGULAR, sample_prefixes=sorted(PREFIXES)
    )


def _failing(ask: Callable[[Engine, Snapshot, datetime], object]) -> Callable[[Asked], object]:
    return lambda asked: ask(asked.engine, asked.snapshot, asked.now)


def _payment(asked: Asked) -> object:
    return transactions.transaction(asked.engine, asked.snapshot, asked.known)


def _timeline(asked: Asked) -> object:
    return timeline.timeline(asked.engine, asked.snapshot, asked.known)


_RANGES: Final[dict[str, timedelta | None]] = {
    "24 h": _DAY,
    "7 d": 7 * _DAY,
    "90 d": 90 * _DAY,
    "all": None,
}
QUESTIONS: Final = (
    Question("Overview", "figures of today", _headline),
    Question("Overview", "pace", _pace),
    Question("Overview", "takings by the minute", _takings),
    Question("Overview", "by status", _by_status),
    Question("Overview", "feed", _feed),
    Question("Overview", "what needs a person", _needs),
    Question("Revenue", "today by hour", _revenue(Grain.HOUR, _DAY)),
    Question("Revenue", "30 d by day", _revenue(Grain.DAY, 30 * _DAY)),
    Question("Revenue", "a year by week", _revenue(Grain.WEEK, 365 * _DAY)),
    Question("Revenue", "a year by month", _revenue(Grain.MONTH, 365 * _DAY)),
    Question("Revenue", "all by month", _revenue(Grain.MONTH, None)),
    Question("Revenue", "prices, 30 d", _prices(30 * _DAY)),
    Question("Revenue", "prices, all", _prices(None)),
    *(Question("Performance", f"endpoints, {n}", _endpoints(r)) for n, r in _RANGES.items()),
    *(Question("Performance", f"over time, {n}", _over_time(r)) for n, r in _RANGES.items()),
    *(
        Question("Performance", f"summary, {n}", _summary(_RANGES[n]))
        for n in ("24 h", "90 d", "all")
    ),
    Question("Transactions", "newest page", _page(1)),
    Question("Transactions", "page 2", _page(2)),
    Question("Transactions", "failed, newest page", _page(1, statuses=("failed",))),
    Question("Transactions", "by part of an e-mail, 30 d", _page(1, email="omer77", days=30)),
    Question("Transactions", "one payment", _payment),
    Question("Transactions", "its timeline", _timeline),
    Question("Customers", "found by what many have", _search("@example"), aimed=False),
    Question("Customers", "found by what one has", _search(_REGULAR[4:-4]), aimed=False),
    Question("Customers", "found by a payment's id", _search_id, aimed=False),
    Question("Customers", "found by what nobody has", _search("nobody@home"), aimed=False),
    Question("Customers", "one's story", _story, aimed=False),
    Question("Failures", "by message, 30 d", _failing(failing.by_message), aimed=False),
    Question("Failures", "outages, 30 d", _failing(failing.outages_found), aimed=False),
    Question("Reconcile", "the desk", _desk),
    Question("Reconcile", "everything", _reconcile, aimed=False),
)
