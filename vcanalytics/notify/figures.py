"""The figures of a summary, from analytics and the journal: each section by itself.

A section that cannot be answered says why, and the others come all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from vcanalytics.analytics.by_file import to_the_end
from vcanalytics.analytics.candidates import ALONE, Candidates
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.reconcile import kept_findings, terms
from vcanalytics.analytics.revenue import figures, read_until
from vcanalytics.errors import ConsoleError
from vcanalytics.journal import Journal, components
from vcanalytics.journal.components import Day
from vcanalytics.model.times import in_zone
from vcanalytics.model.windows import Window
from vcanalytics.notify import events
from vcanalytics.notify.hours import Span
from vcanalytics.notify.messages import Fact, Part
from vcanalytics.notify.spoken import change, count, counted, duration, money, percent, tally
from vcanalytics.settings import Settings
from vcanalytics.store import Reader, Snapshot

_STREAMS: Final = ("disputes", "transactions")
#: Findings that a payment's own row decides, in the order they are urgent.
#: Looks at all payments, of 20 s each: ten million take two or three.
_LOOKS_MAX: Final = 5
_OPEN_WORK: Final = {
    "captured_but_failed": "Charged, but marked failed",
    "paid_not_mailed": "Paid, no mail sent",
    "paid_no_account": "Paid, no account made",
    "stuck": "Stuck",
}
_COMPONENTS_MAX: Final = 5
_NOON: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Figures:
    """Answers a summary's sections."""

    engine: Engine
    reader: Reader
    journal: Journal
    settings: Settings

    def sections(self, span: Span, now: datetime) -> tuple[Part, ...]:
        """Takings, payments, open work, alerts and uptime of ``span``."""
        found: list[Part] = []
        try:
            snapshot = self.reader.snapshot(_STREAMS)
        except ConsoleError as error:
            found.append(_missing("Takings and payments", error))
        else:
            found += _section("Takings and payments", lambda: self._books(snapshot, span, now))
            found += _section("Open work", lambda: [self._open_work(snapshot, now)])
        found += _section("Alerts", lambda: [self._alerts(span)])
        found += _section("Uptime", lambda: [self._uptime(span)])
        return tuple(found)

    def _books(self, snapshot: Snapshot, span: Span, now: datetime) -> list[Part]:
        spans = {"": (span.start, span.end)} | {name: (a, b) for name, a, b in span.compared}
        zone = self.settings.zone
        windows = sorted(
            (Window(start, end, in_zone(start, zone)) for start, end in spans.values()),
            key=lambda window: window.start,
        )
        frame = figures(
            self.engine,
            snapshot,
            windows,
            start=windows[0].start,
            end=windows[-1].end,
            now=now,
            default_currency=self.settings.currency,
            sample_prefixes=self.settings.sample_prefixes,
        )
        rows = {(row["currency"], row["window_start"]): row for row in frame.iter_rows(named=True)}
        own = self.settings.currency
        currencies = sorted(
            {currency for currency, _ in rows}, key=lambda code: (code != own, code)
        )
        takings: list[Fact] = []
        payments: list[Fact] = []
        for currency in currencies:
            these = {name: rows[currency, start] for name, (start, _) in spans.items()}
            if currency != own and not any(row["attempts"] for row in these.values()):
                continue
            mark = f" ({currency})" if len(currencies) > 1 else ""
            takings += _takings(these, currency, mark)
            payments += _payments(these, mark)
        note = _how_whole(snapshot, span)
        return [
            Part(title="Takings", level="info", facts=tuple(takings), text=note),
            Part(title="Payments", level="info", facts=tuple(payments)),
        ]

    def _open_work(self, snapshot: Snapshot, now: datetime) -> Part:
        told = self.settings
        # Of its own: once a day it may look at all, and nothing is held in between.
        kept = Candidates()
        found = to_the_end(
            lambda: kept_findings(
                self.engine,
                snapshot,
                kept,
                as_of=now,
                **terms(told),
                only=ALONE,
            ),
            _LOOKS_MAX,
        )
        numbers = dict(found.group_by("finding").agg(pl.len()).iter_rows())
        facts = tuple(
            Fact(label=label, value=count(numbers[name]))
            for name, label in _OPEN_WORK.items()
            if numbers.get(name)
        )
        title = "Open work" if facts else "Open work: nothing waits for a person"
        return Part(title=title, level="warning" if facts else "ok", facts=facts)

    def _alerts(self, span: Span) -> Part:
        with self.journal.read() as connection:
            fired = events.fired_between(connection, span.start, span.end)
            firing = events.firing(connection)
        if not fired and not firing:
            return Part(title="Alerts: none", level="ok")
        facts = [Fact(label="Fired", value=tally(fired))]
        facts.append(Fact(label="Firing now", value=tally(firing)))
        return Part(title="Alerts", level="warning" if firing else "info", facts=tuple(facts))

    def _uptime(self, span: Span) -> Part:
        # Days there are of UTC: those whose middle lies in the span stand for it.
        first = (span.start + _NOON).date()
        last = (span.end - _NOON).date()
        with self.journal.read() as connection:
            found = components.days(connection, first, last)
        times = {name: _Times.of(days) for name, days in found.items()}
        if not times:
            return Part(title="Uptime: not watched", level="warning")
        worst = sorted(
            (one for one in times.items() if one[1].down_s or one[1].unknown_s),
            key=lambda one: (-one[1].down_s, -one[1].unknown_s, one[0]),
        )
        if not worst:
            number = counted(len(times), "component", "components")
            return Part(title=f"Uptime: 100 % of {number}", level="ok")
        facts = tuple(Fact(label=name, value=one.words()) for name, one in worst[:_COMPONENTS_MAX])
        rest = len(times) - len(facts)
        return Part(
            title="Uptime",
            level="warning" if worst[0][1].down_s else "info",
            facts=facts,
            text=f"And {counted(rest, 'component', 'components')} more, each better."
            if rest
            else "",
        )


