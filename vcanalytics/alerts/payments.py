"""Measures of payments: what fails, what is stuck, who was not served, how takings go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from vcanalytics.alerts.judging import Reading, Verdict, verdict
from vcanalytics.alerts.moment import USUAL, USUAL_LEAST, Moment, Readings
from vcanalytics.alerts.rules import Rule
from vcanalytics.analytics.watched import Counts, Edges, happened
from vcanalytics.model.money import minor_digits
from vcanalytics.model.times import resolve

ONE: Final = ""
_PERCENT: Final = 100.0
_DAY: Final = timedelta(days=1)
#: A day may be an hour longer, and a zone's offset a quarter of an hour.
_LONG_DAY: Final = timedelta(hours=26)
#: Where payments were not read for so long, those that are missing are not missing at the shop.
_UNREAD: Final = timedelta(minutes=5)


def failure_share(moment: Moment, rule: Rule, edges: Edges) -> Readings:
    """Failed of all begun in the window.

    Of a narrower one, where that is too much already; of the wider one, where the window cannot
    tell.
    """

    def within(window: timedelta) -> Sequence[Reading | None]:
        # Live, an edge's step is its window.
        mine = Edges.now(edges.first, window) if moment.live(edges) else edges
        return _shares(moment, window, mine, "failed", "attempts")[ONE]

    found = within(rule.span)
    if rule.wider is not None:
        both = zip(found, within(rule.wider), strict=True)
        found = [_telling(rule, near, far) for near, far in both]
    for window in sorted(rule.narrower, reverse=True):
        both = zip(found, within(window), strict=True)
        found = [_sooner(rule, known, close) for known, close in both]
    return {ONE: found}


def _sooner(rule: Rule, known: Reading | None, close: Reading | None) -> Reading | None:
    """The close one, where it alone says that it is too much."""
    return close if not _too_much(rule, known) and _too_much(rule, close) else known


def _too_much(rule: Rule, reading: Reading | None) -> bool:
    return verdict(rule, reading) is Verdict.BREACH


def _telling(rule: Rule, near: Reading | None, far: Reading | None) -> Reading | None:
    """Of two windows the one that can tell: that it is too much, else that it is over."""
    said = verdict(rule, near)
    if said is Verdict.BREACH or _too_much(rule, far):
        # What failed in the wider one is over once enough payments have come since.
        return near if said in {Verdict.BREACH, Verdict.CLEAR} else far
    return far if said is Verdict.MISSING else near


def steps_of(moment: Moment, edges: Edges, window: timedelta) -> tuple[Counts, Counts]:
    """Of each step from a window before the first edge on, how many failed, and were begun."""
    rows, count = _happened(moment, edges, window), window // edges.step + edges.count - 1
    found = []
    for what in ("failed", "attempts"):
        counts = np.zeros(count, np.float64)
        for bucket, number in _by_bucket(rows, what).items():
            counts[bucket] = number
        found.append(counts)
    return found[0], found[1]


def stuck_share(moment: Moment, rule: Rule, edges: Edges) -> Readings:
    """Still open of all that came to VC_STUCK_MINUTES in the window."""
    aged = edges.back(moment.told.stuck)
    return _shares(moment, rule.span, edges, "stuck", "attempts", volume_at=aged)


def _shares(
    moment: Moment,
    window: timedelta,
    edges: Edges,
    events: str,
    volume: str,
    *,
    volume_at: Edges | None = None,
) -> Readings:
    if _unread(moment, edges):
        return {ONE: [None] * edges.count}
    at = volume_at or edges
    some = _counts(moment, edges, window, events)
    of = _counts(moment, at, window, volume)
    usual_some = _usual(moment, edges, window, events)
    usual_of = _usual(moment, at, window, volume)
    return {ONE: [_share(*numbers) for numbers in zip(some, of, usual_some, usual_of, strict=True)]}


def _share(events: float, volume: float, usual_events: float, usual_volume: float) -> Reading:
    share = events / volume * _PERCENT if volume else None
    usual = usual_events / usual_volume * _PERCENT if usual_volume >= USUAL_LEAST else None
    # Payments are begun and come to an age by one clock, but may be deleted in between.
    known = None if share is None else min(share, _PERCENT)
    return Reading(ONE, known, volume, events, None if usual is None else min(usual, _PERCENT))


def findings(moment: Moment, rule: Rule, edges: Edges) -> Readings:
    """Findings of the measure's name that came up in the window, the money with them."""
    if _unread(moment, edges):
        return {ONE: [None] * edges.count}
    found = _counts(moment, edges, rule.span, rule.measure)
    usual = _usual(moment, edges, rule.span, rule.measure) * (rule.span / USUAL)
    note = _money(moment, edges, rule) if moment.live(edges) else ""
    return {
        ONE: [
            Reading(ONE, float(count), events=float(count), usual=float(often), note=note)
            for count, often in zip(found, usual, strict=True)
        ]
    }


