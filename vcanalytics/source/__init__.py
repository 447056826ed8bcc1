"""VectorCraft's database, read only: its tables, its times, its traps."""

from vcanalytics.source.connection import Source
from vcanalytics.source.describe import SourceDescription, describe
from vcanalytics.source.tables import TABLES, SourceTable

__all__ = ["TABLES", "Source", "SourceDescription", "SourceTable", "describe"]
