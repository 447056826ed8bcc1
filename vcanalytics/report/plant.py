"""How the shop ran: response times, outages, the host; and how fresh all that is said here is."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import polars as pl

from vcanalytics.alerts.moment import Moment, Told
from vcanalytics.alerts.outages import outages
from vcanalytics.alerts.rules import read_rules
from vcanalytics.analytics import outages as hit
from vcanalytics.analytics.latency import Kind
from vcanalytics.analytics.performance import by_endpoint, over_time, summary
from vcanalytics.analytics.streams import streams
from vcanalytics.analytics.system import disks
from vcanalytics.analytics.system import over_time as host_over_time
from vcanalytics.display import formats
from vcanalytics.display import performance as shown
from vcanalytics.model import thresholds
from vcanalytics.model.windows import Grain
from vcanalytics.report import spoken
from vcanalytics.report.blocks import (
    Block,
    Cell,
    Charts,
    Column,
    Figure,
    Figures,
    Heading,
    Said,
    Table,
    Tone,
    cells,
    rest,
    shortened,
)
from vcanalytics.report.period import Period
from vcanalytics.report.sources import Sources
from vcanalytics.rules_file import RulesFile

_ENDPOINTS_SHOWN: Final = 8
_OUTAGES_SHOWN: Final = 10
_HOSTS_SHOWN: Final = 6
_NAME_CHARS: Final = 60
_SIGNS_CHARS: Final = 200
_SERVICES: Final = {hit.PAYPAL: "PayPal", hit.MAIL: "Mail"}


def performance(ask: Sources, period: Period) -> Sequence[Block]:
    """p95 and errors of requests against VectorCraft's limits, PayPal's API, slow endpoints."""
    now = _summary(ask, period.start, period.until)
    heading = Heading("Response times", "of requests; limits are VectorCraft's own")
    if not now:
        return [heading, Said("Nothing was measured: VectorCraft's metrics may be switched off.")]
    one = period.against[0] if period.against else None
    name = "" if one is None else one.name
    before = {} if one is None else _summary(ask, one.span.start, one.span.until)
    mine, paypal = now.get(Kind.REQUEST.value, {}), now.get(Kind.PAYPAL.value, {})
    found: list[Block] = [heading]
    figures = [
        *_figures(mine, before.get(Kind.REQUEST.value, {}), name),
        *_paypal(paypal, before.get(Kind.PAYPAL.value, {}), name),
    ]
    found.append(Figures(tuple(figures)))
    picture = shown.over_time(
        over_time(
            ask.engine,
            ask.snapshot,
            kind=Kind.REQUEST,
            start=period.start,
            end=period.end,
            zone=period.zone,
            now=period.now,
            grain=Grain.HOUR,
            week_start=period.week_start,
            exact_rows=ask.settings.exact_rows,
        ),
        period.view,
        kind=Kind.REQUEST.value,
        measure="percentiles",
        note="percentiles of requests",
    )
    if picture is not None:
        found.append(Charts(((picture, 1.0),)))
    slowest = _endpoints(ask, period)
    return [*found, slowest] if slowest is not None else found


def _summary(ask: Sources, start: Any, end: Any) -> dict[str, dict[str, Any]]:
    frame = summary(
        ask.engine, ask.snapshot, start=start, end=end, exact_rows=ask.settings.exact_rows
    )
    return {row["kind"]: row for row in frame.iter_rows(named=True)}


def _within(value: float | None, limit: float, words: str) -> Said:
    if value is None:
        return Said("not measured")
    over = value > limit
    return Said(f"over the limit of {words}" if over else f"within {words}", _limit_tone(over))


def _limit_tone(over: bool) -> Tone:
    return "critical" if over else "good"


def _figures(now: dict[str, Any], before: dict[str, Any], name: str) -> list[Figure]:
    p95, rate = now.get("p95_ms"), now.get("error_rate")
    limit = formats.milliseconds(thresholds.RESPONSE_P95_MS)
    said = [_within(p95, thresholds.RESPONSE_P95_MS, limit)]
    errors = [_within(rate, thresholds.ERROR_RATE, formats.rate(thresholds.ERROR_RATE))]
    if name and p95 is not None:
        said.append(spoken.share(p95, before.get("p95_ms"), "less", name))
        errors.append(spoken.points(rate, before.get("error_rate"), "less", name))
    count = now.get("count", 0)
    counted = [spoken.share(count, before.get("count"), "neither", name)] if name else []
    return [
        Figure("p95", formats.milliseconds(p95), tuple(said)),
        Figure("Error rate", formats.rate(rate), tuple(errors)),
        Figure("Requests", formats.count(count), tuple(counted)),
    ]


def _paypal(now: dict[str, Any], before: dict[str, Any], name: str) -> list[Figure]:
    if not now:
        return []
    p95 = now["p95_ms"]
    said = [_within(p95, thresholds.PAYPAL_MS, formats.milliseconds(thresholds.PAYPAL_MS))]
    if name:
        said.append(spoken.share(p95, before.get("p95_ms"), "less", name))
    return [Figure("PayPal's API, p95", formats.milliseconds(p95), tuple(said))]


def _endpoints(ask: Sources, period: Period) -> Table | None:
    frame = by_endpoint(
        ask.engine,
        ask.snapshot,
        kind=Kind.REQUEST,
        start=period.start,
        end=period.until,
        exact_rows=ask.settings.exact_rows,
    )
    if not frame.height:
        return None
    rows = [
        cells(
            Cell(
                shortened(row["endpoint"] or "", _NAME_CHARS),
                "ink",
                ask.link("/endpoint", period, endpoint=row["endpoint"] or ""),
            ),
            formats.count(row["count"]),
            formats.milliseconds(row["p50_ms"]),
            Cell(
                formats.milliseconds(row["p95_ms"]),
                "critical" if row["p95_ms"] > thresholds.RESPONSE_P95_MS else "ink",
            ),
            formats.milliseconds(row["max_ms"]),
            Cell(
                formats.rate(row["error_rate"]),
                "critical" if row["error_rate"] > thresholds.ERROR_RATE else "ink",
            ),
        )
        for row in frame.head(_ENDPOINTS_SHOWN).iter_rows(named=True)
    ]
    columns = (
        Column("Slowest endpoints, by p95", 3.2),
        *(Column(head, 1.0, number=True) for head in ("Requests", "p50", "p95", "Max", "Errors")),
    )
    return Table("", columns, tuple(rows), rest(frame.height, len(rows), "endpoint", "endpoints"))


def down(ask: Sources, period: Period) -> Sequence[Block]:
    """When PayPal or the mail was down, and whom that hit."""
    told = ask.settings
    moment = Moment(ask.engine, ask.snapshot, period.now, Told.of(told), ask.journal)
    rules = read_rules(RulesFile.read(told.rules_file)).by_name
    found = outages(moment, rules, start=period.start, end=period.end)
    if not found:
        return [Heading("Outages"), Said("No outage was found.", "good")]
    affected = hit.affected(ask.engine, ask.snapshot, found, sample_prefixes=told.sample_prefixes)
    frame = hit.table(found, affected)
    rows = []
    for row in frame.head(_OUTAGES_SHOWN).iter_rows(named=True):
        money = formats.ABSENT
        if row["amount"] is not None and row["currency"] is not None:
            money = formats.money(Decimal(row["amount"]), row["currency"])
        since = formats.moment(row["from"], period.zone, period.now)
        length = formats.duration(row["length_s"])
        rows.append(
            cells(
                Cell(_SERVICES.get(row["service"], row["service"]), "critical"),
                since,
                f"{length}, still" if row["open"] else length,
                formats.count(row["customers"]),
                money,
                Cell(shortened(row["signs"], _SIGNS_CHARS), "muted"),
            )
        )
    columns = (
        Column("Service", 0.8),
        Column("From", 1.2),
        Column("For", 1.2),
        Column("Customers", 0.9, number=True),
        Column("Money", 1.1, number=True),
        Column("By which signs", 3.6),
    )
    note = rest(frame.height, len(rows), "row", "rows")
    title = formats.counted(len(found), "outage", "outages")
    return [Heading("Outages", title), Table("", columns, tuple(rows), note)]


def host(ask: Sources, period: Period) -> Sequence[Block]:
    """Means and peaks of each host, and how full its disks are."""
    measures = ("cpu_percent", "memory_percent")
    frame = host_over_time(
        ask.engine,
        ask.snapshot,
        measures=measures,
        start=period.start,
        end=period.until,
        zone=period.zone,
        now=period.now,
        grain=Grain.HOUR,
    ).filter(pl.col("item") == "", pl.col("samples") > 0)
    heading = Heading("System")
    if not frame.height:
        return [heading, Said("No host was sampled.")]
    seen = frame.group_by("host", "measure").agg(
        (pl.col("mean") * pl.col("samples")).sum() / pl.col("samples").sum(),
        pl.col("most").max(),
    )
    values = {(row["host"], row["measure"]): row for row in seen.iter_rows(named=True)}
    names = sorted({name for name, _ in values})
    filled = disks(ask.engine, ask.snapshot, now=period.now)
    rows = []
    for name in names[:_HOSTS_SHOWN]:
        row = [Cell(shortened(name, _NAME_CHARS))]
        limits = (thresholds.CPU_PERCENT, thresholds.MEMORY_PERCENT)
        for measure, limit in zip(measures, limits, strict=True):
            one = values.get((name, measure))
            mean, most = (one["mean"], one["most"]) if one else (None, None)
            over = most is not None and most > limit
            row += [
                Cell(formats.percent(mean)),
                Cell(formats.percent(most), "critical" if over else "ink"),
            ]
        rows.append((*row, _disk(filled.filter(pl.col("host") == name))))
    columns = (
        Column("Host", 2.0),
        Column("CPU, mean", 1.0, number=True),
        Column("CPU, peak", 1.0, number=True),
        Column("Memory, mean", 1.1, number=True),
        Column("Memory, peak", 1.1, number=True),
        Column("Fullest disk, now", 2.0, number=True),
    )
    return [heading, Table("", columns, tuple(rows), rest(len(names), len(rows), "host", "hosts"))]


def _disk(filled: pl.DataFrame) -> Cell:
    if not filled.height:
        return Cell(formats.ABSENT)
    row = filled.sort("percent", descending=True).row(0, named=True)
    words = formats.percent(row["percent"])
    days = row["full_in_d"]
    return Cell(
        words if days is None else f"{words}, full in {formats.number(days)}{formats.NBSP}d"
    )


def freshness(ask: Sources, period: Period) -> Sequence[Block]:
    """What each figure rests on: how much was read of every stream, and when."""
    frame = streams(ask.snapshot, now=period.now)
    rows = []
    for row in frame.iter_rows(named=True):
        newest = row["last_at"]
        late = row["read_at"] is None or row["read_at"] < period.read_to
        read = (
            "never"
            if row["read_at"] is None
            else formats.moment(row["read_at"], period.zone, period.now)
        )
        rows.append(
            cells(
                row["label"],
                formats.count(row["rows"]),
                formats.ABSENT
                if newest is None
                else formats.moment(newest, period.zone, period.now),
                Cell(read, "warning" if late else "ink"),
                Cell(_reading(row), "warning"),
            )
        )
    columns = (
        Column("Stream", 2.0),
        Column("Rows kept", 1.0, number=True),
        Column("Newest", 1.2, number=True),
        Column("Source last read", 1.3, number=True),
        Column("Note", 2.4),
    )
    return [Heading("What this rests on"), *_warnings(ask), Table("", columns, tuple(rows))]


def _reading(row: dict[str, Any]) -> str:
    said = []
    if row["reading_history"]:
        said.append(f"history read to {formats.rate(row['done'] / max(row['total'], 1))}")
    if row["rejected"]:
        said.append(f"{formats.counted(row['rejected'], 'row', 'rows')} kept aside")
    return ", ".join(said)


def _warnings(ask: Sources) -> list[Said]:
    """What of the store's own state makes figures other than they should be."""
    found = []
    missing = sum(one.rows for one in ask.snapshot.damage)
    if missing:
        rows = formats.counted(missing, "row", "rows")
        found.append(Said(f"{rows} cannot be read and are missing from these figures.", "critical"))
    swapped = ask.snapshot.facts.get("swapped")
    if isinstance(swapped, dict):
        found.append(Said(f"{swapped.get('what')}; {swapped.get('hint')}.", "critical"))
    return found
