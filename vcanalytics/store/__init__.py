"""The console's own store: an append-only catalogue of batches, sealed into segments."""

from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.latest import Head, Latest
from vcanalytics.store.reader import Reader
from vcanalytics.store.relation import Relation
from vcanalytics.store.segments import Segments
from vcanalytics.store.snapshot import Snapshot
from vcanalytics.store.state import StreamState
from vcanalytics.store.writer import CurrentRow, Writer

__all__ = [
    "Catalogue",
    "CurrentRow",
    "Head",
    "Latest",
    "Reader",
    "Relation",
    "Segments",
    "Snapshot",
    "StreamState",
    "Writer",
]
