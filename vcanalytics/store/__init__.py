"""The console's own store: an append-only catalogue of batches, versions and current rows."""

from vcanalytics.store.catalogue import Catalogue
from vcanalytics.store.snapshot import Reader, Snapshot
from vcanalytics.store.state import StreamState
from vcanalytics.store.writer import CurrentRow, Writer

__all__ = ["Catalogue", "CurrentRow", "Reader", "Snapshot", "StreamState", "Writer"]
