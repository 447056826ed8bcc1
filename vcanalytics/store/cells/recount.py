"""Cells held to the rows they were made of, and made anew from them.

    for sentence in verify(catalogue, segments): ...      # any time
    rebuild(catalogue, segments, now)                      # who holds the collectors' lock

Only days whose rows are all still there can be recounted; of the others, day cells are held to hour
cells. Both go day by day, so that how much there is does not matter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl
from sqlalchemy import select

from vcanalytics.errors import StoreError
from vcanalytics.store import schema
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.cells.counting import COUNTED, DAYS, HOURS, Cells, Counted, added, table
from vcanalytics.store.cells.filling import (
    file_length,
    filled_since,
    hours_of_day,
    parted,
    read,
    series,
)
from vcanalytics.store.facts import LET_GO
from vcanalytics.store.manifest import Change, enter, manifests
from vcanalytics.store.segments import Segment, Segments
from vcanalytics.store.shapes import Shape

_DAY: Final = timedelta(days=1)
_TRIES: Final = 3
#: Sums of a million numbers, put together in another order, agree to so many digits at least.
_NOISE: Final = 1e-12
#: Files of cells whose rows are held while days are gone through. A day's lie in four, one or two
#: more of each kind until they are merged; a month of day cells is 20 MB where much is asked.
_FILES_MAX: Final = 8
Standing = Mapping[str, Sequence[Segment]]


def verify(catalogue: Catalogue, segments: Segments) -> Iterator[str]:
    """A sentence for every day whose cells are not what its rows come to; none where all is well.

    Each day is looked at as of one moment; sealing may go on. Files that cannot be read are named
    by who looks through files, and are no finding here. Raises StoreError where the catalogue
    cannot be read.
    """
    files = _Files(segments)
    for counted in COUNTED.values():
        for day in _covered(counted, _standing(catalogue)):
            yield from _differences(catalogue, files, counted, day)


class _Files:
    """Files of cells as they were last read, the newest few: days in a row lie in the same ones."""

    def __init__(self, segments: Segments) -> None:
        self.segments = segments
        self._sound: set[str] = set()
        self._read: dict[str, pl.DataFrame] = {}

    def verify(self, segment: Segment) -> str | None:
        """What is wrong with a file. Its checksum is made once, however many days it holds."""
        if segment.key in self._sound:
            return None
        found = self.segments.verify(segment)
        if found is None:
            self._sound.add(segment.key)
        return found

    def read(self, shape: Shape, segment: Segment) -> pl.DataFrame:
        """The cells of a file. Raises StoreError where it is not as the manifest says."""
        found = self._read.pop(segment.key, None)
        if found is None:
            if wrong := self.verify(segment):
                raise StoreError(f"a file {wrong}", where=segment.key)
            found = read(self.segments, shape, segment)
        self._read[segment.key] = found
        if len(self._read) > _FILES_MAX:
            del self._read[next(iter(self._read))]
        return found


def _differences(catalogue: Catalogue, files: _Files, counted: Counted, day: date) -> list[str]:
    for _ in range(_TRIES):
        standing = _standing(catalogue)
        try:
            return list(_compared(catalogue, files, counted, standing, day))
        except StoreError:
            # It was replaced meanwhile, or is damaged for good.
            continue
    return []


def _compared(
    catalogue: Catalogue, files: _Files, counted: Counted, standing: Standing, day: date
) -> Iterator[str]:
    hours = _kept(files, counted, HOURS, standing, day)
    if _countable(catalogue, counted, standing, day):
        raw = _of_day(standing[counted.stream], day)
        rows = hours_of_day(counted, files.segments, raw, day, verify=files.verify)
        if wrong := _unequal(counted, HOURS, hours, rows):
            yield f"{wrong} of the hour cells of {day} are not what its rows come to"
    by_day = Cells(
        *(added(counted, s, [f]) for s, f in series(counted, DAYS, hours)),
    )
    if wrong := _unequal(counted, DAYS, _kept(files, counted, DAYS, standing, day), by_day):
        yield f"{wrong} of the day cells of {day} are not what its hours come to"


def _unequal(counted: Counted, grain: str, mine: Cells, wanted: Cells) -> int:
    """How many rows are in one and not, or not so, in the other."""
    count = 0
    for (shape, left), (_, right) in zip(
        series(counted, grain, mine), series(counted, grain, wanted), strict=True
    ):
        by = [*counted.keys, *(name for name in ("band", "bucket") if name in shape.schema.names)]
        both = left.join(right, on=by, how="full", suffix="_wanted", coalesce=True)
        same = pl.all_horizontal(
            _same(name) for name in shape.schema.names if name not in {*by, "rest", "seq"}
        )
        count += both.filter(~same).height
    return count


def _same(name: str) -> pl.Expr:
    mine, wanted = pl.col(name), pl.col(f"{name}_wanted")
    equal = mine.eq_missing(wanted)
    if name != "total":
        return equal
    # Of numbers of both signs the sum may be far less than its parts.
    scale = pl.max_horizontal(pl.col("least").abs(), pl.col("most").abs()) * pl.col("count")
    return equal | ((mine - wanted).abs() <= scale * _NOISE).fill_null(value=False)


def rebuild(catalogue: Catalogue, segments: Segments, now: datetime) -> int:
    """Make all cells anew whose rows are still there; how many days those were.

    Day cells of other days are made from their hour cells, if these can be read. A transaction a
    day, or all days of a file that cannot be read: what was made stands, wherever it is
    interrupted. Of a day whose rows and hour cells both cannot be read the hours are lost. Nothing
    may be sealed meanwhile. Raises StoreError where files cannot be written.
    """
    count = 0
    for counted in COUNTED.values():
        done: set[date] = set()
        for day in _covered(counted, _standing(catalogue)):
            if day in done:
                continue
            standing = _standing(catalogue)
            days = _together(segments, counted, standing, day)
            change = _made_anew(catalogue, segments, counted, standing, days)
            with catalogue.transaction() as connection:
                enter(connection, change, now)
            done |= days
        count += len(done)
    return count


def _made_anew(
    catalogue: Catalogue,
    segments: Segments,
    counted: Counted,
    standing: Standing,
    days: set[date],
) -> Change:
    change, kept = Change(), _Files(segments)
    found: list[Cells] = []
    lost: set[date] = set()
    for day in sorted(days):
        files = _of_day(standing.get(counted.stream, ()), day)
        countable = _countable(catalogue, counted, standing, day)
        try:
            # Rows that are damaged are not counted anew: cells may be all that is left of them.
            if countable and all(kept.verify(segment) is None for segment in files):
                found.append(hours_of_day(counted, segments, files, day, verify=kept.verify))
            else:
                found.append(_kept(kept, counted, HOURS, standing, day))
        except StoreError:
            # Neither rows nor hours: its day cells may still stand.
            lost.add(day)
    if not found:
        return change
    hours = Cells(
        pl.concat([cells.figures for cells in found]), pl.concat([cells.buckets for cells in found])
    )
    for grain in (HOURS, DAYS):
        for shape, fresh in series(counted, grain, hours):
            old = [s for s in standing.get(shape.name, ()) if days & _days(s)]
            anew = days if grain == HOURS else days - lost
            outside = ~pl.col("cell_at").dt.date().is_in(sorted(anew))
            parts = [fresh]
            parts += [frame.filter(outside) for frame in _readable(segments, shape, old)]
            change.replaced += old
            rows = added(counted, shape, parts)
            for _, part in parted(rows, file_length(grain)):
                change.written.append(segments.write(shape, table(shape, part)))
    return change


def _together(segments: Segments, counted: Counted, standing: Standing, day: date) -> set[date]:
    """The day, and those that share a file with it which cannot be read."""
    days, grown = {day}, True
    while grown:
        grown = False
        for name in counted.series:
            for segment in standing.get(name, ()):
                mine = _days(segment)
                if days & mine and not mine <= days and segments.verify(segment) is not None:
                    days |= mine
                    grown = True
    return days


def _covered(counted: Counted, standing: Standing) -> list[date]:
    """Days that have cells, or rows that cells should take in."""
    since = filled_since(counted, lambda name: list(standing.get(name, ())))
    names = [counted.stream, counted.figures(HOURS).name]
    days = {day for name in names for s in standing.get(name, ()) for day in _days(s)}
    return sorted(day for day in days if since is not None and day >= since)


def _countable(catalogue: Catalogue, counted: Counted, standing: Standing, day: date) -> bool:
    """Whether all sealed rows of the day are still there."""
    with catalogue.read() as connection:
        text = connection.execute(select(schema.fact.c.value).filter_by(name=LET_GO)).scalar()
    let_go = (json.loads(text) if text else {}).get(counted.stream)
    if let_go is not None and day < date.fromisoformat(let_go):
        return False
    return bool(_of_day(standing.get(counted.stream, ()), day))


def _kept(files: _Files, counted: Counted, grain: str, standing: Standing, day: date) -> Cells:
    """The cells of one day as files hold them. Raises StoreError where one cannot be read."""
    frames = []
    for shape in (counted.figures(grain), counted.buckets(grain)):
        mine = pl.col("cell_at").dt.date() == day
        parts = [pl.DataFrame(pl.from_arrow(shape.schema.empty_table()))]
        found = _of_day(standing.get(shape.name, ()), day)
        parts += [files.read(shape, segment).filter(mine) for segment in found]
        frames.append(added(counted, shape, parts))
    return Cells(*frames)


def _readable(segments: Segments, shape: Shape, files: Iterable[Segment]) -> Iterator[pl.DataFrame]:
    for segment in files:
        if segments.verify(segment) is None:
            yield read(segments, shape, segment)


def _of_day(files: Iterable[Segment], day: date) -> list[Segment]:
    return [segment for segment in files if segment.day <= day <= segment.last_day]


def _days(segment: Segment) -> set[date]:
    length = (segment.last_day - segment.day).days
    return {segment.day + n * _DAY for n in range(length + 1)}


def _standing(catalogue: Catalogue) -> Standing:
    with catalogue.read() as connection:
        return manifests(connection)
