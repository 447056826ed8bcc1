"""How every series of every rule stands, in memory and as the journal keeps it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from vcanalytics.alerts.judging import Reading, Verdict, verdict, worse
from vcanalytics.alerts.machine import Change, Stand, Standing, Timing, look
from vcanalytics.alerts.rules import Rule
from vcanalytics.journal.rule_states import KeptState

#: Series of one rule that are looked at; more of them are left out, and it is said.
SERIES_MAX: Final = 20_000
#: Series that are well are kept for so few alone, to be shown; others are told by their absence.
_SHOWN_MAX: Final = 50
_REFRESHED: Final = timedelta(minutes=1)


def timing(rule: Rule, every: timedelta | None = None) -> Timing:
    """What of a rule the machine needs."""
    return Timing(
        every=every or rule.every,
        hold=rule.hold,
        clear_for=rule.clear_for,
        no_data=rule.no_data,
        no_data_for=rule.no_data_for,
    )


class RuleStanding:
    """One rule: each of its series, and the last reading of each."""

    def __init__(self, name: str, kept: Iterable[KeptState] = ()) -> None:
        self.name = name
        self.stands: dict[str, Stand] = {}
        self.readings: dict[str, Reading] = {}
        self.peaks: dict[str, float | None] = {}
        self.evaluated_at: datetime | None = None
        #: Series that were more than SERIES_MAX at the last look.
        self.left_out = 0
        self._kept: dict[str, KeptState] = {}
        for one in kept:
            self._kept[one.series] = one
            self.stands[one.series] = _stand(one)
            self.peaks[one.series] = one.peak
            self.readings[one.series] = Reading(one.series, one.value)

    def look(
        self, rule: Rule, readings: Mapping[str, Reading], now: datetime
    ) -> dict[str, tuple[Change, ...]]:
        """Take over one round of readings; what it changed, by series."""
        self.evaluated_at = now
        known = timing(rule)
        changes: dict[str, tuple[Change, ...]] = {}
        names = [*readings, *(name for name in self.stands if name not in readings)]
        if not names and rule.no_data == "no_data":
            # Nothing at all is known of a measure: somebody wanted to be told of that.
            names = [""]
        waiting = [name for name in names if name not in self.stands]
        room = max(SERIES_MAX - len(self.stands), 0)
        self.left_out = max(len(waiting) - room, 0)
        too_many = set(waiting[room:])
        for name in names:
            if name in too_many:
                continue
            reading = readings.get(name)
            found = verdict(rule, reading)
            stand, changed = look(self.stands.get(name, Stand()), found, now, known)
            self._take(rule, name, stand, reading, found, now)
            if changed:
                changes[name] = changed
        return changes

    def _take(
        self,
        rule: Rule,
        name: str,
        stand: Stand,
        reading: Reading | None,
        found: Verdict,
        now: datetime,
    ) -> None:
        lately = any(change > now - _DAY for change in stand.changes)
        if stand.standing is Standing.OK and reading is None and not lately:
            self.stands.pop(name, None)
            self.readings.pop(name, None)
            self.peaks.pop(name, None)
            return
        self.stands[name] = stand
        if reading is not None:
            self.readings[name] = reading
        if stand.standing is Standing.OK:
            self.peaks[name] = None
        elif found is not Verdict.MISSING and reading is not None:
            self.peaks[name] = worse(rule, self.peaks.get(name), reading.value)

    def alerting(self) -> list[str]:
        """The series of which there is an alert, the one that began first first."""
        found = [name for name, stand in self.stands.items() if stand.alerting]
        return sorted(found, key=lambda name: (self.stands[name].changes[-1:], name))

    def to_keep(self, now: datetime) -> tuple[list[KeptState], list[str]]:
        """What the journal is to keep anew, and which series it is to forget."""
        few = len(self.stands) <= _SHOWN_MAX
        wanted = {
            name: stand
            for name, stand in self.stands.items()
            if few or stand.standing is not Standing.OK or stand.changes
        }
        rows = []
        for name, stand in wanted.items():
            row = self._row(name, stand, now)
            before = self._kept.get(name)
            if before is None or _differs(before, row):
                rows.append(row)
        gone = [name for name in self._kept if name not in wanted]
        return rows, gone

    def were_kept(self, rows: Iterable[KeptState], gone: Iterable[str]) -> None:
        """The journal has taken these over."""
        for row in rows:
            self._kept[row.series] = row
        for name in gone:
            self._kept.pop(name, None)

    def _row(self, name: str, stand: Stand, now: datetime) -> KeptState:
        reading = self.readings.get(name)
        missing = stand.standing is Standing.PENDING and stand.missing
        return KeptState(
            rule=self.name,
            series=name,
            state=stand.standing.value,
            pending_since=stand.since,
            clear_since=stand.clear_since,
            held_s=stand.held.total_seconds(),
            value=None if reading is None or missing else reading.value,
            peak=self.peaks.get(name),
            changes=stand.changes,
            evaluated_at=stand.looked_at or now,
        )


_DAY: Final = timedelta(days=1)


def _differs(before: KeptState, row: KeptState) -> bool:
    """Whether more has changed than a figure, or that has not been kept for a minute."""
    same = (before.state, before.pending_since, before.clear_since, before.changes) == (
        row.state,
        row.pending_since,
        row.clear_since,
        row.changes,
    )
    counting = row.state == Standing.PENDING or row.clear_since is not None
    if counting and row.held_s != before.held_s:
        # A restart must not make it hold anew.
        return True
    late = abs(row.evaluated_at - before.evaluated_at) >= _REFRESHED
    return not same or late


def _stand(kept: KeptState) -> Stand:
    standing = Standing(kept.state)
    return Stand(
        standing=standing,
        since=kept.pending_since,
        clear_since=kept.clear_since,
        held=timedelta(seconds=kept.held_s),
        missing=standing is Standing.NO_DATA
        or (standing is Standing.PENDING and kept.value is None),
        changes=kept.changes,
        looked_at=kept.evaluated_at,
    )
