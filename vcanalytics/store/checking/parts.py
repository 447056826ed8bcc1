"""What is made of the rows kept, and can be made anew: rollups, newest versions, and their like.

Each part verifies itself against the rows it was made of, and rebuilds itself from them. `check`
asks every part here, and `check --repair` has those rebuilt that found anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from vcanalytics.model.streams import Stream
from vcanalytics.store.books import rebuilding
from vcanalytics.store.books.verifying import verify
from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.cells import counting, recount
from vcanalytics.store.newest import folding
from vcanalytics.store.newest.current import VERSIONED, series
from vcanalytics.store.segments import Segments


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that is derived, by the name its findings go under.

    ``verify`` gives a sentence a finding, none where all is well. ``rebuild`` makes the whole part
    anew, for who holds the collectors' lock; what it cannot read of the rows it leaves out. Both
    raise StoreError. ``series`` are those whose files it keeps.
    """

    name: str
    verify: Callable[[Catalogue, Segments], Iterable[str]]
    rebuild: Callable[[Catalogue, Segments, datetime], object]
    series: frozenset[str] = frozenset()


def _newest(stream: Stream) -> Part:
    return Part(
        series(stream),
        lambda catalogue, segments: folding.verify(catalogue, segments, stream),
        lambda catalogue, segments, now: folding.rebuild(catalogue, segments, stream, now),
        frozenset({series(stream)}),
    )


def _book_anew(catalogue: Catalogue, _segments: Segments, _now: datetime) -> None:
    for _ in rebuilding.rebuilt(catalogue):
        pass


PARTS: Final[tuple[Part, ...]] = (
    # First, because the others are made of them.
    *(_newest(stream) for stream in VERSIONED),
    Part("cells", recount.verify, recount.rebuild, frozenset(counting.SHAPES)),
    Part("books", lambda catalogue, _segments: verify(catalogue), _book_anew),
)
