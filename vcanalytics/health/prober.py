"""Asks the probes when they are due, each behind a breaker, a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vcanalytics.breakers import Breaker, State, listed
from vcanalytics.health.asking import Unwell, ask
from vcanalytics.health.probes import Probe
from vcanalytics.journal import Journal
from vcanalytics.journal import breakers as kept
from vcanalytics.model.health import Status, Verdict

#: Asked at once: silent ones keep a round waiting for their time-outs, four deep at most.
_AT_ONCE: Final = 5
#: While a probe fails it is asked this often, in seconds: it is cheap, and heals soon.
PAUSES_S: Final = (30.0, 60.0)
_PREFIX: Final = "probe:"


@dataclass(frozen=True, slots=True)
class _Said:
    """What a probe said last."""

    status: Status
    what: str
    at: datetime


class Prober:
    """The probes and what they said. Used by one thread."""

    def __init__(self, journal: Journal, asking: Callable[[Probe], str] = ask) -> None:
        self._journal = journal
        self._asking = asking
        self._probes: Mapping[str, Probe] = {}
        self._said: dict[str, _Said] = {}

    def follow(self, probes: Mapping[str, Probe]) -> None:
        """Take these from now on. One that was changed is asked anew; others' breakers go."""
        for name, probe in self._probes.items():
            if probes.get(name) != probe:
                self._said.pop(name, None)
        self._probes = probes
        with self._journal.read() as connection:
            known = [s.name for s in listed(connection) if s.name.startswith(_PREFIX)]
        gone = [name for name in known if name.removeprefix(_PREFIX) not in probes]
        if gone:
            with self._journal.write() as connection:
                for name in gone:
                    kept.forget(connection, name)

    @property
    def unasked(self) -> list[str]:
        """Components of probes that this process has not asked yet."""
        return [f"{_PREFIX}{name}" for name in self._probes if name not in self._said]

    def verdicts(self) -> list[Verdict]:
        """What each probe said last; without those that were not asked yet."""
        return [
            Verdict(f"{_PREFIX}{name}", said.status, said.what, _hint(said), said.at)
            for name in self._probes
            if (said := self._said.get(name)) is not None
        ]

    def ask_due(self, now: datetime) -> bool:
        """Ask every probe that is due and that its breaker lets through; whether any was."""
        due = [name for name in self._probes if self._due(name, now)]
        asked = [name for name in due if self._breaker(name).allows(now)]
        if asked:
            with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="probe") as workers:
                for name, said in zip(asked, workers.map(self._ask, asked), strict=True):
                    self._take(name, said, now)
        for name in due:
            if name not in self._said:
                # Its breaker was open already when the watchman was started.
                error = self._breaker(name).state().last_error or "it keeps failing"
                self._said[name] = _Said(Status.CRITICAL, error, now)
        return bool(due)

    def _due(self, name: str, now: datetime) -> bool:
        said = self._said.get(name)
        if said is None or said.status is not Status.HEALTHY:
            return True
        # Rounds come every half minute: half of one early is nearer than half of one late.
        every = timedelta(seconds=self._probes[name].every_s - 15)
        return not timedelta(0) <= now - said.at < every

    def _ask(self, name: str) -> tuple[bool, str]:
        try:
            return True, self._asking(self._probes[name])
        except Unwell as error:
            return False, error.what

    def _take(self, name: str, said: tuple[bool, str], now: datetime) -> None:
        well, what = said
        breaker = self._breaker(name)
        if well:
            breaker.succeeded(now)
            self._said[name] = _Said(Status.HEALTHY, what, now)
            return
        state = breaker.failed(now, what)
        if state.state is State.OPEN:
            what = f"{what}; {state.failures} times in a row"
        self._said[name] = _Said(Status.CRITICAL, what, now)

    def _breaker(self, name: str) -> Breaker:
        return Breaker(self._journal, f"{_PREFIX}{name}", pauses_s=PAUSES_S)


def _hint(said: _Said) -> str:
    if said.status is Status.HEALTHY:
        return ""
    return "It is asked again by itself; its breaker says when, and an admin may reset it"
