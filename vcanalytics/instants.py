"""Instants as the tables hold them: microseconds since 1970 UTC."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias, overload

Clock: TypeAlias = Callable[[], datetime]
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def utc_now() -> datetime:
    """The host's clock."""
    return datetime.now(UTC)


def micros(instant: datetime) -> int:
    """The instant as it is kept."""
    return (instant - _EPOCH) // _MICROSECOND


@overload
def instant(kept: int) -> datetime: ...
@overload
def instant(kept: None) -> None: ...
def instant(kept: int | None) -> datetime | None:
    """The instant that was kept."""
    return None if kept is None else _EPOCH + timedelta(microseconds=kept)
