"""What the catalogue knows about a stream, and the instants it keeps as integers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970 UTC, exactly (a float timestamp is not)."""
    return (instant - _EPOCH) // timedelta(microseconds=1)


def instant(micros: int) -> datetime:
    """The instant of ``micros`` microseconds since 1970 UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def from_micros(micros: int | None) -> datetime | None:
    """As ``instant``, of what may be missing."""
    return None if micros is None else instant(micros)


@dataclass(frozen=True, slots=True)
class StreamState:
    """One stream as of a snapshot.

    ``seq`` is the newest batch, ``rows`` the rows kept, ``rejected`` the rows now kept aside,
    ``first_at``/``last_at`` the oldest and newest time in it, ``read_at`` when the source was last
    read with success, ``done``/``total`` how far its history has been read, in source rows.
    """

    stream: str
    seq: int = 0
    rows: int = 0
    rejected: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    read_at: datetime | None = None
    done: int = 0
    total: int = 0

    @property
    def reading_history(self) -> bool:
        """Whether the first read of the source is still under way."""
        return self.done < self.total
