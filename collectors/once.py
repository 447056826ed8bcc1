"""``python -m collectors --once``: read all that is new, changed or deleted, and stop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from collectors import notices
from collectors.capture import Capture, Tally
from collectors.columns import Columns
from collectors.feeds import Table, feeds
from collectors.subjects import subjects
from collectors.swapped import Swapped
from vcanalytics.errors import SourceError
from vcanalytics.model.streams import STREAMS
from vcanalytics.settings import Settings
from vcanalytics.source import Source
from vcanalytics.store import Catalogue
from vcanalytics.store.books.rebuilding import brought_up

#: How long each read waits for a locked source before the command gives up.
PATIENCE_S: Final = 30.0

#: Called with (stream, source rows done, source rows in all).
Progress = Callable[[str, int, int], None]
Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


def read_once(
    settings: Settings,
    url: str,
    catalogue: Catalogue,
    *,
    accept: bool = False,
    progress: Progress = lambda _stream, _done, _total: None,
    clock: Clock = _utc_now,
) -> dict[str, Tally | str]:
    """What was read of each stream, or why nothing could be (a missing table or column).

    Several tables may feed a stream: its tally is their sum, and names those that are missing.
    Raises SourceError where the source cannot be read, Swapped where it looks like another one
    (unless ``accept``); pages are told of both.
    """
    try:
        with Source(url, PATIENCE_S) as source:
            once = _Once(settings, source, catalogue, accept, progress, clock)
            result = once.read()
    except SourceError as error:
        notices.note_problem(catalogue, clock(), error.what, error.hint)
        raise
    except Swapped as swapped:
        notices.note_swapped(catalogue, clock(), swapped)
        raise
    notices.note_problem(catalogue, clock(), *once.columns.problem)
    notices.note_swapped(catalogue, clock(), None)
    notices.take_consent(catalogue, clock())
    return result


class _Once:
    """One read of everything."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        catalogue: Catalogue,
        accept: bool,
        progress: Progress,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._source = source
        self._catalogue = catalogue
        self._accept = accept
        self._progress = progress
        self._clock = clock
        self.columns = Columns(source, catalogue, accept=accept)

    def read(self) -> dict[str, Tally | str]:
        self._source.tables()
        for _ in brought_up(self._catalogue, self._settings.sample_prefixes):
            pass
        zone = self._settings.source_zone
        result: dict[str, Tally | str] = {}
        for subject in subjects(self._settings.abandoned_hours):
            capture = Capture(subject, self._source, self._catalogue, zone)
            problem = self.columns.unreadable(subject.table)
            result[subject.name] = problem or self._sweep(capture)
        tables = feeds(self._source, self._catalogue, zone)
        for stream in dict.fromkeys(table.stream for table in tables):
            result[stream] = self._read_on(
                stream, [table for table in tables if table.stream == stream]
            )
        return {name: result[name] for name in STREAMS}

    def _sweep(self, capture: Capture) -> Tally:
        name = capture.subject.name
        started = self._clock()
        total = self._source.count(capture.subject.table)
        capture.open()
        tally = Tally()
        for step in capture.sweep(self._clock, accept=self._accept):
            tally += step
            if not self.columns.was_read(capture.subject.table):
                # At once: a first read may take long.
                self.columns.note_read(capture.subject.table)
            self._progress(name, min(tally.read, total), total)
        self.columns.note_read(capture.subject.table)
        with self._catalogue.write(self._clock()) as writer:
            writer.note_read(name, started, done=total, total=total)
        return tally

    def _read_on(self, stream: str, tables: list[Table]) -> Tally | str:
        started = self._clock()
        wrong = {t.table.name: why for t in tables if (why := self.columns.unreadable(t.table))}
        readable = [table for table in tables if table.table.name not in wrong]
        if not readable and len(set(wrong.values())) == 1:
            return next(iter(wrong.values()))
        missing = "; ".join(f"{name}: {why}" for name, why in wrong.items())
        if not readable:
            return missing
        for table in readable:
            table.open()
            table.check(started, accept=self._accept)
        tally = Tally(problem=missing)
        for table in readable:
            more = True
            while more:
                step, more = table.step(self._clock())
                tally += step
                self.columns.note_read(table.table)
                self._progress(stream, *_progress(readable))
        done, _ = _progress(readable)
        with self._catalogue.write(self._clock()) as writer:
            writer.note_read(stream, started, done=done, total=done)
        return tally


def _progress(tables: list[Table]) -> tuple[int, int]:
    return sum(t.progress[0] for t in tables), sum(t.progress[1] for t in tables)


def problem(found: Tally | str) -> str:
    """What could not be read, empty where all was."""
    return found if isinstance(found, str) else found.problem
