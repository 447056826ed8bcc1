"""What is derived from a stream's rows as they are sealed, in the same transaction.

A derivation is given the rows that are being sealed and the segments that stand now, writes files
of its own series and says which they replace. Nothing of it is seen before its rows leave the
catalogue's batches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import pyarrow as pa

from vcanalytics.store.cells import REQUEST_CELLS, SYSTEM_CELLS
from vcanalytics.store.filling import derive
from vcanalytics.store.manifest import Change
from vcanalytics.store.segments import Segment, Segments

#: The segments of a series that stand before the sealing.
Standing = Callable[[str], list[Segment]]
Derivation = Callable[[Segments, pa.Table, Standing], Change]

#: By the stream whose rows they are made of.
DERIVED: Final[Mapping[str, tuple[Derivation, ...]]] = {
    counted.stream: (partial(derive, counted),) for counted in (REQUEST_CELLS, SYSTEM_CELLS)
}
