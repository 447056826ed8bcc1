"""Merging: many small files of a series into few, so that a question of years opens some dozens.

Sealing leaves a file a day, and more where rows come late. When a month is over, its files become
one; when a year is over, its months do; neither beyond what a full file holds. A row is rewritten
once with its month and once with its year, however long the history grows. What still comes for a
month that was merged gathers in small files beside it, and is taken in when it has become
worthwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Final

import pyarrow as pa

from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.derived import SHAPES
from vcanalytics.store.manifest import Change, enter, manifests
from vcanalytics.store.segments import Damaged, Segment, Segments
from vcanalytics.store.shapes import Shape

#: Today's file still grows, and yesterday's: clocks differ, and rows come late.
_CLOSED_AFTER: Final = timedelta(days=2)
#: So many files are worth one more rewriting of what lies beside them already.
_WORTHWHILE: Final = 8

#: Called before each step by its name: crash tests stop the process there.
Step = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Merged:
    """What one merge came to: so many files of a series became one, and so many more are due."""

    series: str
    files: int
    rows: int
    left: int


def due(
    segments: Iterable[Segment], shape: Shape, today: date, *, years: bool
) -> list[list[Segment]]:
    """Runs of one series' files that are to become one file each, the oldest first.

    ``years``: whether years that are over become one file as well. Where rows are let go by age
    they do not: a file goes as a whole.
    """
    over = today - _CLOSED_AFTER
    closed = sorted((s for s in segments if s.last_day <= over), key=lambda s: (s.day, s.last_day))
    for period in ("%Y-%m", "%Y") if years else ("%Y-%m",):
        found = [
            run
            for name, inside in groupby(closed, key=partial(_within, period=period))
            if name is not None and name < over.strftime(period)
            for run in _packed(list(inside), shape.full_rows)
            if _pays(run)
        ]
        if found:
            # A year is merged when all of its months are.
            return found
    return []


def _within(segment: Segment, period: str) -> str | None:
    """The period, as text that sorts, that a file lies in; None for one that reaches beyond."""
    first, last = segment.day.strftime(period), segment.last_day.strftime(period)
    return first if first == last else None


def _packed(segments: Sequence[Segment], full_rows: int) -> Iterator[list[Segment]]:
    """Neighbours that fit into one file together."""
    run: list[Segment] = []
    for segment in segments:
        if run and sum(s.rows for s in run) + segment.rows > full_rows:
            yield run
            run = []
        run.append(segment)
    yield run


def _pays(run: Sequence[Segment]) -> bool:
    """Whether enough is small: a file that is big already is not rewritten for every late row."""
    largest = max(s.rows for s in run)
    return len(run) >= _WORTHWHILE or (len(run) > 1 and 2 * sum(s.rows for s in run) >= 3 * largest)


def merge_next(
    catalogue: Catalogue,
    segments: Segments,
    now: datetime,
    *,
    kept_for_ever: Collection[str],
    avoid: Collection[str] = (),
    step: Step = lambda _name: None,
) -> Merged | None:
    """Merge the first run that is due; None where there is none.

    ``kept_for_ever`` names the series of which nothing is let go by age, ``avoid`` the keys of
    files that are damaged. For whoever holds the collectors' lock, while nothing is sealed. Raises
    Damaged, or StoreError where the new file cannot be written; nothing has changed then.
    """
    with catalogue.read() as connection:
        standing = manifests(connection)
    runs = [
        (shape, run)
        for name, shape in SHAPES.items()
        for run in due(standing.get(name, ()), shape, now.date(), years=name in kept_for_ever)
        if not any(segment.key in avoid for segment in run)
    ]
    if not runs:
        return None
    shape, run = runs[0]
    step("reading")
    for segment in run:
        segments.must_be_sound(segment)
    new = segments.write_parts(shape, _parts(segments, shape, run))
    if new.rows != sum(segment.rows for segment in run):
        segments.delete(new.key)
        raise Damaged(run[0].key, f"and those beside it hold {new.rows:,} rows, not the manifest's")
    step("written")
    with catalogue.transaction() as connection:
        enter(connection, Change([new], run), now)
        step("committing")
    step("committed")
    return Merged(shape.name, len(run), new.rows, len(runs) - 1)


def _parts(segments: Segments, shape: Shape, run: Sequence[Segment]) -> Iterator[pa.Table]:
    """The rows of the run in tables of about a group of rows, the earliest days first.

    Files that share a day are read together, to be sorted together; of others no more than a group
    of rows is held.
    """
    held: list[pa.Table] = []
    for together in _overlapping(run):
        if len(together) == 1:
            tables = segments.groups(together[0].key)
        else:
            tables = iter([pa.concat_tables([segments.read(s.key) for s in together])])
        for table in tables:
            held.append(table.select(shape.schema.names).cast(shape.schema))
            if sum(one.num_rows for one in held) >= shape.group_rows:
                yield pa.concat_tables(held)
                held = []
    if held:
        yield pa.concat_tables(held)


def _overlapping(run: Sequence[Segment]) -> Iterator[list[Segment]]:
    together: list[Segment] = []
    for segment in run:
        if together and segment.day > max(s.last_day for s in together):
            yield together
            together = []
        together.append(segment)
    yield together
