"""The events of each stream that takes any: their fields, types, units and limits.

What a field means stands in the vocabulary (``model.streams``); the OpenAPI description is made of
both. Everything is refused that is not named here.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from vcanalytics.model import measures, streams
from vcanalytics.model.streams import Stream

#: Events of one batch. Larger ones are sent in several.
EVENTS_MAX: Final = 10_000
#: Longer than any moment is written.
_TIME_MAX: Final = 40
_DETAILS_MAX: Final = 16_384
_INT64_MAX: Final = (1 << 63) - 1
#: Eleven days: what takes longer was not measured.
_MS_MAX: Final = 1e9
_AMOUNT_MAX: Final = 1e18
#: Text of any kind; a NUL ends it for half of all readers.
_WRITTEN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}")
_NO_NUL: Final = r"^[^\x00]*$"


def _moment(text: str) -> str:
    instant(text)
    return text


def instant(text: str) -> datetime:
    """The moment that was written, in UTC. Raises ValueError where it is none, or has no offset."""
    # fromisoformat takes more than anybody means by a moment: week dates, dates alone.
    if not _WRITTEN.match(text):
        raise ValueError("is not a date and time as ISO 8601 has it")
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError("has no offset from UTC: write Z or +02:00 behind it")
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("lies outside of the calendar") from None


def _short(details: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(_written(details)) > _DETAILS_MAX:
        raise ValueError(f"is longer than {_DETAILS_MAX:,} characters")
    return details


def _written(details: dict[str, JsonValue]) -> str:
    # A number too large for a float is read as an infinite one, which JSON has no word for.
    return json.dumps(details, allow_nan=False, ensure_ascii=False)


def _about(stream: Stream, column: str, **more: Any) -> Any:
    """The field of a column, described as the vocabulary has it."""
    found = next(one for one in stream.columns if one.name == column)
    unit = {"x-unit": found.unit} if found.unit else {}
    extra = {**unit, **more.pop("json_schema_extra", {})}
    return Field(description=found.meaning, json_schema_extra=extra or None, **more)


def _text(stream: Stream, column: str, most: int, least: int = 0, **more: Any) -> Any:
    return _about(stream, column, min_length=least, max_length=most, pattern=_NO_NUL, **more)


def _ms(stream: Stream, column: str, **more: Any) -> Any:
    return _about(stream, column, ge=0, le=_MS_MAX, **more)


_Moment = Annotated[
    str,
    Field(
        description="When it happened: ISO 8601 with an offset, as 2026-11-27T18:42:07.125Z",
        max_length=_TIME_MAX,
        json_schema_extra={"format": "date-time", "x-unit": "UTC"},
    ),
    AfterValidator(_moment),
]
_Details = Annotated[
    dict[str, JsonValue] | None,
    Field(description=f"Anything besides, {_DETAILS_MAX:,} characters at most as JSON"),
    AfterValidator(lambda found: found if found is None else _short(found)),
]


class Event(BaseModel):
    """What every event has."""

    # Fields that are not named here are refused by who reads the batch, in bounded memory: a
    # validator that forbids them tells of each.
    model_config = ConfigDict(
        extra="ignore",
        strict=True,
        allow_inf_nan=False,
        frozen=True,
        json_schema_extra={"additionalProperties": False},
    )
    stream: ClassVar[Stream]

    happened_at: _Moment

    def row(self) -> dict[str, object]:
        """The event as a row of its stream. The source's own ids are none of its."""
        return {**vars(self), "happened_at": instant(self.happened_at)}


class _WithDetails(Event):
    details: _Details = None

    def row(self) -> dict[str, object]:
        details = None if self.details is None else _written(self.details)
        return {**super().row(), "details": details}


class RequestEvent(Event):
    """How long one thing took: a request, a query, a call."""

    stream = streams.REQUESTS

    kind: str = _text(stream, "kind", 64, 1, default="request_time")
    endpoint: str = _text(stream, "endpoint", 512, 1)
    value_ms: float = _ms(stream, "value_ms")
    status: str = _text(stream, "status", 64, 1, default="success")


class ActivityEvent(_WithDetails):
    """What one user did."""

    stream = streams.ACTIVITY

    kind: str = _text(stream, "kind", 64, 1)
    outcome: Literal["done", "failed"] | None = _about(stream, "outcome", default=None)
    user_id: int | None = _about(stream, "user_id", ge=0, le=_INT64_MAX, default=None)
    username: str | None = _text(stream, "username", 255, default=None)
    email: str | None = _text(stream, "email", 320, default=None)
    description: str | None = _text(stream, "description", 4_096, default=None)
    file_name: str | None = _text(stream, "file_name", 1_024, default=None)
    size_bytes: int | None = _about(stream, "size_bytes", ge=0, le=_INT64_MAX, default=None)
    strategy: str | None = _text(stream, "strategy", 255, default=None)
    duration_ms: float | None = _ms(stream, "duration_ms", default=None)

    def row(self) -> dict[str, object]:
        return {**super().row(), "source": streams.INGEST}


class SystemEvent(Event):
    """One value that was measured of a host. Fractions of its second are dropped."""

    stream = streams.SYSTEM

    host: str = _text(stream, "host", 255, 1)
    measure: str = _about(stream, "measure", max_length=64, pattern=r"^[a-z][a-z0-9_]*$")
    item: str = _text(stream, "item", 255, default="")
    value: float = _about(stream, "value", ge=-_AMOUNT_MAX, le=_AMOUNT_MAX)

    def row(self) -> dict[str, object]:
        second = instant(self.happened_at).replace(microsecond=0)
        known = measures.MEASURES.get(self.measure)
        value = float(self.value) if known is None else round(float(self.value), known.digits)
        return {**super().row(), "happened_at": second, "value": value}


class HealthEvent(Event):
    """One check of one component."""

    stream = streams.HEALTH

    component: str = _text(stream, "component", 128, 1)
    status: str = _text(stream, "status", 64, 1)
    response_ms: float | None = _ms(stream, "response_ms", default=None)
    error_message: str | None = _text(stream, "error_message", 4_096, default=None)


class LogEvent(_WithDetails):
    """One line of a log."""

    stream = streams.LOGS

    level: str = _text(stream, "level", 16, 1)
    component: str = _text(stream, "component", 128, 1)
    message: str = _text(stream, "message", 8_192)
    user_email: str | None = _text(stream, "user_email", 320, default=None)
    transaction_id: str | None = _text(stream, "transaction_id", 255, default=None)


EVENTS: Final[dict[str, type[Event]]] = {
    one.stream.name: one
    for one in (RequestEvent, ActivityEvent, SystemEvent, HealthEvent, LogEvent)
}
