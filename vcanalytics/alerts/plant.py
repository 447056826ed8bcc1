"""Measures of what VectorCraft runs on: its log, its times, hosts and disks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import polars as pl

from vcanalytics.alerts.judging import Reading
from vcanalytics.alerts.moment import USUAL, USUAL_LEAST, Ask, Moment, Readings
from vcanalytics.alerts.rules import Rule
from vcanalytics.analytics import watched
from vcanalytics.analytics.latency import Kind
from vcanalytics.analytics.performance import by_endpoint
from vcanalytics.analytics.system import disks
from vcanalytics.analytics.watched import Edges

#: As many series as one measure may have: endpoints are text that comes from outside.
SERIES_MAX: Final = 20_000
#: Live, one question serves both.
_TOGETHER: Final = ("cpu_percent", "memory_percent")
#: Of a disk that is not half full no day is told.
_HALF: Final = 50.0
_PERCENT: Final = 100.0


def error_logs(moment: Moment, rule: Rule, edges: Edges) -> Readings:
    """Lines that say something failed, by component."""
    found = _errors(moment, edges, rule.span)
    share = rule.span / USUAL
    if moment.live(edges):
        before = Edges(edges.first - rule.span, USUAL)
        usual = moment.kept.known(
            ("errors", rule.span), moment.now, lambda: _errors(moment, before, USUAL)
        )
        often = {name: [sum(counts.values()) * share] for name, counts in usual.items()}
    else:
        before = edges.back(rule.span)
        often = {
            name: list(before.summed(counts, USUAL) * share)
            for name, counts in _errors(moment, before, USUAL).items()
        }
    none = [0.0] * edges.count
    return {
        name: [
            Reading(name, float(count), events=float(count), usual=float(usual))
            for count, usual in zip(
                edges.summed(counts, rule.span), often.get(name, none), strict=True
            )
        ]
        for name, counts in found.items()
    }


def _errors(moment: Moment, edges: Edges, window: timedelta) -> dict[str, dict[int, float]]:
    rows = moment.once(
        ("errors", edges, window),
        lambda: watched.errors(moment.engine, moment.snapshot, edges, window),
    )
    found: dict[str, dict[int, float]] = {}
    for component, bucket, count in rows.iter_rows():
        found.setdefault(component, {})[bucket] = float(count)
    return found


def times(kind: Kind, figure: str, moment: Moment, rule: Rule, edges: Edges) -> Readings:
    """A figure of times of ``kind``, by endpoint."""
    # Live, one question serves the rules of all kinds.
    kinds = [one.value for one in (_KINDS.values() if moment.live(edges) else (kind,))]
    rows = moment.once(
        ("requests", *kinds, edges, rule.span),
        lambda: watched.requests(moment.engine, moment.snapshot, edges, rule.span, kinds=kinds),
    ).filter(pl.col("kind") == kind.value)
    until = {place: _usual_until(moment, rule, edges, place) for place in rows["edge"].unique()}
    usual = {day: _usual_times(moment, kind, day, figure) for day in sorted(set(until.values()))}
    found: dict[str, list[Reading | None]] = {}
    for _, edge, endpoint, count, errors, mean_ms, p95_ms in rows.iter_rows():
        value = {"mean": mean_ms, "p95": p95_ms, "errors": errors / count * _PERCENT}[figure]
        if endpoint not in found and len(found) >= SERIES_MAX:
            continue
        series = found.setdefault(endpoint, [None] * edges.count)
        known = usual[until[edge]].get(endpoint)
        series[edge] = Reading(endpoint, value, count, errors, known)
    return found


def _usual_until(moment: Moment, rule: Rule, edges: Edges, place: int) -> datetime:
    """Until when what is usual is asked for: now, or of history the beginning of the day."""
    if moment.live(edges):
        return edges.first - rule.span
    edge = edges.first + edges.step * place - rule.span
    return edge.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _usual_times(moment: Moment, kind: Kind, until: datetime, figure: str) -> dict[str, float]:
    """The figure of each endpoint in the 7 days before ``until``."""
    live = until > moment.now - timedelta(days=1) and until.second + until.microsecond > 0
    rows = moment.kept.known(
        ("usual", kind, "now" if live else until),
        moment.now,
        lambda: by_endpoint(
            moment.engine, moment.snapshot, kind=kind, start=until - USUAL, end=until
        ),
    )
    column = {"mean": pl.col("mean_ms"), "p95": pl.col("p95_ms")}.get(
        figure, pl.col("error_rate") * _PERCENT
    )
    enough = rows.filter(pl.col("count") >= USUAL_LEAST)
    return dict(enough.select("endpoint", column.alias("usual")).iter_rows())


def samples(measure: str, moment: Moment, rule: Rule, edges: Edges) -> Readings:
    """The mean of a host's samples, by host and, of disks, by disk."""
    asked = _TOGETHER if moment.live(edges) and measure in _TOGETHER else (measure,)
    rows = moment.once(
        ("samples", *asked, edges, rule.span),
        lambda: watched.samples(moment.engine, moment.snapshot, edges, rule.span, measures=asked),
    ).filter(pl.col("measure") == measure)
    counts: dict[str, dict[int, float]] = {}
    totals: dict[str, dict[int, float]] = {}
    for _, host, item, bucket, count, total in rows.iter_rows():
        name = _disk(host, item)
        counts.setdefault(name, {})[bucket] = float(count)
        totals.setdefault(name, {})[bucket] = total
    return {
        name: [
            Reading(name, float(total / count), volume=float(count)) if count else None
            for count, total in zip(
                edges.summed(mine, rule.span), edges.summed(totals[name], rule.span), strict=True
            )
        ]
        for name, mine in counts.items()
    }


def disk_full_in(moment: Moment, rule: Rule, edges: Edges) -> Readings:  # noqa: ARG001 one shape
    """Days until each disk is full, of those that are half full and fill."""
    found: dict[str, list[Reading | None]] = {}
    for place, edge in enumerate(edges):
        told = disks(moment.engine, moment.snapshot, now=edge)
        for row in told.iter_rows(named=True):
            name = _disk(row["host"], row["item"])
            days = row["full_in_d"]
            filling = days is not None and row["percent"] >= _HALF
            note = f"{row['percent']:.1f} % in use"
            series = found.setdefault(name, [None] * edges.count)
            series[place] = Reading(name, days, note=note) if filling else None
    return found


def _disk(host: str, item: str) -> str:
    return f"{host}:{item}" if item else host


_KINDS: Final = {"response": Kind.REQUEST, "query": Kind.QUERY, "paypal": Kind.PAYPAL}
TIMES: Final[dict[str, Ask]] = {
    f"{of}_{figure}": partial(times, kind, figure)
    for of, kind in _KINDS.items()
    for figure in ("p95", "mean", "errors")
}
