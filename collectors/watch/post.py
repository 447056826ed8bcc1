"""What the watchman's daemons share: the store to ask, the journal to write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from vcanalytics.analytics.engine import Engine
from vcanalytics.journal import Journal
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Reader, Segments


@dataclass(frozen=True, slots=True)
class Post:
    """One watchman's post. Everything in it may be used by several threads."""

    settings: Settings
    catalogue: Catalogue
    journal: Journal
    reader: Reader
    engine: Engine
    started_at: datetime

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open everything. Raises StoreError."""
        catalogue = Catalogue.open(settings.store_dir)
        return cls(
            settings,
            catalogue,
            Journal.open(settings.store_dir),
            Reader(catalogue),
            # One thread: nobody waits for the answers, and pages need the cores.
            Engine(settings.query_budget_s, threads=1, segments=Segments(settings.store_dir).root),
            datetime.now(UTC),
        )

    def close(self) -> None:
        self.journal.close()
        self.catalogue.close()
