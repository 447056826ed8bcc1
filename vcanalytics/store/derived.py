"""What is derived from a stream's rows as they are sealed, in the same transaction.

A derivation is given the rows that are being sealed and the segments that stand now, writes files
of its own series and says which they replace. Nothing of it is seen before its rows leave the
catalogue's batches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pyarrow as pa

from vcanalytics.model.streams import STREAMS
from vcanalytics.store import current
from vcanalytics.store.manifest import Change
from vcanalytics.store.segments import Segment, Segments, Shape, shape_of

#: The segments of a series that stand before the sealing.
Standing = Callable[[str], list[Segment]]
Derivation = Callable[[Segments, pa.Table, Standing], Change]

#: By the stream whose rows they are made of.
DERIVED: Final[Mapping[str, tuple[Derivation, ...]]] = {}

#: The files of every series there is, by its name.
SHAPES: Final[Mapping[str, Shape]] = {
    **{name: shape_of(stream) for name, stream in STREAMS.items()},
    **current.SHAPES,
}
