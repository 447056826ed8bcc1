"""The evaluation of all rules: what is due is asked, judged and written down in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from vcanalytics.alerts.asking import read_now
from vcanalytics.alerts.moment import Kept, Moment
from vcanalytics.alerts.recording import REOPENED_WITHIN, Recorder, still_known
from vcanalytics.alerts.rules import Rule, Rules, read_rules
from vcanalytics.alerts.standing import RuleStanding
from vcanalytics.errors import BudgetExceeded, StoreError
from vcanalytics.journal import Journal, alert_writing, alerts, rule_states, silences
from vcanalytics.journal.alert_records import Silence
from vcanalytics.rules_file import Followed

#: A rule that is due in less than this is due: rounds do not come to the microsecond.
_EARLY: Final = timedelta(seconds=2)
_LET_GO_EVERY: Final = timedelta(hours=1)
_TOLD_EVERY: Final = timedelta(minutes=1)


class Evaluation:
    """Evaluates rules against moments. One a journal: it is the only one that opens alerts."""

    def __init__(self, rules_file: Path | None, journal: Journal) -> None:
        """Read the rules, and how they stood last. Raises SettingError for a file that is wrong."""
        self._followed: Followed[Rules] = Followed(rules_file, read_rules)
        self._path = rules_file
        self._journal = journal
        self._read_at: datetime | None = None
        self._refused_at: datetime | None = None
        self._let_go_at: datetime | None = None
        self._told_at: datetime | None = None
        self._told: Mapping[str, Any] = {}
        self._unanswered: dict[str, str] = {}
        self._loaded = False
        self._standings: dict[str, RuleStanding] = {}
        self.kept = Kept()

    @property
    def rules(self) -> Rules:
        return self._followed.value

    @property
    def problem(self) -> str | None:
        """Why the file as it stands now is refused, None while all is well."""
        return self._followed.problem

    def evaluate(self, moment: Moment) -> None:
        """Ask what is due at the moment, and write down what that changed.

        A rule that cannot be answered (its question took too long, a file is damaged) stays as it
        is, and that is kept too. Raises StoreError where the journal cannot be read or written:
        nothing is lost then, the next round goes on from what is kept.
        """
        now = moment.now
        changed = self._followed.look()
        if not self._loaded:
            self._load()
        if changed:
            self.kept = Kept()
        enabled = self.rules.enabled
        due = {name: rule for name, rule in enabled.items() if self._due(name, rule, now)}
        for name, rule in due.items():
            self._ask(name, rule, moment)
        try:
            self._write(enabled, due, now)
        except StoreError:
            # What is in memory has gone further than what is kept.
            self._loaded = False
            raise

    def _due(self, name: str, rule: Rule, now: datetime) -> bool:
        standing = self._standings.get(name)
        if standing is None or standing.evaluated_at is None:
            return True
        since = now - standing.evaluated_at
        return since >= rule.every - _EARLY or since < timedelta()

    def _ask(self, name: str, rule: Rule, moment: Moment) -> None:
        try:
            readings = read_now(moment, rule)
        except (BudgetExceeded, StoreError) as error:
            self._unanswered[name] = str(error)
            return
        self._unanswered.pop(name, None)
        standing = self._standings.setdefault(name, RuleStanding(name))
        standing.look(rule, readings, moment.now)

    def _load(self) -> None:
        with self._journal.read() as connection:
            found = rule_states.kept(connection)
        names = {one.rule for one in found}
        self._standings = {
            name: RuleStanding(name, (one for one in found if one.rule == name)) for name in names
        }
        self._loaded = True

    def _write(self, enabled: Mapping[str, Rule], due: Mapping[str, Rule], now: datetime) -> None:
        kept: list[Callable[[], None]] = []
        with self._journal.write() as connection:
            recorder = Recorder(
                connection,
                now,
                _standing_silences(connection, now),
                alert_writing.resolved_since(connection, now - REOPENED_WITHIN),
            )
            for name in due:
                if name in self._standings:
                    recorder.rule(name, due[name], self._standings[name])
                    kept.append(self._keep(connection, self._standings[name], now))
            for name in [*still_known(enabled, connection)]:
                recorder.no_more(name)
            for name in [name for name in self._standings if name not in enabled]:
                gone = self._standings.pop(name)
                rule_states.drop(connection, [(name, series) for series in gone.stands])
            recorder.owed(self._standings)
            self._tell(connection, now)
            if self._let_go_at is None or abs(now - self._let_go_at) >= _LET_GO_EVERY:
                alerts.let_go(connection, now)
                self._let_go_at = now
        for done in kept:
            done()

    @staticmethod
    def _keep(connection: Connection, standing: RuleStanding, now: datetime) -> Callable[[], None]:
        rows, gone = standing.to_keep(now)
        rule_states.keep(connection, rows)
        rule_states.drop(connection, [(standing.name, series) for series in gone])
        return lambda: standing.were_kept(rows, gone)

    def _tell(self, connection: Connection, now: datetime) -> None:
        """Leave what pages and the health of components show of the evaluation itself."""
        if self.problem is None:
            self._refused_at = None
        else:
            self._refused_at = self._refused_at or now
        self._read_at = self._read_at or now
        left_out = {name: one.left_out for name, one in self._standings.items() if one.left_out}
        told = {
            "path": None if self._path is None else str(self._path),
            "problem": self.problem,
            "refused_at": None if self._refused_at is None else self._refused_at.isoformat(),
            "rules": len(self.rules.by_name),
            "enabled": len(self.rules.enabled),
            "left_out": left_out,
        }
        both: dict[str, Mapping[str, Any]] = {
            rule_states.RULES: told,
            rule_states.UNANSWERED: dict(self._unanswered),
        }
        late = self._told_at is None or abs(now - self._told_at) >= _TOLD_EVERY
        if both != self._told or late:
            for name, value in both.items():
                rule_states.tell(connection, now, name, value)
            self._told, self._told_at = both, now


def _standing_silences(connection: Connection, now: datetime) -> list[Silence]:
    return silences.standing(connection, now)
