"""A download on its way in: its rows in a nameless file of SQLite's, which ends with the process.

What stands twice in a download is found here, so that what is written later is one row a
transaction. Memory stays what it is, however long the download.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from vcanalytics.paypal.kinds import State
from vcanalytics.paypal.reading import Aside, Row, is_item

#: Of what is shown in words: lines kept aside, and names of types that nobody knows.
ASIDES_MAX: Final = 1_000
_TYPES_MAX: Final = 20
CHUNK_ROWS: Final = 5_000
#: Those of ``paypal_row``, in the order in which rows are handed on.
COLUMNS: Final = (
    "id",
    "at",
    "kind",
    "state",
    "type",
    "status",
    "currency",
    "gross",
    "fee",
    "net",
    "payer",
    "reference",
    "invoice",
    "custom",
    "digest",
)
Values: TypeAlias = dict[str, Any]
_TABLE: Final = (
    f"CREATE TABLE staged (number INTEGER PRIMARY KEY, file, line, {', '.join(COLUMNS)})"
)
_INSERT: Final = f"INSERT INTO staged VALUES (NULL{', ?' * (len(COLUMNS) + 2)})"  # noqa: S608
_TWICE: Final = """
SELECT id, number, file, line, state, digest FROM staged
WHERE id IN (SELECT id FROM staged GROUP BY id HAVING count(*) > 1)
ORDER BY id, number
"""


class Staged:
    """What was read of a download, until it is imported or let go."""

    def __init__(self) -> None:
        # An empty name: a file that has none on the disk.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("BEGIN")
        self._database.execute(_TABLE)
        self._waiting: list[tuple[Any, ...]] = []
        self.lines = 0
        self.items = 0
        self.repeated = 0
        self.aside = 0
        self.asides: list[tuple[str, Aside]] = []
        self.kinds: Counter[tuple[str, str]] = Counter()
        self.unknown_types: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._database.close()

    @property
    def rows(self) -> int:
        """How many transactions it comes to."""
        return int(self._database.execute("SELECT count(*) FROM staged").fetchone()[0])

    @property
    def covers(self) -> tuple[int | None, int | None]:
        """The times of the first and the last row, in microseconds since 1970 UTC."""
        first, last = self._database.execute("SELECT min(at), max(at) FROM staged").fetchone()
        return first, last

    def add(self, file: str, found: Row | Aside) -> None:
        """Take what a line said."""
        self.lines += 1
        if isinstance(found, Aside):
            self._put_aside(file, found)
            return
        if is_item(found):
            self.items += 1
            return
        if not found.known and (
            found.type in self.unknown_types or len(self.unknown_types) < _TYPES_MAX
        ):
            self.unknown_types[found.type] += 1
        self._waiting.append(
            (
                file,
                found.line,
                found.id,
                found.at_us,
                found.kind,
                found.state,
                found.type,
                found.status,
                found.currency,
                found.gross,
                found.fee,
                found.net,
                found.payer,
                found.reference,
                found.invoice,
                found.custom,
                found.digest,
            )
        )
        if len(self._waiting) >= CHUNK_ROWS:
            self._flush()

    def _flush(self) -> None:
        self._database.executemany(_INSERT, self._waiting)
        self._waiting.clear()

    def _put_aside(self, file: str, line: Aside) -> None:
        self.aside += 1
        if len(self.asides) < ASIDES_MAX:
            self.asides.append((file, line))

    def finish(self) -> None:
        """Once all is added: leave one row a transaction, and count what there is.

        Of a transaction that stands twice and is the same, one stays. Where one is done and others
        were still to come, that one stays. Otherwise the first stays, and the others are kept
        aside: which of them is right, nobody can tell.
        """
        self._flush()
        gone: list[tuple[int]] = []
        twice = self._database.execute(_TWICE).fetchall()
        for _, group in groupby(twice, key=lambda row: row[0]):
            rows = list(group)
            done = [row for row in rows if row[4] != State.PENDING.value]
            first = done[0] if done else rows[0]
            for row in rows:
                if row is first:
                    continue
                gone.append((row[1],))
                if row[5] == first[5] or (done and row[4] == State.PENDING.value):
                    self.repeated += 1
                else:
                    reason = (
                        f"another row of Transaction ID {row[0]}, which says something else than"
                        f" line {first[3]:,}"
                    )
                    self._put_aside(row[2], Aside(row[3], reason))
        self._database.executemany("DELETE FROM staged WHERE number = ?", gone)
        counted = "SELECT kind, state, count(*) FROM staged GROUP BY kind, state"
        for kind, state, number in self._database.execute(counted):
            self.kinds[kind, state] = number

    def chunks(self) -> Iterator[list[Values]]:
        """The rows, as ``paypal_row`` has them, some thousand at a time."""
        rows = self._database.execute(f"SELECT {', '.join(COLUMNS)} FROM staged ORDER BY number")  # noqa: S608
        while some := rows.fetchmany(CHUNK_ROWS):
            yield [dict(zip(COLUMNS, row, strict=True)) for row in some]
