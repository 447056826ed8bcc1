"""The store verified against itself: files, counters, ledger, batches, current rows, and rollups.

Stream by stream, each of one moment, so that it may run beside writers and sealers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from sqlalchemy import Connection, func, select

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import STREAMS, Stream
from vcanalytics.store import copying, schema
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.checking.current import held_twice, mismatches
from vcanalytics.store.checking.parts import PARTS, Part
from vcanalytics.store.checking.rows import Kept, Sums, broken_file, highest, look_through, windows
from vcanalytics.store.manifest import manifests, orphaned
from vcanalytics.store.quarantine import FOLDER, quarantined
from vcanalytics.store.segments import Segments
from vcanalytics.store.upkeep.settling import settled

#: A file younger than this may be one that is being sealed just now.
ORPHAN_AFTER: Final = timedelta(minutes=1)
#: The same thing wrong a thousand times is named this often, then counted.
_ALIKE_MAX: Final = 20
_COUNTED_MAX: Final = 100_000
_TRIES: Final = 5

#: Called with (what is looked at, how many are done, of how many).
Progress = Callable[[str, int, int], None]


@dataclass(slots=True)
class Course:
    """How many files, of all that readers see, have been looked at."""

    progress: Progress
    total: int
    done: int = 0

    def __call__(self) -> None:
        self.done = min(self.done + 1, self.total)
        self.progress("files", self.done, self.total)


def course(catalogue: Catalogue, progress: Progress) -> Course:
    """The way through all files there are now."""
    with catalogue.read() as connection:
        return Course(progress, sum(len(some) for some in manifests(connection).values()))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be. ``stream`` is empty for the store as a whole."""

    stream: str
    what: str


class _Moved(Exception):
    """A file was replaced and deleted while it was looked for."""


def check(
    catalogue: Catalogue,
    *,
    parts: Sequence[Part] = PARTS,
    progress: Progress = lambda _what, _done, _total: None,
) -> list[Finding]:
    """Everything found wrong, an empty list for a sound store. Reads every row.

    Rows that are known to be lost (``store.quarantine``) are no finding: whoever asks is told of
    them in any case.
    """
    findings: list[Finding] = []
    segments = Segments(catalogue.path.parent)
    try:
        findings += [Finding("", line) for line in _catalogue(catalogue)]
        seen = course(catalogue, progress)
        for stream in STREAMS.values():
            findings += _settled(catalogue, stream, segments, seen)
        for name in _derived(catalogue):
            findings += _few(name, _derived_files(catalogue, name, segments, seen))
        for number, part in enumerate(parts, 1):
            findings += _few(part.name, _part(catalogue, segments, part))
            progress("rollups", number, len(parts))
        findings += _few("", _aside(catalogue))
        findings += [
            Finding("", f"file {key} stands in no manifest")
            for key in orphaned(catalogue, segments, older_than=ORPHAN_AFTER)
        ]
    except StoreError as error:
        findings.append(Finding("", f"the catalogue cannot be read through: {error.what}"))
    return findings


def _part(catalogue: Catalogue, segments: Segments, part: Part) -> list[str]:
    """What a part finds while nobody replaces the files that it looks at."""
    found: list[str] = []
    for _ in range(_TRIES):
        before = _keys(catalogue)
        try:
            found = list(islice(part.verify(catalogue, segments), _COUNTED_MAX))
        except StoreError as error:
            # What it is made of cannot be read: the others are verified all the same.
            found = [error.what]
        if not found or _keys(catalogue) == before:
            break
    return found


def _keys(catalogue: Catalogue) -> set[str]:
    with catalogue.read() as connection:
        return {s.key for some in manifests(connection).values() for s in some}


def _few(name: str, sentences: Iterable[str]) -> list[Finding]:
    found = list(islice(sentences, _COUNTED_MAX))
    few = [Finding(name, what) for what in found[:_ALIKE_MAX]]
    if len(found) > _ALIKE_MAX:
        few.append(Finding(name, f"and {len(found) - _ALIKE_MAX:,} findings more"))
    return few


def _catalogue(catalogue: Catalogue) -> Iterator[str]:
    with catalogue.read() as connection:
        for (line,) in connection.exec_driver_sql("PRAGMA quick_check(20)"):
            if line != "ok":
                yield f"the catalogue is damaged: {line}"


