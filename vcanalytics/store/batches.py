"""Batches: rows of one stream as one compressed Arrow IPC blob, typed by the vocabulary.

A checksum stands behind Arrow's own end mark, where its readers do not look: of single flipped bits
one in nine would otherwise be read as other values.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import Stream

# What is let go of goes back to the host at once: Arrow's own allocator keeps some 30 MB a process.
pa.set_memory_pool(pa.system_memory_pool())

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="zstd")
_MARK: Final = b"CRC1"
_TRAILER_BYTES: Final = 8


def make_batch(stream: Stream, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """Rows (column name to value, missing ones null) as a table of the stream's schema.

    Raises StoreError where a value does not fit its column or a required one is missing.
    """
    try:
        table = pa.table(
            {c.name: pa.array([r.get(c.name) for r in rows], c.type) for c in stream.columns},
            schema=stream.schema,
        )
        table.validate(full=True)
    except (pa.ArrowException, OverflowError) as error:
        raise StoreError(f"a row does not fit the stream: {error}", where=stream.name) from error
    for column in stream.columns:
        if column.required and table.column(column.name).null_count:
            raise StoreError(f"{column.name} is missing in a row", where=stream.name)
    return table


def encode(table: pa.Table) -> bytes:
    """The batch as one blob."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as writer:
        writer.write_table(table)
    blob = bytes(sink.getvalue())
    return blob + _trailer(blob)


def _trailer(blob: bytes | memoryview) -> bytes:
    return _MARK + zlib.crc32(blob).to_bytes(4, "big")


def decode(payload: bytes) -> pa.Table:
    """Raises pa.ArrowInvalid (or OSError) where the blob is damaged."""
    trailer = payload[-_TRAILER_BYTES:]
    if trailer != _trailer(memoryview(payload)[:-_TRAILER_BYTES]):
        raise pa.ArrowInvalid("its checksum is not the one it was kept with")
    with pa.ipc.open_stream(pa.py_buffer(payload)) as reader:
        return reader.read_all()


def extent(stream: Stream, table: pa.Table) -> tuple[datetime | None, datetime | None]:
    """Oldest and newest time of the batch."""
    bounds = pc.min_max(table.column(stream.time)).as_py()
    return bounds["min"], bounds["max"]
