"""What a report is asked from: one moment of the store, and the journal beside it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sqlalchemy import Connection

from vcanalytics.analytics.candidates import Candidates
from vcanalytics.analytics.engine import Engine
from vcanalytics.notify.links import to_page
from vcanalytics.report.period import Period
from vcanalytics.settings import Settings
from vcanalytics.store import Snapshot


@dataclass(frozen=True, slots=True)
class Sources:
    """An engine, one moment of all streams with the books, and how the journal is read.

    ``journal`` raises StoreError where there is none. ``candidates`` keeps what was found of files,
    where somebody asks again; ``looks`` of 20 s may be taken at history.
    """

    engine: Engine
    snapshot: Snapshot
    settings: Settings
    journal: Callable[[], AbstractContextManager[Connection]]
    candidates: Candidates = field(default_factory=Candidates)
    looks: int = 5

    def link(self, path: str, period: Period, **params: str) -> str:
        """To a page with the report's range; nowhere where nobody said where the console is."""
        view = period.view.params() | params
        return to_page(self.settings.public_url, f"{path}?{urlencode(view)}")
