"""``check --repair``: what can be made anew is, what cannot be read is put aside and stays known.

For who holds the collectors' lock. Each step is a transaction that leaves the store no worse, so
that one that was killed is run again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import update

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import STREAMS, Stream
from vcanalytics.store import copying, schema
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.checking.check import Course, Progress, course
from vcanalytics.store.checking.parts import PARTS, Part
from vcanalytics.store.checking.rows import broken_file, look_through
from vcanalytics.store.manifest import clean, manifests, orphaned
from vcanalytics.store.quarantine import FOLDER, lost, quarantined
from vcanalytics.store.repairing.current import mend_current
from vcanalytics.store.repairing.quarantining import put_aside
from vcanalytics.store.repairing.rows import mend_counts
from vcanalytics.store.segments import Segments


@dataclass(frozen=True, slots=True)
class Done:
    """One thing that was done. ``stream`` is empty for the store as a whole."""

    stream: str
    what: str


def repair(
    catalogue: Catalogue,
    now: datetime,
    *,
    parts: Sequence[Part] = PARTS,
    progress: Progress = lambda _what, _done, _total: None,
) -> list[Done]:
    """Mend the store as far as it can be; what was done, an empty list for a sound one.

    What is wrong still is for ``check`` to say. Raises StoreError where the catalogue itself is
    damaged, or where anything cannot be written.
    """
    _refuse_damaged(catalogue)
    segments = Segments(catalogue.path.parent)
    done: list[Done] = []
    seen = course(catalogue, progress)
    for stream in STREAMS.values():
        mended = _stream(catalogue, segments, stream, now, seen)
        done += [Done(stream.name, what) for what in mended]
    for number, part in enumerate(parts, 1):
        if wrong := _wrong(catalogue, segments, part):
            part.rebuild(catalogue, segments, now)
            done.append(Done(part.name, f"made anew from its rows: {wrong}"))
        progress("rollups", number, len(parts))
    done += _derived(catalogue, segments, now, seen)
    done += [Done("", what) for what in _aside(catalogue)]
    orphans = orphaned(catalogue, segments, older_than=timedelta(0))
    clean(catalogue, segments, now, timedelta(0))
    return done + [Done("", f"file {key}, which no manifest names, is removed") for key in orphans]


def _wrong(catalogue: Catalogue, segments: Segments, part: Part) -> str | None:
    """The first thing that is wrong with a part or its files."""
    with catalogue.read() as connection:
        named = manifests(connection)
    for name in sorted(part.series):
        for segment in named.get(name, ()):
            if (broken := broken_file(segments, segment)) is not None:
                return broken.what
    return next(iter(part.verify(catalogue, segments)), None)


def _refuse_damaged(catalogue: Catalogue) -> None:
    with catalogue.read() as connection:
        (line,) = connection.exec_driver_sql("PRAGMA quick_check(1)").one()
    if line != "ok":
        raise StoreError(
            f"the catalogue itself is damaged, which cannot be repaired: {line}",
            where=str(catalogue.path),
            hint="Restore a backup",
        )


def _stream(
    catalogue: Catalogue, segments: Segments, stream: Stream, now: datetime, seen: Course
) -> Iterator[str]:
    with catalogue.read() as connection:
        kept = look_through(connection, stream, segments, seen)
    for broken in kept.broken:
        put_aside(catalogue, segments, stream.name, broken, now)
        kind = "segment " if broken.segment is not None else ""
        yield (f"{kind}{broken.name} is put into quarantine, {broken.rows:,} rows: {broken.reason}")
    for seq, rows, said in kept.wrong:
        batch = schema.batch
        with catalogue.transaction() as connection:
            connection.execute(
                update(batch)
                .where(batch.c.stream == stream.name, batch.c.seq == seq)
                .values(rows=rows)
            )
        yield f"batch {seq}: its entry says {rows} rows now, not {said}"
    kept.broken, kept.wrong = [], []
    with catalogue.read() as connection:
        kept.lost = lost(connection, stream.name)
    yield from mend_counts(catalogue, segments, stream, kept, now)
    if stream.versioned:
        with catalogue.read() as connection:
            kept.lost = lost(connection, stream.name)
        yield from mend_current(catalogue, segments, stream, kept)


def _derived(
    catalogue: Catalogue, segments: Segments, now: datetime, seen: Course
) -> Iterator[Done]:
    """Files that are derived and still broken: nobody made them anew."""
    with catalogue.read() as connection:
        named = manifests(connection)
    for name in sorted(named.keys() - STREAMS.keys()):
        for segment in named[name]:
            broken = broken_file(segments, segment)
            seen()
            if broken is not None:
                put_aside(catalogue, segments, name, broken, now)
                what = f"segment {broken.name} is put into quarantine: {broken.reason}"
                yield Done(name, what)


def _aside(catalogue: Catalogue) -> Iterator[str]:
    """What lies in quarantine by another size or not at all: the entry says so from now on."""
    with catalogue.read() as connection:
        entries = quarantined(connection)
    table = schema.quarantine
    for one in entries:
        path = catalogue.path.parent / FOLDER / one.file
        if not one.file or (path.is_file() and copying.digest(path) == one.sha256):
            continue
        there = path.is_file()
        what = "was changed since it was put aside" if there else "is gone since"
        values = {
            "file": one.file if there else "",
            "bytes": path.stat().st_size if there else 0,
            "sha256": copying.digest(path) if there else "",
            "reason": f"{one.reason}; the file {what}",
        }
        with catalogue.transaction() as connection:
            connection.execute(
                update(table)
                .where(table.c.stream == one.stream, table.c.name == one.name)
                .values(**values)
            )
        yield f"{FOLDER}/{one.file} {what}: its entry says so"