def _derived(catalogue: Catalogue) -> list[str]:
    """The series in the manifest that are no stream's own rows."""
    with catalogue.read() as connection:
        return sorted(manifests(connection).keys() - STREAMS.keys())


def _settled(
    catalogue: Catalogue, stream: Stream, segments: Segments, seen: Course
) -> list[Finding]:
    for _ in range(_TRIES):
        try:
            with catalogue.read() as connection:
                return _few(stream.name, _stream(catalogue, connection, stream, segments, seen))
        except _Moved:
            continue
    return [Finding(stream.name, "its files are replaced faster than they can be read")]


def _stream(
    catalogue: Catalogue,
    connection: Connection,
    stream: Stream,
    segments: Segments,
    seen: Course,
) -> Iterator[str]:
    kept = look_through(connection, stream, segments, seen)
    for one in kept.broken:
        if one.segment is not None and not _is_named(catalogue, one.segment.key):
            raise _Moved
        yield one.what
    for seq, rows, said in kept.wrong:
        yield f"batch {seq} holds {rows} rows, its entry says {said}"
    try:
        yield from _counts(connection, stream.name, segments, kept)
        if stream.versioned:
            yield from _current(connection, stream, segments, kept)
    except StoreError as error:
        if all(_is_named(catalogue, segment.key) for segment in kept.files):
            yield error.what
        else:
            raise _Moved from error


def _is_named(catalogue: Catalogue, key: str) -> bool:
    """Whether a file is in the manifest now, whatever an earlier moment's says."""
    table = schema.segment
    with catalogue.read() as connection:
        query = select(table.c.key).where(table.c.key == key, table.c.retired_at.is_(None))
        return connection.execute(query).first() is not None


def _counts(connection: Connection, stream: str, segments: Segments, kept: Kept) -> Iterator[str]:
    counter = connection.execute(select(schema.stream).filter_by(name=stream)).first()
    top, counted = (counter.seq, counter.rows) if counter else (0, 0)
    entry = schema.ledger
    said = connection.execute(
        select(func.sum(entry.c.rows)).where(entry.c.stream == stream)
    ).scalar()
    missing, sums = 0, Sums(settled(connection, stream))
    for window in windows(connection, stream, segments, kept, top):
        for seq, _ in window.unentered():
            yield f"batch {seq} has no entry in the ledger"
        for seq, rows, ledger in window.differing():
            what = f"{rows} rows are kept" if rows else "is missing"
            yield f"batch {seq}: {what}, the ledger says {ledger} rows"
        missing += window.missing
        sums.add(window)
    yield from sums.wrong()
    missing += max(0, sums.missing)
    known = sum(one.rows for one in kept.gone)
    if missing != known:
        yield f"{missing:,} rows are missing, of {known:,} it is known"
    beyond = highest(connection, stream, kept)
    if beyond > top:
        yield f"batch {beyond} lies beyond the counter, which stands at {top}"
    total = (said or 0) + sums.said.rows
    if total != counted:
        yield f"the ledger says {total:,} rows, the counter {counted:,}"


def _current(
    connection: Connection, stream: Stream, segments: Segments, kept: Kept
) -> Iterator[str]:
    for one in mismatches(connection, stream, segments, kept):
        if one.lost:
            continue
        if one.newest is None:
            yield f"row {one.key} has no version"
        else:
            yield f"row {one.key} stands at {one.stands}, its versions say {one.newest}"
    if twice := held_twice(connection, stream.name):
        yield f"{twice} source rows are held by more than one current row"


def _derived_files(
    catalogue: Catalogue, name: str, segments: Segments, seen: Course
) -> Iterator[str]:
    with catalogue.read() as connection:
        files = manifests(connection, name).get(name, [])
    for segment in files:
        found = broken_file(segments, segment)
        seen()
        if found is not None and _is_named(catalogue, segment.key):
            yield found.what


def _aside(catalogue: Catalogue) -> Iterator[str]:
    """Files in quarantine that are not as they were put there."""
    with catalogue.read() as connection:
        entries = quarantined(connection)
    for one in entries:
        path = catalogue.path.parent / FOLDER / one.file
        if not one.file:
            continue
        if not path.is_file():
            yield f"{FOLDER}/{one.file} is missing"
        elif copying.digest(path) != one.sha256:
            yield f"{FOLDER}/{one.file} is not what was put there"
