"""Who is meant: VectorCraft's users, looked up for the rows that name them.

Names and addresses alone; hashes and salts are never read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from collectors.rows import Reading
from vcanalytics.source import Source
from vcanalytics.source.connection import READ_ROWS_MAX
from vcanalytics.source.tables import USERS


@dataclass(frozen=True, slots=True)
class Account:
    """One user as the row has it now."""

    user_id: int
    username: str | None
    email: str | None

    @classmethod
    def read(cls, row: tuple[Any, ...]) -> Self:
        named = dict(zip(USERS.columns, row, strict=True))
        # What is noted of bytes that are no text stands in the row's own reading.
        reading = Reading(named, datetime.min.replace(tzinfo=UTC), UTC, [])
        return cls(
            user_id=named["id"],
            username=reading.text("username"),
            email=reading.text("email"),
        )


class Accounts:
    """The users that one read's rows name: the ``ids`` at once, others as they are asked for.

    Nobody is known where the table, or the column that is asked by, is missing.
    """

    def __init__(self, source: Source, ids: Iterable[object] = ()) -> None:
        self._source = source
        self._columns = source.columns(USERS.name) or frozenset()
        self._found: dict[tuple[str, object], Account | None] = {}
        wanted = sorted({i for i in ids if isinstance(i, int) and not isinstance(i, bool)})
        for start in range(0, len(wanted) if "id" in self._columns else 0, READ_ROWS_MAX):
            for row in source.by_ids(USERS, wanted[start : start + READ_ROWS_MAX]):
                self._found["id", row[0]] = Account.read(row)

    def by_id(self, user_id: int | None) -> Account | None:
        return self._found.get(("id", user_id))

    def by_email(self, email: str | None) -> Account | None:
        """The user with exactly this address."""
        return self._look_up("email", email)

    def by_name(self, username: str | None) -> Account | None:
        """The user with exactly this name."""
        return self._look_up("username", username)

    def _look_up(self, column: str, value: str | None) -> Account | None:
        if not value or not {"id", column} <= self._columns:
            return None
        if (column, value) not in self._found:
            rows = self._source.matching(USERS, column, [value])
            self._found[column, value] = Account.read(rows[0]) if rows else None
        return self._found[column, value]
