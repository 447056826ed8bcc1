"""What the store takes: the catalogue's file, what is hot in it, and the segments, by stream."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from vcanalytics.model.streams import STREAMS
from vcanalytics.store import schema
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.state import from_micros

#: The catalogue is one file and, while it is open, two beside it.
_BESIDE: Final = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Part:
    """Batches or files of a stream: how many, their rows and bytes, and the times in them."""

    count: int = 0
    rows: int = 0
    bytes: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StreamSize:
    """A stream: its hot batches, and the segments that readers see."""

    stream: str
    hot: Part
    sealed: Part


@dataclass(frozen=True, slots=True)
class Sizes:
    """``catalogue_bytes`` with its log; ``retired``: files replaced, and deleted before long."""

    catalogue_bytes: int
    retired: Part
    streams: tuple[StreamSize, ...]


def sizes(catalogue: Catalogue) -> Sizes:
    """What the store takes now, by the catalogue's own word: no file is opened.

    Every stream of the vocabulary, in its order, also those without rows.
    """
    batch, segment = schema.batch, schema.segment
    hot_query = select(
        batch.c.stream,
        func.count(),
        func.sum(batch.c.rows),
        # Of a blob SQLite takes the length from its header.
        func.sum(func.length(batch.c.payload)),
        func.min(batch.c.first_at),
        func.max(batch.c.last_at),
    ).group_by(batch.c.stream)
    retired = segment.c.retired_at.is_not(None)
    sealed_query = select(
        segment.c.stream,
        retired,
        func.count(),
        func.sum(segment.c.rows),
        func.sum(segment.c.bytes),
        func.min(segment.c.first_at),
        func.max(segment.c.last_at),
    ).group_by(segment.c.stream, retired)
    with catalogue.read() as connection:
        hot = {name: _part(*row) for name, *row in connection.execute(hot_query)}
        files = connection.execute(sealed_query).all()
    sealed = {name: _part(*row) for name, gone, *row in files if not gone}
    old = [_part(*row) for _, gone, *row in files if gone]
    return Sizes(
        sum(_bytes(catalogue, suffix) for suffix in _BESIDE),
        Part(sum(p.count for p in old), sum(p.rows for p in old), sum(p.bytes for p in old)),
        tuple(
            StreamSize(name, hot.get(name, Part()), sealed.get(name, Part())) for name in STREAMS
        ),
    )


def _part(count: int, rows: int, size: int, first_us: int | None, last_us: int | None) -> Part:
    return Part(count, int(rows), int(size), from_micros(first_us), from_micros(last_us))


def _bytes(catalogue: Catalogue, suffix: str) -> int:
    try:
        return catalogue.path.with_name(catalogue.path.name + suffix).stat().st_size
    except FileNotFoundError:
        return 0
