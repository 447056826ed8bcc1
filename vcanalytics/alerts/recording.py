"""Alerts of what stands: opened, gone on, resolved, and each time whether anybody is told.

A rule's alerts are made to say what its series say, whatever came in between (a crash, a file of
rules that has changed). At most ``named_max`` series of a rule have alerts of their own; how many
more there are is one alert's matter, so that ten thousand of them are told in a line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection

from vcanalytics.alerts.judging import Reading, limits, sentence
from vcanalytics.alerts.machine import Standing
from vcanalytics.alerts.quantities import written
from vcanalytics.alerts.rules import Rule
from vcanalytics.alerts.standing import RuleStanding
from vcanalytics.display import formats
from vcanalytics.journal import alert_events, alert_writing, alerts
from vcanalytics.journal.alert_records import Alert, AlertState, EventKind, Firing, Silence

#: The series of the one alert that counts those without alerts of their own.
OTHERS: Final = "(others)"
#: An alert that fires again within so long of its end goes on; it is not another one.
REOPENED_WITHIN: Final = timedelta(minutes=15)
_NAME_CHARS_MAX: Final = 200


@dataclass(slots=True)
class Recorder:
    """Writes down one evaluation, in the caller's transaction."""

    connection: Connection
    now: datetime
    silences: Sequence[Silence]
    resolved: dict[tuple[str, str], int]

    def rule(self, name: str, rule: Rule, standing: RuleStanding) -> None:
        """Make the rule's alerts say what its series say."""
        open_ones = {one.series: one for one in alerts.open_of(self.connection, name)}
        others = open_ones.pop(OTHERS, None)
        wanted = {shortened(series): series for series in standing.alerting()}
        for cut, one in list(open_ones.items()):
            if cut not in wanted:
                self._over(one, standing.readings.get(cut))
                del open_ones[cut]
        for cut, one in open_ones.items():
            self._goes_on(one, rule, standing, wanted[cut])
        more = [series for cut, series in wanted.items() if cut not in open_ones]
        room = max(rule.named_max - len(open_ones), 0)
        for series in more[:room]:
            # One of those that were counted already gets an alert of its own: that is no news.
            self._begins(name, rule, standing, series, known=others is not None)
        self._count_others(name, rule, others, len(more[room:]))

    def owed(self, standings: Mapping[str, RuleStanding]) -> None:
        """Tell of ends that came in a silence, or while it flapped, once that is over."""
        for one in alerts.owed(self.connection):
            standing = standings.get(one.rule)
            stand = None if standing is None else standing.stands.get(one.series)
            again = stand is not None and stand.alerting
            waits = stand is not None and stand.flapping(self.now)
            if not again and (waits or self._silent(one.rule, one.series)):
                continue
            told = {"announced": AlertState.RESOLVED.value, "flapping": False}
            alert_writing.changed(self.connection, one.number, told)
            if not again:
                self._note(EventKind.RESOLVED, one.number, dict(one.detail), announce=True)

    def no_more(self, name: str) -> None:
        """End the alerts of a rule that is no more, or was switched off."""
        for one in alerts.open_of(self.connection, name):
            self._over(one, None)

    def _begins(
        self, name: str, rule: Rule, standing: RuleStanding, series: str, *, known: bool
    ) -> None:
        stand = standing.stands[series]
        missing = stand.standing is Standing.NO_DATA
        reading = Reading(series, None) if missing else standing.readings[series]
        cut = shortened(series)
        firing = Firing(
            rule=name,
            series=cut,
            severity=rule.severity,
            title=rule.title,
            no_data=missing,
            started_at=stand.since or self.now,
            value=reading.value,
            threshold=limits(rule, reading).limit,
            unit=rule.of.unit,
            detail=detail(name, rule, reading, stand.since or self.now),
        )
        kind = EventKind.NO_DATA if missing else EventKind.FIRED
        self._open(firing, kind, flapping=stand.flapping(self.now), known=known)

    def _open(self, firing: Firing, kind: EventKind, *, flapping: bool, known: bool) -> None:
        again = self.resolved.pop((firing.rule, firing.series), None)
        before: Alert | None = None
        if again is not None:
            before = alerts.find(self.connection, again)
            alert_writing.reopened(self.connection, again, firing)
            number = again
            kind = EventKind.REOPENED if kind is EventKind.FIRED else kind
        else:
            number = alert_writing.opened(self.connection, self.now, firing)
        already_flapping = before is not None and before.flapping
        told = known or (flapping and already_flapping) or self._silent(firing.rule, firing.series)
        values: dict[str, Any] = {"flapping": flapping}
        if known or not told:
            values["announced"] = AlertState.FIRING.value
        alert_writing.changed(self.connection, number, values)
        self._note(kind, number, firing.detail | _flag(flapping), announce=not told)

    def _goes_on(self, one: Alert, rule: Rule, standing: RuleStanding, series: str) -> None:
        stand = standing.stands[series]
        missing = stand.standing is Standing.NO_DATA
        reading = standing.readings.get(series)
        if reading is None or missing:
            reading = Reading(series, None)
        values: dict[str, Any] = {}
        if reading.value is not None and reading.value != one.value:
            values = {
                "value": reading.value,
                "peak": standing.peaks.get(series),
                "detail": detail(one.rule, rule, reading, one.started_at),
            }
        if missing is not one.no_data:
            values["no_data"] = missing
            kind = EventKind.NO_DATA if missing else EventKind.FIRED
            self._note(kind, one.number, values.get("detail", one.detail), announce=False)
        flapping = stand.flapping(self.now)
        if flapping is not one.flapping:
            values["flapping"] = flapping
        if one.announced is not AlertState.FIRING and not (
            flapping or self._silent(one.rule, one.series)
        ):
            # The silence is over, or the flapping, and it still goes on.
            values["announced"] = AlertState.FIRING.value
            kind = EventKind.NO_DATA if missing else EventKind.FIRED
            self._note(kind, one.number, values.get("detail", one.detail), announce=True)
        alert_writing.changed(self.connection, one.number, values)

    def _over(self, one: Alert, reading: Reading | None) -> None:
        value = None if reading is None else reading.value
        alert_writing.resolved(self.connection, one.number, self.now, value)
        silent = self._silent(one.rule, one.series)
        announce = one.announced is AlertState.FIRING and not silent and not one.flapping
        if announce:
            told = {"announced": AlertState.RESOLVED.value}
            alert_writing.changed(self.connection, one.number, told)
        self.resolved[one.rule, one.series] = one.number
        self._note(EventKind.RESOLVED, one.number, dict(one.detail), announce=announce)

    def _count_others(self, name: str, rule: Rule, others: Alert | None, count: int) -> None:
        if not count:
            if others is not None:
                self._over(others, Reading(OTHERS, 0.0))
            return
        told = detail(name, rule, Reading(OTHERS, None), self.now)
        written = formats.count(count)
        told |= {"what": f"{written} more have no alerts of their own", "value": written}
        if others is None:
            firing = Firing(
                rule=name,
                series=OTHERS,
                severity=rule.severity,
                title=rule.title,
                no_data=False,
                started_at=self.now,
                value=float(count),
                threshold=float(rule.named_max),
                unit=rule.of.series,
                detail=told,
            )
            self._open(firing, EventKind.FIRED, flapping=False, known=False)
        elif others.value != count:
            values = {
                "value": float(count),
                "peak": max(float(count), others.peak or 0.0),
                "detail": told | {"since": others.started_at.isoformat()},
            }
            alert_writing.changed(self.connection, others.number, values)

    def _silent(self, rule: str, series: str) -> bool:
        return any(one.covers(rule, series, self.now) for one in self.silences)

    def _note(self, kind: EventKind, number: int, told: dict[str, Any], *, announce: bool) -> None:
        alert_events.note(
            self.connection, self.now, kind, alert=number, announce=announce, detail=told
        )


