"""Which columns of a table were read before: one that is gone since is no empty one.

A column that VectorCraft never had reads as empty. One that was read and is then renamed or dropped
would rewrite every row as if its cells had been emptied: the table stands still until the column is
back, or a person confirms that it is meant.
"""

from __future__ import annotations

from typing import Final

from vcanalytics.source import TABLES, Source, SourceTable
from vcanalytics.store import Catalogue

#: What to do about a table that stands still, as pages and the commands say it.
LOOK: Final = "Run `python -m vcanalytics source` to see what is there"
CONFIRM: Final = (
    f"{LOOK}; figures keep their state. If a column is meant to be gone, run"
    " `python -m collectors --accept-deletions`"
)


class Columns:
    """The columns of each table as they were read, kept as facts of the catalogue.

    ``accept``: a column that is gone now is meant to be gone. It counts once for each table.
    """

    def __init__(self, source: Source, catalogue: Catalogue, *, accept: bool = False) -> None:
        self._source = source
        self._catalogue = catalogue
        self._seen: dict[str, frozenset[str]] = {}
        self._accepting: set[str] = set()
        #: Why tables cannot be read, by their names, as they were last looked at.
        self.problems: dict[str, str] = {}
        self._standing: set[str] = set()
        if accept:
            self.accept()

    def accept(self) -> None:
        """Take what is gone of any table, when it is looked at next, as meant."""
        self._accepting = set(TABLES)

    @property
    def problem(self) -> tuple[str | None, str]:
        """Why which tables cannot be read, None where all can; and what to do about it."""
        told = [f"{name}: {self.problems[name]}" for name in TABLES if name in self.problems]
        return "; ".join(told) or None, CONFIRM if self._standing else LOOK

    def unreadable(self, table: SourceTable) -> str | None:
        """Why the table cannot be read, None where it can; looked at anew.

        Raises SourceError where the source cannot be read.
        """
        self._standing.discard(table.name)
        problem = self._problem(table)
        if problem is None:
            self.problems.pop(table.name, None)
        else:
            self.problems[table.name] = problem
        return problem

    def _problem(self, table: SourceTable) -> str | None:
        missing = self._source.missing(table)
        if missing is None:
            return "the table is missing"
        if missing:
            return "columns are missing: " + ", ".join(missing)
        have = self._have(table)
        gone = [name for name in table.columns if name in self._seen_of(table) - have]
        meant = table.name in self._accepting
        self._accepting.discard(table.name)
        if gone and meant:
            self._keep(table, have)
        elif gone:
            self._standing.add(table.name)
            one = "a column that was there is missing"
            which = one if len(gone) == 1 else "columns that were there are missing"
            return f"{which}: {', '.join(gone)}"
        return None

    def note_read(self, table: SourceTable) -> None:
        """Remember the columns of a table that was just read with success."""
        have, seen = self._have(table), self._seen_of(table)
        if not have <= seen:
            self._keep(table, have | seen)

    def was_read(self, table: SourceTable) -> bool:
        """Whether the table's columns are remembered."""
        return bool(self._seen_of(table))

    def _have(self, table: SourceTable) -> frozenset[str]:
        """Those of the columns that are read which the table has, as it was last looked at."""
        have = self._source.columns(table.name) or frozenset()
        return have.intersection(table.columns)

    def _seen_of(self, table: SourceTable) -> frozenset[str]:
        if table.name not in self._seen:
            self._seen[table.name] = frozenset(self._catalogue.fact(_fact(table)) or ())
        return self._seen[table.name]

    def _keep(self, table: SourceTable, columns: frozenset[str]) -> None:
        with self._catalogue.write() as writer:
            writer.set_fact(_fact(table), sorted(columns))
        self._seen[table.name] = columns


def _fact(table: SourceTable) -> str:
    return f"columns:{table.name}"
