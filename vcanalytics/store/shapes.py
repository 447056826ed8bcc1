"""Shapes: what the files of each series look like, whoever makes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from vcanalytics.model.streams import COUNT, SYSTEM, Stream

#: A file of so many rows is full: some 20 MB of samples, some 60 of versions with their JSON.
ROWS_FULL: Final = 1_000_000
VERSIONS_FULL: Final = 250_000
_HOUR: Final = "hour of the row"


@dataclass(frozen=True, slots=True)
class Computed:
    """A column that is made of a row's others whenever it is written, and never copied."""

    field: pa.Field
    of: Callable[[pa.Table], pa.Array]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the files of one series look like. A series is a stream, or what is derived from it.

    ``partition`` is the column whose day decides which file a row lies in, ``order`` the columns
    rows are sorted by, ``moments`` those that bound a file's time. Every series has ``seq``: the
    batch a row came with, or the newest that a derived row takes in. A file of ``full_rows`` is
    full; ``group_rows`` are small enough that a question of an hour skips most of a day's file.
    ``hourly``: rows are sorted by the hour first, so that such a question still skips the others.
    ``schema`` is what is given of each row; the ``computed`` columns come after it.
    """

    name: str
    schema: pa.Schema
    partition: str
    order: tuple[str, ...]
    moments: tuple[str, ...]
    full_rows: int = ROWS_FULL
    group_rows: int = 100_000
    hourly: bool = False
    computed: tuple[Computed, ...] = ()

    @property
    def written(self) -> pa.Schema:
        """All columns of a file."""
        return pa.schema([*self.schema, *(column.field for column in self.computed)])

    def whole(self, rows: pa.Table) -> pa.Table:
        """The rows with what is computed of them."""
        for column in self.computed:
            rows = rows.append_column(column.field, column.of(rows))
        return rows

    def in_order(self, rows: pa.Table) -> pa.Table:
        """The rows as they lie in a file."""
        keys = [(column, "ascending") for column in self.order]
        if not self.hourly:
            return rows.sort_by(keys)
        hours = pc.floor_temporal(rows.column(self.partition), unit="hour")
        ordered = rows.append_column(_HOUR, hours).sort_by([(_HOUR, "ascending"), *keys])
        return ordered.drop_columns(_HOUR)

    def encodings(self) -> dict[str, Any]:
        """How columns are written: times and counts as steps, measured values as they are.

        All else are words of a dictionary; of values it would hold nearly as many as there are. A
        request takes 7.7 bytes so, of 10.3 with a dictionary of its values, and a system sample
        1.6, of 1.9; sorted by time it would be half as much again. What is computed is there to be
        gone through at once, and no two are alike: a pass over a million texts takes 83 ms of CPU
        so, 133 packed as the others, and half as many bytes again.
        """
        steps = [
            field.name
            for field in self.schema
            if pa.types.is_timestamp(field.type) or pa.types.is_int64(field.type)
        ]
        plain = [field.name for field in self.schema if pa.types.is_floating(field.type)]
        computed = dict.fromkeys((column.field.name for column in self.computed), "lz4")
        return {
            "compression": dict.fromkeys(self.schema.names, "zstd") | computed,
            "use_dictionary": [name for name in self.schema.names if name not in {*steps, *plain}],
            "column_encoding": dict.fromkeys(steps, "DELTA_BINARY_PACKED"),
        }


def segment_schema(stream: Stream) -> pa.Schema:
    """A stream's columns and ``seq``, the number of the batch a row came with."""
    return stream.schema.append(pa.field("seq", COUNT, nullable=False))


def shape_of(stream: Stream) -> Shape:
    """The files that hold a stream's own rows."""
    hourly = stream is SYSTEM
    return Shape(
        stream.name,
        segment_schema(stream),
        stream.partition,
        ("measure", "item", "host", stream.time) if hourly else (stream.time, "seq"),
        (stream.time,),
        hourly=hourly,
        # Versions are wide, and what is sealed or merged is held in the collectors' memory.
        full_rows=VERSIONS_FULL if stream.versioned else ROWS_FULL,
    )
