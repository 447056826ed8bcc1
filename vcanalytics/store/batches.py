"""Batches: rows of one stream as one compressed Arrow IPC blob, typed by the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from vcanalytics.errors import StoreError
from vcanalytics.model.streams import Stream

_OPTIONS: Final = pa.ipc.IpcWriteOptions(compression="zstd")


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
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
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
    return bytes(sink.getvalue())


def decode(payload: bytes) -> pa.Table:
    """Raises pa.ArrowInvalid (or OSError) where the blob is damaged."""
    with pa.ipc.open_stream(pa.py_buffer(payload)) as reader:
        return reader.read_all()


def extent(stream: Stream, table: pa.Table) -> tuple[datetime | None, datetime | None]:
    """Oldest and newest time of the batch."""
    bounds = pc.min_max(table.column(stream.time)).as_py()
    return bounds["min"], bounds["max"]