@dataclass(frozen=True, slots=True)
class _Times:
    """How long a component was up, down, and not known, in seconds."""

    up_s: float
    down_s: float
    unknown_s: float

    @classmethod
    def of(cls, days: Sequence[Day]) -> _Times:
        return cls(
            sum(day.healthy_s + day.warning_s for day in days),
            sum(day.critical_s for day in days),
            sum(day.unknown_s for day in days),
        )

    def words(self) -> str:
        known = self.up_s + self.down_s
        said = []
        if known:
            said.append(percent(self.up_s / known, 2))
        if self.down_s:
            said.append(f"down for {duration(self.down_s)}")
        if self.unknown_s:
            said.append(f"no data for {duration(self.unknown_s)}")
        return ", ".join(said)


def _section(title: str, make: Callable[[], list[Part]]) -> list[Part]:
    try:
        return make()
    except ConsoleError as error:
        return [_missing(title, error)]


def _missing(title: str, error: ConsoleError) -> Part:
    return Part(title=f"{title}: not known", level="warning", text=f"{error.what}.")


def _how_whole(snapshot: Snapshot, span: Span) -> str:
    notes = []
    read_at = read_until(snapshot)
    if read_at is None or read_at < span.end:
        notes.append("The source was not read to the end of this time: figures are not final.")
    missing = sum(one.rows for one in snapshot.damage)
    if missing:
        notes.append(f"{count(missing)} rows cannot be read and are missing.")
    return " ".join(notes)


def _takings(these: dict[str, dict[str, Any]], currency: str, mark: str) -> Iterator[Fact]:
    now = these[""]
    compared = [
        f"{change(now['net'], row['net'])} against {name}"
        for name, row in these.items()
        if name and row["net"]
    ]
    net = ", ".join([money(now["net"], currency), *compared])
    yield Fact(label=f"Net{mark}", value=net)
    yield Fact(label=f"Gross{mark}", value=money(now["gross"], currency))
    yield Fact(label=f"Refunds{mark}", value=money(now["refunds"], currency))


def _payments(these: dict[str, dict[str, Any]], mark: str) -> Iterator[Fact]:
    now = these[""]
    before_name, before = next((name, row) for name, row in these.items() if name)
    for label, key in (("Attempts", "attempts"), ("Captured", "captured"), ("Failed", "failed")):
        yield Fact(
            label=f"{label}{mark}",
            value=f"{count(now[key])} ({before_name}: {count(before[key])})",
        )
    rate = now["success_rate"]
    if rate is None:
        return
    value = percent(rate)
    if before["success_rate"] is not None:
        points = (rate - before["success_rate"]) * 100
        value += f" ({points:+.1f} points against {before_name})"
    yield Fact(label=f"Success rate{mark}", value=value)
