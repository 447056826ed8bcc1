"""Retention: rows older than their stream is kept for are let go of, a file at a time.

Whole days go, by UTC. A file that is past the limit is retired as any replaced file is; one that
reaches over it is cut once half of its days are past it, or a week of them. Ledger and counter are
lowered in the same transaction, so that every sum stays what is kept. Samples go only where their
cells stand for them; versions of payments, cases and mails never do.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, select

from vcanalytics.model.streams import REQUESTS, STREAMS, SYSTEM
from vcanalytics.store import schema
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.derived import SHAPES, WAITING, Waiting
from vcanalytics.store.facts import LET_GO
from vcanalytics.store.manifest import Change, enter, manifests
from vcanalytics.store.segments import Segment, Segments
from vcanalytics.store.shapes import Shape
from vcanalytics.store.upkeep.settling import let_go_rows
from vcanalytics.store.writer import Writer

#: Streams whose rows go only once cells were made of them.
SAMPLES: Final = (SYSTEM.name, REQUESTS.name)
#: Percentiles of 24 h are made of rows, in any zone and beside those of the day before; the
#: forecast of a disk looks back a week.
LEAST: Final = timedelta(days=7)
_CUT_AFTER: Final = timedelta(days=7)

#: Called before each step by its name: crash tests stop the process there.
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LetGo:
    """One file let go of or cut: how many rows went, and how many files more are due."""

    stream: str
    before: date
    rows: int
    bytes: int
    left: int


@dataclass(frozen=True, slots=True)
class Due:
    """Files of a stream that hold rows of days before the limit, the oldest first."""

    stream: str
    before: date
    files: tuple[Segment, ...]
    #: Files that wait for their rows to be taken into cells.
    waiting: int = 0


def limit(keep: timedelta, now: datetime) -> date:
    """The first day that is kept."""
    return (now - max(keep, LEAST)).date()


def due(
    connection: Connection,
    keep: Mapping[str, timedelta],
    now: datetime,
    *,
    waiting: Mapping[str, Waiting] = WAITING,
    avoid: Collection[str] = (),
) -> list[Due]:
    """What is to be let go of where streams are kept for so long."""
    standing = manifests(connection)
    found = []
    for stream, age in keep.items():
        if STREAMS[stream].versioned:
            continue
        before = limit(age, now)
        files = [s for s in standing.get(stream, ()) if _goes(s, before) and s.key not in avoid]
        held: set[str] = set()
        if stream in SAMPLES:
            asked = waiting.get(stream)
            unmade = asked(lambda name: standing.get(name, [])) if asked else files
            held = {segment.key for segment in unmade} & {segment.key for segment in files}
        going = tuple(segment for segment in files if segment.key not in held)
        if going or held:
            found.append(Due(stream, before, going, len(held)))
    return found


def earliest(
    connection: Connection,
    now: datetime,
    *,
    waiting: Mapping[str, Waiting] = WAITING,
    avoid: Collection[str] = (),
) -> Due | None:
    """The file of samples that is to go first where room is short; None where none may.

    It goes sooner than its stream is kept for, but never within the last ``LEAST``.
    """
    found = [
        (one.files[0], one)
        for one in due(connection, dict.fromkeys(SAMPLES, LEAST), now, waiting=waiting, avoid=avoid)
        if one.files
    ]
    if not found:
        return None
    first, of = min(found, key=lambda pair: pair[0].day)
    before = min(of.before, first.last_day + timedelta(days=1))
    return Due(of.stream, before, (first,))


def _goes(segment: Segment, before: date) -> bool:
    """Whether the file is past the limit, or far enough over it to be worth cutting."""
    if segment.last_day < before:
        return True
    past = before - segment.day
    return past >= min(_CUT_AFTER, (segment.last_day - segment.day + timedelta(days=1)) / 2)


def let_go(
    catalogue: Catalogue,
    segments: Segments,
    due: Due,
    now: datetime,
    step: Step = lambda _name: None,
) -> LetGo | None:
    """Let go of what is due in the oldest file; None where none is.

    For whoever holds the collectors' lock, while nothing is sealed. Raises Damaged, or
    StoreError where a file cannot be written; nothing has changed then.
    """
    if not due.files:
        return None
    segment, shape = due.files[0], SHAPES[due.stream]
    segments.must_be_sound(segment)
    counts: Counter[int] = Counter()
    change = Change(replaced=[segment])
    if segment.last_day < due.before:
        _count(counts, segments.read(segment.key, ["seq"]).column("seq"))
    else:
        parts = _later(segments, shape, segment, due.before, counts)
        change.written.append(segments.write_parts(shape, parts))
    step("written")
    with catalogue.transaction() as connection:
        enter(connection, change, now)
        if counts:
            let_go_rows(connection, due.stream, counts)
        _note(connection, due, now)
        step("committing")
    step("committed")
    rows, size = sum(counts.values()), segment.bytes - sum(s.bytes for s in change.written)
    return LetGo(due.stream, due.before, rows, size, len(due.files) - 1)


def _count(counts: Counter[int], seqs: pa.ChunkedArray) -> None:
    for entry in pc.value_counts(seqs).to_pylist():
        counts[entry["values"]] += entry["counts"]


def _later(
    segments: Segments, shape: Shape, segment: Segment, before: date, counts: Counter[int]
) -> Iterator[pa.Table]:
    """The rows of a file that stay; those that go are counted."""
    first = datetime(before.year, before.month, before.day, tzinfo=UTC)
    for rows in segments.groups(segment.key):
        moments = rows.column(shape.partition)
        stays = pc.greater_equal(moments, pa.scalar(first, moments.type))
        _count(counts, rows.filter(pc.invert(stays)).column("seq"))
        if (kept := rows.filter(stays)).num_rows:
            yield kept


def _note(connection: Connection, due: Due, now: datetime) -> None:
    """Say before which day rows may be gone: cells answer alone for those days."""
    fact = schema.fact
    text = connection.execute(select(fact.c.value).where(fact.c.name == LET_GO)).scalar()
    known: dict[str, str] = json.loads(text) if text else {}
    # A limit that was widened brings nothing back.
    known[due.stream] = max(known.get(due.stream, ""), due.before.isoformat())
    Writer(connection, now).set_fact(LET_GO, known)
