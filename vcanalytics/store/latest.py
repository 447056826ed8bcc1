"""What stands in the catalogue now, read once a commit however many ask.

Drawing one page asks some fifty times how far each stream has come; a hundred viewers ask a hundred
times as often. Whether anybody has committed since costs a fiftieth of reading it.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from vcanalytics.commits import Commits, Token
from vcanalytics.store import schema
from vcanalytics.store.catalogue import Catalogue, states
from vcanalytics.store.facts import Trouble, trouble
from vcanalytics.store.state import StreamState


@dataclass(frozen=True, slots=True)
class Head:
    """Every stream's state and every fact, of one moment. To be read, not to be changed."""

    states: dict[str, StreamState] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def seqs(self) -> dict[str, int]:
        """Newest sequence number of each stream, 0 without rows."""
        return {name: state.seq for name, state in self.states.items()}

    def told(self, fact: str) -> dict[str, Any]:
        """What a fact says; empty where it does not stand."""
        found = self.facts.get(fact)
        return found if isinstance(found, dict) else {}


class Latest:
    """Keeps the newest head of one catalogue. Safe to share between threads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._commits = Commits(catalogue.path)
        self._lock = threading.Lock()
        self._token: Token | None = None
        self._head = Head()
        self._since = datetime.now(UTC)

    def head(self) -> Head:
        """What stands now. Raises StoreError where it cannot be read."""
        with self._lock:
            # Asked before it is read: what is committed in between is read again the next time.
            token = self._commits.token()
            if token is None or token != self._token:
                self._head = self._read()
                self._token = token
            return self._head

    def trouble(self) -> tuple[Trouble, ...]:
        """Everything that keeps the figures from being new, as of this moment."""
        return trouble(
            self.head().facts,
            self._catalogue.path.parent,
            now=datetime.now(UTC),
            watched_since=self._since,
        )

    def _read(self) -> Head:
        fact = schema.fact
        with self._catalogue.read() as connection:
            found = connection.execute(select(fact.c.name, fact.c.value)).all()
            return Head(states(connection), {name: json.loads(text) for name, text in found})
