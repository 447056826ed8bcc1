"""What a question is given of a series: rows in memory, and the files that hold the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


@dataclass(frozen=True, slots=True)
class Cut:
    """A file of which only the rows whose ``column`` lies in ``[start, end)`` are wanted."""

    file: Path
    column: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Relation:
    """Rows of a series: those still hot, and the files that hold the others.

    ``files`` are read whole as far as the question asks; of ``cuts`` the parts they name. A file
    may be cut several times, never at the same rows.
    """

    hot: pa.Table
    files: tuple[Path, ...] = ()
    cuts: tuple[Cut, ...] = ()

    def table(self) -> pa.Table:
        """All rows in memory. For streams that may be long, let the engine read the files."""
        parts = [pq.read_table(f, columns=self.hot.column_names) for f in self.files]
        return pa.concat_tables([*(part.cast(self.hot.schema) for part in parts), self.hot])
