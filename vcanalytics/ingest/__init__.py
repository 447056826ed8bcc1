"""Events that programs send: read, checked and kept, a batch whole or not at all."""

from vcanalytics.ingest.events import EVENTS, EVENTS_MAX, Event
from vcanalytics.ingest.keeping import Kept, KeyReused, keep
from vcanalytics.ingest.reading import BadBatch, BadEvent, Batch, read

__all__ = [
    "EVENTS",
    "EVENTS_MAX",
    "BadBatch",
    "BadEvent",
    "Batch",
    "Event",
    "Kept",
    "KeyReused",
    "keep",
    "read",
]
