"""The daemon that reads VectorCraft's database: what moved at once, everything in turn.

It looks at the file's stamp every 50 ms and reads when it changed, pays a few per cent of a core
for it, and spreads the full comparison over time, in short reads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from collectors import notices
from collectors.capture import Capture
from collectors.columns import Columns
from collectors.daemon import LOG
from collectors.feeds import Feeds, feeds
from collectors.source_breaker import SourceBreaker
from collectors.subjects import subjects
from collectors.sweeps import Sweeps
from vcanalytics.errors import SourceError
from vcanalytics.settings import Settings
from vcanalytics.source import Source, SourceTable
from vcanalytics.store import Catalogue
from vcanalytics.store.facts import DEMO

TICK_S: Final = 0.05
#: A poll is made this often although nothing seems to have changed.
POLL_AT_LEAST_S: Final = 2.0
HEARTBEAT_S: Final = 1.0
#: A column that VectorCraft adds or loses is noticed within this.
LOOK_AT_TABLES_S: Final = 60.0
#: Seconds of rest for each CPU second a poll, or a step of a sweep, took: 1/30 of a core each.
REST_PER_CPU_SECOND: Final = 30.0
_RETRY_FIRST_S: Final = 0.25
_RETRY_MAX_S: Final = 5.0


@dataclass(slots=True)
class _Moments:
    """When what is due, on the monotonic clock, and what the source's file was like."""

    poll_at: float = 0.0
    poll_by: float = 0.0
    beat_at: float = 0.0
    retry_at: float = 0.0
    retry_s: float = 0.0
    consent_at: float = 0.0
    tables_at: float = 0.0
    token: tuple[object, ...] | None = None
    identity: tuple[int, int] | None = None
    failed: tuple[int, int] | None = None


