"""What may be asked for: parameters, and how they are read. What is none is named in a 400."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from vcanalytics.cached import settings
from vcanalytics.errors import UsageError
from vcanalytics.model.money import known_currencies
from vcanalytics.model.times import read_typed_time, read_zone

#: Longer than any address, and any time.
TEXT_MAX: Final = 320
#: A plus that was not escaped reaches us as a blank: 2026-11-22T12:00:00 05:30.
_UNESCAPED: Final = re.compile(r"(T[0-9:.,]+) ([0-9]{2}:?[0-9]{2})")

Zone = Annotated[
    str | None,
    Field(
        max_length=64,
        description="Zone of windows and of times without an offset; VC_TIMEZONE without",
        examples=["Asia/Kolkata"],
    ),
]
Time = Annotated[
    str | None,
    Field(
        max_length=64,
        description="ISO 8601, in the zone where it has no offset; from 2000 to 2100",
        examples=["2026-11-22T12:00:00+00:00"],
    ),
]
Currency = Annotated[
    str | None,
    Field(max_length=8, description="An ISO 4217 code; VC_CURRENCY without", examples=["EUR"]),
]


class Nothing(BaseModel):
    """No parameter at all: one that is none is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Ranged(Nothing):
    """``[from, to)`` and its zone."""

    start: Time = Field(None, alias="from")
    end: Time = Field(None, alias="to")
    zone: Zone = None


def zone_of(name: str | None, field: str = "zone") -> ZoneInfo:
    """The zone asked for, VC_TIMEZONE where none was.

    Raises UsageError.
    """
    if name is None:
        return settings().zone
    try:
        return read_zone(name)
    except UsageError as error:
        error.where = field
        raise


def time_of(text: str | None, zone: ZoneInfo, field: str) -> datetime | None:
    """The time asked for, None where none was.

    Raises UsageError.
    """
    if text is None:
        return None
    try:
        return read_typed_time(_UNESCAPED.sub(r"\1+\2", text), zone)
    except UsageError as error:
        error.where = field
        raise


def currency_of(code: str | None, field: str = "currency") -> str:
    """The currency asked for, VC_CURRENCY where none was.

    Raises UsageError.
    """
    if code is None:
        return settings().currency
    known = code.strip().upper()
    if known not in known_currencies():
        raise UsageError(f"unknown currency {code!r}", where=field, hint="Use one like USD or EUR")
    return known


def in_order(start: datetime | None, end: datetime | None) -> None:
    """Raises UsageError for a range that ends before it begins."""
    if start is not None and end is not None and start > end:
        raise UsageError("lies after `to`", where="from", hint="A range is [from, to)")