def _money(moment: Moment, edges: Edges, rule: Rule) -> str:
    mine = _happened(moment, edges, rule.span).filter(pl.col("what") == rule.measure)
    sums = mine.group_by("currency").agg(pl.col("amount").sum()).sort("currency")
    parts = [
        f"{amount:,.{minor_digits(code)}f} {code}" for code, amount in sums.iter_rows() if amount
    ]
    return " and ".join(parts)


def takings_drop(moment: Moment, rule: Rule, edges: Edges) -> Readings:
    """How much less was captured than in the same hours of yesterday, by the wall clock."""
    if _unread(moment, edges):
        return {ONE: [None] * edges.count}
    now = _taken(moment, edges, rule.span)
    if edges.count == 1:
        before_at = Edges(_yesterday(moment, edges.first), edges.step)
        before = _taken(moment, before_at, rule.span)
    else:
        more = _LONG_DAY // edges.step
        whole = Edges(edges.first - more * edges.step, edges.step, edges.count + more)
        all_of_it = _taken(moment, whole, rule.span)
        places = [(_yesterday(moment, edge) - whole.first) // edges.step for edge in edges]
        before = [figure[np.array(places)] for figure in all_of_it]
    return {ONE: [_drop(moment, *each) for each in zip(*now, *before, strict=True)]}


def _drop(moment: Moment, count: float, amount: float, before: float, was: float) -> Reading:
    drop = max(0.0, (1 - amount / was) * _PERCENT) if was > 0 else None
    digits, code = minor_digits(moment.told.currency), moment.told.currency
    note = f"{amount:,.{digits}f} {code} against {was:,.{digits}f} {code} yesterday"
    return Reading(ONE, drop, volume=before, events=count, note=note)


def _taken(moment: Moment, edges: Edges, window: timedelta) -> list[Counts]:
    """Of each edge, how many were captured in the currency of headlines, and how much."""
    rows = _happened(moment, edges, window).filter(
        pl.col("what") == "captured", pl.col("currency") == moment.told.currency
    )
    # A float is exact enough for a share, and what is shown of it is rounded to the minor unit.
    amounts = rows.select("bucket", pl.col("amount").fill_null(0).cast(pl.Float64))
    return [
        edges.summed(dict(rows.select("bucket", "count").iter_rows()), window),
        edges.summed(dict(amounts.iter_rows()), window),
    ]


def _yesterday(moment: Moment, edge: datetime) -> datetime:
    local = edge.astimezone(moment.told.zone).replace(tzinfo=None)
    return resolve(local - _DAY, moment.told.zone)


def _unread(moment: Moment, edges: Edges) -> bool:
    """Whether payments are not known up to now."""
    state = moment.snapshot.state("transactions")
    if state.read_at is None or state.reading_history:
        return True
    return moment.live(edges) and moment.now - state.read_at > _UNREAD


def _happened(moment: Moment, edges: Edges, window: timedelta) -> pl.DataFrame:
    told = moment.told
    return moment.once(
        ("happened", edges, window),
        lambda: happened(
            moment.engine,
            moment.snapshot,
            edges,
            window,
            grace=told.grace,
            stuck=told.stuck,
            captured_errors=told.captured_errors,
            sample_prefixes=told.sample_prefixes,
        ),
    )


def _counts(moment: Moment, edges: Edges, window: timedelta, what: str) -> Counts:
    return edges.summed(_by_bucket(_happened(moment, edges, window), what), window)


def _by_bucket(rows: pl.DataFrame, what: str) -> dict[int, float]:
    mine = rows.filter(pl.col("what") == what).group_by("bucket").agg(pl.col("count").sum())
    return dict(_pairs(mine.iter_rows()))


def _pairs(rows: Iterable[tuple[int, int]]) -> Iterable[tuple[int, float]]:
    return ((bucket, float(count)) for bucket, count in rows)


def _usual(moment: Moment, edges: Edges, window: timedelta, what: str) -> Counts:
    """What there was in the 7 days before each window."""
    if not moment.live(edges):
        return _counts(moment, edges.back(window), USUAL, what)
    before = Edges(edges.first - window, USUAL)
    rows = moment.kept.known(
        ("happened", window, before.first - edges.first),
        moment.now,
        lambda: _happened(moment, before, USUAL),
    )
    return np.array([sum(_by_bucket(rows, what).values())])