def detail(name: str, rule: Rule, reading: Reading, since: datetime) -> dict[str, Any]:
    """What messages say of an alert: see ``alert_records.Alert``."""
    unit, found = rule.of.unit, limits(rule, reading)
    known = reading.value is not None
    return {
        "rule": name,
        "series": shortened(reading.series),
        "measure": rule.measure,
        "title": rule.title,
        "severity": rule.severity.value,
        "what": sentence(rule, reading),
        "value": written(reading.value, unit) if reading.value is not None else "no data",
        "threshold": written(found.limit if known else rule.limit, unit),
        "unit": unit,
        "since": since.isoformat(),
        "runbook": " ".join(rule.runbook.split()),
        "page": rule.page,
        "reach_s": int((rule.wider or rule.span).total_seconds()),
        "group": rule.group,
    }


def _flag(flapping: bool) -> dict[str, Any]:
    return {"flapping": True} if flapping else {}


def shortened(series: str) -> str:
    """A series as alerts name it: text from outside may be of any length."""
    return series if len(series) <= _NAME_CHARS_MAX else f"{series[: _NAME_CHARS_MAX - 1]}…"


def still_known(names: Collection[str], connection: Connection) -> set[str]:
    """Rules that have open alerts and are none of ``names``."""
    return {one.rule for one in alerts.firing(connection)} - set(names)
