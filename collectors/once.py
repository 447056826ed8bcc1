"""``python -m collectors --once``: read all that is new, changed or deleted, and stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final, TypeVar

from collectors.capture import Capture, Tally
from collectors.requests import Requests
from collectors.subjects import subjects
from collectors.vectorcraft import unreadable
from vcanalytics.errors import SourceError
from vcanalytics.settings import Settings
from vcanalytics.source import Source
from vcanalytics.store import Catalogue

#: A locked source is tried again for this long before the command gives up.
PATIENCE_S: Final = 30.0
_PAUSE_S: Final = 0.2

T = TypeVar("T")
#: Called with (stream, source rows done, source rows in all).
Progress = Callable[[str, int, int], None]


def read_once(
    settings: Settings,
    url: str,
    catalogue: Catalogue,
    *,
    accept: bool = False,
    progress: Progress = lambda _stream, _done, _total: None,
) -> dict[str, Tally | str]:
    """What was read of each stream, or why it could not be (a missing table or column).

    Raises SourceError where the source cannot be read, Swapped where it looks like another one
    (unless ``accept``).
    """
    with Source(url) as source:
        _patiently(source.tables)
        result: dict[str, Tally | str] = {}
        for subject in subjects(settings.abandoned_hours):
            problem = _patiently(partial(unreadable, source, subject.table))
            if problem:
                result[subject.name] = problem
                continue
            capture = Capture(subject, source, catalogue, settings.source_zone)
            result[subject.name] = _patiently(
                partial(_sweep, capture, source, catalogue, accept, progress)
            )
        requests = Requests(source, catalogue, settings.source_zone)
        problem = _patiently(partial(unreadable, source, requests.table))
        result[requests.name] = problem or _read_on(requests, source, catalogue, accept, progress)
        _note(catalogue, result)
    return result


def _note(catalogue: Catalogue, result: dict[str, Tally | str]) -> None:
    problems = [f"{name}: {why}" for name, why in result.items() if isinstance(why, str)]
    fact = {
        "problem": "; ".join(problems),
        "hint": "Run `python -m vcanalytics source` to see what is there",
        "since": datetime.now(UTC).isoformat(),
    }
    with catalogue.write() as writer:
        writer.set_fact("source", fact if problems else None)
        writer.set_fact("swapped", None)
        writer.set_fact("accept_deletions", None)


def _sweep(
    capture: Capture, source: Source, catalogue: Catalogue, accept: bool, progress: Progress
) -> Tally:
    name = capture.subject.name
    started = datetime.now(UTC)
    total = source.count(capture.subject.table)
    capture.open()
    tally = Tally()
    for step in capture.sweep(lambda: datetime.now(UTC), accept=accept):
        tally += step
        progress(name, min(tally.read, total), total)
    with catalogue.write() as writer:
        writer.note_read(name, started, done=total, total=total)
    return tally


def _read_on(
    requests: Requests, source: Source, catalogue: Catalogue, accept: bool, progress: Progress
) -> Tally:
    requests.open()
    started = datetime.now(UTC)
    _patiently(lambda: requests.check(accept=accept))
    top = _patiently(lambda: source.top_id(requests.table))
    tally, more = Tally(), True
    while more:
        step, more = _patiently(lambda: requests.step(datetime.now(UTC)))
        tally += step
        progress(requests.name, requests.after, max(top, requests.after))
    with catalogue.write() as writer:
        writer.note_read(requests.name, started)
    return tally


def _patiently(act: Callable[[], T]) -> T:
    """``act`` again and again while the source is locked, up to PATIENCE_S."""
    give_up_at = time.monotonic() + PATIENCE_S
    while True:
        try:
            return act()
        except SourceError as error:
            if "locked" not in error.what or time.monotonic() > give_up_at:
                raise
            time.sleep(_PAUSE_S)
