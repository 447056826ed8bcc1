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

from vcanalytics.model.streams import STREAMS
from vcanalytics.store.cells import counting
from vcanalytics.store.cells.counting import COUNTED
from vcanalytics.store.cells.filling import derive, unfilled
from vcanalytics.store.manifest import Change
from vcanalytics.store.newest import current
from vcanalytics.store.segments import Segment, Segments
from vcanalytics.store.shapes import Shape, shape_of

#: The segments of a series that stand before the sealing.
Standing = Callable[[str], list[Segment]]
Derivation = Callable[[Segments, pa.Table, Standing], Change]

#: By the stream whose rows they are made of.
DERIVED: Final[Mapping[str, tuple[Derivation, ...]]] = {
    name: (partial(derive, counted),) for name, counted in COUNTED.items()
}

#: By stream: the files with rows that nothing derived takes in yet. A stream of samples that is not
#: named here keeps all of its rows: they are nowhere else.
Waiting = Callable[[Standing], list[Segment]]
WAITING: Final[Mapping[str, Waiting]] = {
    name: partial(unfilled, counted) for name, counted in COUNTED.items()
}

#: The files of every series there is, by its name.
SHAPES: Final[Mapping[str, Shape]] = {
    **{name: shape_of(stream) for name, stream in STREAMS.items()},
    **current.SHAPES,
    **counting.SHAPES,
}
