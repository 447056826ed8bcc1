"""What a reader holds of a stream, and how it moves on with what is new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import COUNT, Stream
from vcanalytics.store.batches import decode
from vcanalytics.store.newest.current import kept_schema, newest
from vcanalytics.store.segments import Segment, Segments
from vcanalytics.store.state import from_micros

#: Arrow tables of more pieces than this are copied into one: queries pay per piece.
_PIECES_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Damage:
    """A batch or segment that cannot be read: its rows are missing from figures; this says so.

    ``aside``: it was found before and put into quarantine; what is left agrees with itself.
    """

    stream: str
    name: str
    rows: int
    first_at: datetime | None
    last_at: datetime | None
    reason: str
    aside: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What a reader holds of a stream up to batch ``seq``: its hot rows.

    Of a versioned one also ``overlay``: the newest version of each row that has any after batch
    ``folded``, up to which the current files take the stream in.
    """

    seq: int
    table: pa.Table
    overlay: pa.Table | None = None
    folded: int = 0
    damage: tuple[Damage, ...] = ()


@dataclass(frozen=True, slots=True)
class News:
    """What one read transaction found of a stream: hot batches after those held, its files."""

    seq: int
    hot_after: int
    batches: Sequence[Any]
    segments: tuple[Segment, ...]
    folded: int


def empty(stream: Stream) -> Held:
    """Nothing held yet."""
    none = kept_schema(stream).empty_table()
    return Held(0, none, none if stream.versioned else None)


def take(segments: Segments, stream: Stream, held: Held, news: News) -> Held:
    """``held`` with what is new; what cannot be read is left out and named."""
    hot_moved = held.table.num_rows and news.hot_after >= held.table.column("seq")[0].as_py()
    still = news.seq == held.seq and news.folded == held.folded
    if still and not news.batches and not hot_moved:
        return held
    damage = list(held.damage)
    fresh = _decoded(stream, news.batches, damage)
    table = held.table.filter(pc.greater(held.table.column("seq"), news.hot_after))
    table = _joined([table, *fresh])
    overlay = held.overlay
    if overlay is not None:
        missed = _missed(segments, stream, held, news, damage)
        overlay = _laid_over(stream, [overlay, *missed, *fresh], news.folded)
    return Held(news.seq, table, overlay, news.folded, tuple(damage))


def _decoded(stream: Stream, batches: Sequence[Any], damage: list[Damage]) -> list[pa.Table]:
    kept, pieces = kept_schema(stream), []
    for row in batches:
        try:
            table = decode(row.payload)
            seqs = pa.repeat(pa.scalar(row.seq, COUNT), table.num_rows)
            table = table.append_column(kept.field("seq"), seqs).select(kept.names).cast(kept)
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            reason = str(error).splitlines()[0]
            bounds = from_micros(row.first_at), from_micros(row.last_at)
            damage.append(Damage(stream.name, f"batch {row.seq}", row.rows, *bounds, reason))
            continue
        pieces.append(table)
    return pieces


def _missed(
    segments: Segments, stream: Stream, held: Held, news: News, damage: list[Damage]
) -> list[pa.Table]:
    """Versions sealed before this reader saw them, that no current file takes in yet."""
    after = max(held.seq, news.folded)
    if news.hot_after <= after:
        return []
    kept, found = kept_schema(stream), []
    for segment in news.segments:
        if segment.last_seq <= after:
            continue
        try:
            rows = segments.read(segment.key, kept.names).select(kept.names).cast(kept)
        except StoreError as error:
            damage.append(
                Damage(
                    stream.name,
                    segment.key,
                    segment.rows,
                    segment.first_at,
                    segment.last_at,
                    str(error.what),
                )
            )
            continue
        found.append(rows.filter(pc.greater(rows.column("seq"), after)))
    return found


def _laid_over(stream: Stream, parts: Sequence[pa.Table], mark: int) -> pa.Table:
    """The newest version of each row among the parts, of those after ``mark``."""
    rows = _joined(parts)
    return newest(stream, rows.filter(pc.greater(rows.column("seq"), mark)))


def _joined(parts: Sequence[pa.Table]) -> pa.Table:
    table = pa.concat_tables(parts)
    return table.combine_chunks() if table.column("seq").num_chunks > _PIECES_MAX else table
