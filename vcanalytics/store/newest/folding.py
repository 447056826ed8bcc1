"""Newest versions made from what is sealed already: caught up with, made anew, or verified.

As versions are sealed they are folded into the current files (``newest.current``). What was sealed
without, by an earlier version of the console or while a current file was damaged, is folded here, a
bounded slice of batches at a time. All of it is for whoever holds the collectors' lock: nothing may
be sealed meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import COUNT, TRANSACTIONS, Stream
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.manifest import Change, enter, manifest
from vcanalytics.store.newest.current import (
    SHAPES,
    VERSIONED,
    fold,
    folded,
    kept_schema,
    moves_of,
    series,
)
from vcanalytics.store.newest.searched import has_text
from vcanalytics.store.segments import Segment, Segments

_SLICE_ROWS: Final = 50_000
#: Keys compared at once: 16 bytes each.
_COMPARED_MAX: Final = 5_000_000

#: Called with how many batches are done, of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Caught:
    """One slice that was folded: up to which batch, of how many that are sealed."""

    stream: str
    seq: int
    of: int
    rows: int


@dataclass(frozen=True, slots=True)
class _Slice:
    rows: pa.Table
    upto: int
    of: int


def catch_up(catalogue: Catalogue, segments: Segments, now: datetime) -> Caught | None:
    """Fold the next slice of sealed versions that are not folded yet; None where all are.

    A file of versions that cannot be read is passed over: `check` and every snapshot name it.
    Raises StoreError where a current file is damaged (``rebuild`` heals that) or the disk is full.
    """
    failed: StoreError | None = None
    for stream in VERSIONED:
        try:
            if caught := _fold_next(catalogue, segments, stream, now):
                return caught
        except StoreError as error:
            # One stream's damage keeps no other from being folded.
            failed = failed or error
    if failed is not None:
        raise failed
    return None


def _fold_next(
    catalogue: Catalogue, segments: Segments, stream: Stream, now: datetime
) -> Caught | None:
    with catalogue.read() as connection:
        mark = folded(connection, stream.name)
        versions = manifest(connection, stream.name)
        standing = manifest(connection, series(stream))
    found = _next(segments, stream, versions, mark)
    if found is None:
        return None
    with catalogue.read() as connection:
        moved = moves_of(connection, stream, found.rows)
    change = fold(segments, stream, found.rows, standing, moved, found.upto)
    with catalogue.transaction() as connection:
        enter(connection, change, now)
    return Caught(stream.name, found.upto, found.of, found.rows.num_rows)


def add_texts(
    catalogue: Catalogue, segments: Segments, now: datetime
) -> tuple[Segment, int] | None:
    """Write the next file of payments that has no text to search (``newest.searched``) with it.

    The new file, and how many are left; None where all have one. Raises StoreError where a file
    cannot be read or written; nothing has changed then.
    """
    shape = SHAPES[series(TRANSACTIONS)]
    with catalogue.read() as connection:
        standing = manifest(connection, shape.name)
    waiting = [one for one in standing if not has_text(segments.local(one.key))]
    if not waiting:
        return None
    old = waiting[-1]
    segments.must_be_sound(old)
    rows = (group.select(shape.schema.names) for group in segments.groups(old.key))
    new = segments.write_parts(shape, rows)
    with catalogue.transaction() as connection:
        enter(connection, Change([new], [old]), now)
    return new, len(waiting) - 1


def rebuild(
    catalogue: Catalogue,
    segments: Segments,
    stream: Stream,
    now: datetime,
    progress: Progress = lambda _done, _of: None,
) -> int:
    """Make a versioned stream's current files anew from its sealed versions; how many rows.

    Readers see the old files until the new ones take their place in one transaction. A file of
    versions that cannot be read is passed over. Raises StoreError where a file cannot be written;
    nothing has changed then.
    """
    with catalogue.read() as connection:
        versions = manifest(connection, stream.name)
        old = manifest(connection, series(stream))
    new: list[Segment] = []
    mark = 0
    try:
        while (found := _next(segments, stream, versions, mark)) is not None:
            with catalogue.read() as connection:
                moved = moves_of(connection, stream, found.rows)
            change = fold(segments, stream, found.rows, new, moved, found.upto)
            gone = {segment.key for segment in change.replaced}
            new = [segment for segment in new if segment.key not in gone] + change.written
            for key in gone:
                segments.delete(key)
            mark = found.upto
            progress(mark, found.of)
    except BaseException:
        for segment in new:
            segments.delete(segment.key)
        raise
    with catalogue.transaction() as connection:
        enter(connection, Change(new, old, {stream.name: mark}), now)
    return sum(segment.rows for segment in new)


def verify(catalogue: Catalogue, segments: Segments, stream: Stream) -> Iterator[str]:
    """What is wrong with a versioned stream's current files, a line a finding; none: all is well.

    Each file is as the manifest says, and each row stands once, in its newest version of those
    folded. What is found, ``rebuild`` mends. Reads the keys of every version, 16 bytes a key held.
    """
    with catalogue.read() as connection:
        mark = folded(connection, stream.name)
        versions = manifest(connection, stream.name)
        current = manifest(connection, series(stream))
    wrong = [(s.key, why) for s in current if (why := segments.verify(s)) is not None]
    for key, why in wrong:
        yield f"segment {key} {why}"
    if wrong:
        return
    rows = sum(segment.rows for segment in versions)
    parts = max(1, -(-rows // _COMPARED_MAX))
    for part in range(parts):
        try:
            wanted = _keys(segments, stream, versions, (part, parts), mark).group_by("key").max()
            stands = _keys(segments, stream, current, (part, parts), None)
        except StoreError as error:
            # A damaged file of versions is found by whoever checks those.
            yield f"newest versions cannot be compared: {error.what}"
            return
        yield from _differences(wanted, stands)


def _differences(wanted: pl.DataFrame, stands: pl.DataFrame) -> Iterator[str]:
    double = stands.height - stands.n_unique("key")
    if double:
        yield f"{double:,} rows stand twice among the newest versions"
    both = wanted.join(stands, on="key", how="full", suffix="_found")
    lost = both.filter(pl.col("seq_found").is_null()).height
    strange = both.filter(pl.col("seq").is_null()).height
    stale = both.filter(pl.col("seq") != pl.col("seq_found")).height
    for count, what in (
        (lost, "rows are missing among the newest versions"),
        (strange, "newest versions have no row"),
        (stale, "newest versions are not the newest"),
    ):
        if count:
            yield f"{count:,} {what}"


def _keys(
    segments: Segments,
    stream: Stream,
    files: Sequence[Segment],
    part: tuple[int, int],
    mark: int | None,
) -> pl.DataFrame:
    """``key`` (a hash) and ``seq`` of the rows whose hash falls into a part, up to ``mark``."""
    number, of = part
    frames = [pl.DataFrame(schema={"key": pl.UInt64, "seq": pl.Int64})]
    for segment in files:
        rows = segments.read(segment.key, [stream.key or "", "seq"])
        frame = pl.DataFrame(pl.from_arrow(rows)).select(
            pl.col(stream.key or "").hash().alias("key"), "seq"
        )
        keep = pl.col("key") % of == number
        frames.append(frame.filter(keep if mark is None else keep & (pl.col("seq") <= mark)))
    return pl.concat(frames)


def _next(
    segments: Segments, stream: Stream, versions: Sequence[Segment], mark: int
) -> _Slice | None:
    """The versions of the batches after ``mark``, as many as a slice holds; None for no more."""
    waiting = [segment for segment in versions if segment.last_seq > mark]
    if not waiting:
        return None
    upto = min(segment.last_seq for segment in waiting)
    near = [segment for segment in waiting if segment.first_seq <= upto]
    seqs, readable = [pa.array([], COUNT)], []
    for segment in near:
        try:
            found = segments.read(segment.key, ["seq"]).column("seq").combine_chunks()
        except StoreError:
            continue
        readable.append(segment)
        seqs.append(found.filter(pc.and_(pc.greater(found, mark), pc.less_equal(found, upto))))
    counted = pa.concat_arrays(seqs).sort()
    if len(counted) > _SLICE_ROWS:
        upto = counted[_SLICE_ROWS].as_py()
    kept = kept_schema(stream)
    wanted = pc.unique(counted.filter(pc.less_equal(counted, upto)))
    parts = [kept.empty_table()]
    for segment in readable:
        with suppress(StoreError):
            parts += [p.cast(kept) for p in segments.pieces(segment.key, wanted, kept.names)]
    of = max(segment.last_seq for segment in waiting)
    return _Slice(pa.concat_tables(parts), upto, of)