class VectorCraft:
    """Reads payments, disputes and mails as versions, the other tables as events.

    ``clock`` gives seconds that only grow. ``demo``: the source is the demo shop's, which may still
    have to be made. ``breaker`` is told of failures, where a watchman shows it.
    """

    name = "source"

    def __init__(
        self,
        settings: Settings,
        url: str,
        catalogue: Catalogue,
        clock: Callable[[], float] = time.monotonic,
        *,
        demo: bool = False,
        breaker: SourceBreaker | None = None,
    ) -> None:
        self._breaker = breaker
        self._settings = settings
        self._url = url
        self._catalogue = catalogue
        self._clock = clock
        self._demo = demo
        self._source: Source | None = None

    def initialise(self) -> None:
        self.shutdown()
        self._moments = _Moments()
        # Tables that were looked at and can be read.
        self._readable_now: set[str] = set()
        # Not None: the first round writes "no problem" over what an earlier run may have left.
        self._problem: str | None = ""
        self._told: dict[str, str] | None = None
        self._retry = False
        source = Source(self._url)
        zone = self._settings.source_zone
        self._captures = [
            Capture(subject, source, self._catalogue, zone)
            for subject in subjects(self._settings.abandoned_hours)
        ]
        self._feeds = Feeds(feeds(source, self._catalogue, zone), REST_PER_CPU_SECOND)
        for capture in self._captures:
            capture.open()
        self._feeds.open()
        self._sweeps = Sweeps(self._captures, REST_PER_CPU_SECOND)
        self._columns = Columns(source, self._catalogue)
        self._source = source

    def shutdown(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None
        if self._breaker is not None:
            self._breaker.close()

    def loop(self, now: datetime) -> float:
        """One round of what is due. Returns the seconds to wait."""
        source, moments, moment = self._source, self._moments, self._clock()
        if source is None or (moment < moments.retry_at and not self._is_back(source, moment)):
            return TICK_S
        try:
            busy = self._round(source, now, moment)
        except SourceError as error:
            moments.retry_s = min(max(moments.retry_s * 2, _RETRY_FIRST_S), _RETRY_MAX_S)
            moments.retry_at = moment + moments.retry_s
            moments.failed = source.identity()
            self._sweeps.interrupted()
            self._feeds.interrupted()
            self._readable_now.clear()
            # What a read stumbled over may be a column that is gone, of whatever table.
            source.forget_columns()
            excused = self._excused(error)
            self._note_problem(excused, now)
            if excused is not None and self._breaker is not None:
                self._breaker.failed(now, str(excused), moments.retry_s)
            return TICK_S
        moments.retry_s = 0.0
        if self._breaker is not None:
            self._breaker.succeeded()
        self._note_problem(None, now)
        self._note_swapped(now)
        if moment >= moments.beat_at:
            moments.beat_at = moment + HEARTBEAT_S
            self._beat(now)
        return 0.0 if busy else TICK_S

    def _is_back(self, source: Source, moment: float) -> bool:
        """Whether waiting is over before its time: a file came where none was, or a reset."""
        found = source.identity()
        came = found is not None and found != self._moments.failed
        reset = self._breaker is not None and self._breaker.was_reset(moment)
        if came or reset:
            self._moments.retry_s = 0.0
        return came or reset

    def _round(self, source: Source, now: datetime, moment: float) -> bool:
        moments = self._moments
        self._look_for_another_file(source)
        self._look_for_consent(now, moment)
        self._look_at_tables(source, moment)
        token = source.token()
        moved = token != moments.token or not token or moment >= moments.poll_by
        if moved and moment >= moments.poll_at:
            moments.token = token
            started = time.thread_time()
            self._poll(now)
            spent_s = time.thread_time() - started
            moments.poll_at = moment + max(TICK_S, spent_s * REST_PER_CPU_SECOND)
            moments.poll_by = moment + POLL_AT_LEAST_S
        self._look_at_aside_again(now)
        first = self._sweeps.step(token, moment, now, lambda c: self._readable(c.subject.table))
        if self._believed():
            first |= self._feeds.step(token, moment, now, self._readable)
        return first

    def _believed(self) -> bool:
        """Whether new rows are: the payments are in their place, or cannot be asked."""
        payments = self._captures[0].subject
        asked = self._sweeps.is_swept(payments.name)
        cannot = payments.table.name in self._columns.problems
        return (asked or cannot) and not self._sweeps.stopped

    def _poll(self, now: datetime) -> None:
        """What is likely to have moved."""
        if self._sweeps.stopped:
            return
        for capture in self._captures:
            name = capture.subject.name
            # Before its first sweep a table is read by that sweep alone, in order.
            if not self._sweeps.is_swept(name) or name in self._sweeps.swapped:
                continue
            if self._readable(capture.subject.table) and capture.poll(now) is None:
                self._sweeps.hurry()
                return

    def _readable(self, table: SourceTable) -> bool:
        if self._source is None or table.name in self._readable_now:
            return self._source is not None
        if self._columns.unreadable(table) is not None:
            return False
        self._readable_now.add(table.name)
        return True

    def _look_for_another_file(self, source: Source) -> None:
        identity = source.identity()
        if identity is not None and self._moments.identity not in (None, identity):
            # Another file in the same place: compare everything before a new row is believed.
            self._sweeps.restart()
            self._feeds.restart()
            self._readable_now.clear()
            source.forget_columns()
        self._moments.identity = identity or self._moments.identity

    def _look_at_tables(self, source: Source, moment: float) -> None:
        if moment < self._moments.tables_at:
            return
        self._moments.tables_at = moment + LOOK_AT_TABLES_S
        for name in self._readable_now:
            if source.columns(name) != source.columns(name, fresh=True):
                # Rows read otherwise now, although the file may not move any more.
                self._sweeps.hurry()
        self._readable_now.clear()

    def _look_for_consent(self, now: datetime, moment: float) -> None:
        if moment < self._moments.consent_at:
            return
        self._moments.consent_at = moment + HEARTBEAT_S
        # Taken at once, also where nothing waits for it: it is about what is gone now, and must
        # not lie in wait for the next source that is swapped.
        if notices.take_consent(self._catalogue, now):
            LOG.warning("source: what is gone now is taken as meant")
            self._sweeps.restart(accept=True)
            self._feeds.restart(accept=True)
            self._columns.accept()
            self._readable_now.clear()
            self._moments.token = None
        if notices.take_retry(self._catalogue, now):
            LOG.info("source: rows kept aside are read once more")
            self._retry = True

    def _look_at_aside_again(self, now: datetime) -> None:
        """Once it was asked for, and every stream is believed to be in its place."""
        if self._retry and self._believed():
            for capture in self._captures:
                capture.look_at_aside_again()
            self._sweeps.hurry()
            self._feeds.look_at_aside_again(now, self._readable)
            self._retry = False

    def _note_swapped(self, now: datetime) -> None:
        found = self._sweeps.swapped | self._feeds.swapped
        told = {name: swapped.what for name, swapped in found.items()}
        if not told and not self._sweeps.believed:
            # Not compared yet: what an earlier run said still stands.
            return
        if told == self._told:
            return
        for name in told.keys() - (self._told or {}).keys():
            LOG.error("%s", found[name])
        if self._told and not told:
            LOG.warning("source: every stream is in its place again")
        self._told = told
        notices.note_swapped(self._catalogue, now, next(iter(found.values()), None))

    def _note_problem(self, error: SourceError | None, now: datetime) -> None:
        problem, hint = (error.what, error.hint) if error else self._columns.problem
        if problem == self._problem:
            return
        self._problem = problem
        if problem is not None:
            LOG.warning("source: %s", error or problem)
        notices.note_problem(self._catalogue, now, problem, hint)

    def _beat(self, now: datetime) -> None:
        """Say which streams were read just now; a stream that stands still is left to age."""
        if self._sweeps.stopped:
            return
        self._note_columns()
        fresh = [
            capture.subject.name
            for capture in self._captures
            if self._sweeps.is_swept(capture.subject.name)
            and capture.subject.name not in self._sweeps.swapped
            and capture.subject.table.name not in self._columns.problems
        ]
        with self._catalogue.write(now, durable=False) as writer:
            for name in fresh:
                writer.note_read(name, now)
            for name, (done, total) in self._feeds.progress().items():
                writer.note_read(name, now, done=done, total=total)

    def _note_columns(self) -> None:
        """Remember the columns of the tables that are read and in their place.

        A table never read before is remembered when it is begun: its first read may take long.
        """
        read = [
            c.subject.table
            for c in self._captures
            if c.subject.name not in self._sweeps.swapped
            and (
                self._sweeps.is_swept(c.subject.name) or not self._columns.was_read(c.subject.table)
            )
        ]
        for table in (*read, *self._feeds.believed()):
            if table.name in self._readable_now:
                self._columns.note_read(table)

    def _excused(self, error: SourceError) -> SourceError | None:
        """None where nothing is wrong: the demo shop is only being made."""
        if not self._demo or self._source is None or self._source.identity() is not None:
            return error
        making = self._catalogue.fact(DEMO) or {}
        if problem := making.get("problem"):
            return SourceError(problem, hint=making.get("hint", ""), heals=True)
        return None
