"""A batch as it was sent, read into events: the first bad one refuses it, with index and reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final

import pyarrow as pa
from pydantic import FailFast, TypeAdapter, ValidationError
from pydantic_core import from_json

from vcanalytics.errors import UsageError
from vcanalytics.ingest.events import EVENTS, EVENTS_MAX, Event
from vcanalytics.store.batches import make_batch

#: A field's name, or what was found in its place, is quoted so far.
_QUOTED_MAX: Final = 60
_ADAPTERS: Final[dict[str, TypeAdapter[list[Event]]]] = {
    # One bad event is enough: there may be thousands.
    name: TypeAdapter(Annotated[list[one], FailFast()])  # type: ignore[arg-type, valid-type]
    for name, one in EVENTS.items()
}


class BadBatch(UsageError):
    """What was sent is no array of events at all."""


class BadEvent(UsageError):
    """The event at ``index``, counted from 0, cannot be kept; ``field`` is empty for all of it."""

    def __init__(self, index: int, field: str, reason: str) -> None:
        where = f"event {index}, {field}" if field else f"event {index}"
        super().__init__(f"{where}: {reason}", hint="Nothing of the batch was added")
        self.index = index
        self.field = field
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one stream, ready to be kept. ``digest`` is the same for the same content."""

    stream: str
    rows: pa.Table
    moments: tuple[datetime, ...]
    digest: str

    def __len__(self) -> int:
        return len(self.moments)


def read(stream: str, body: bytes) -> Batch:
    """The batch of ``stream`` that ``body`` holds.

    Raises BadBatch where it is not JSON, no array, or too long; BadEvent for the first bad event.
    """
    try:
        found = from_json(body, allow_inf_nan=False, cache_strings="none")
    except ValueError as error:
        raise BadBatch(f"the body is not JSON: {error}", hint="Send a JSON array") from None
    if not isinstance(found, list):
        raise BadBatch("the body is no JSON array", hint="Send an array, also of one event")
    if len(found) > EVENTS_MAX:
        raise BadBatch(
            f"{len(found):,} events are too many", hint=f"Send at most {EVENTS_MAX:,} at once"
        )
    odd = _first_odd(stream, found)
    del found
    try:
        events = _ADAPTERS[stream].validate_json(body)
    except ValidationError as error:
        bad = _bad_event(error)
        raise odd if odd is not None and odd.index <= bad.index else bad from None
    if odd is not None:
        raise odd
    rows = [event.row() for event in events]
    return Batch(
        stream,
        make_batch(EVENTS[stream].stream, rows),
        tuple(row["happened_at"] for row in rows),  # type: ignore[misc]
        _digest(stream, events),
    )


def _first_odd(stream: str, found: list[Any]) -> BadEvent | None:
    """The first event that is no object, or has a field that none has."""
    known = EVENTS[stream].model_fields.keys()
    for index, event in enumerate(found):
        if not isinstance(event, Mapping):
            return BadEvent(index, "", "is no JSON object")
        if odd := next((name for name in event if name not in known), None):
            fields = ", ".join(sorted(known))
            return BadEvent(index, _quoted(odd), f"there is no such field; there are {fields}")
        if "" in event:
            return BadEvent(index, "", "has a field without a name")
    return None


def _bad_event(error: ValidationError) -> BadEvent:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    index, *path = first["loc"] or (0,)
    # Deeper than the field it may be a customer's own words.
    field = _quoted(str(path[0])) if path else ""
    reason = first["msg"].removeprefix("Value error, ")
    return BadEvent(int(index) if isinstance(index, int) else 0, field, _decapitalised(reason))


def _decapitalised(text: str) -> str:
    return text[:1].lower() + text[1:]


def _quoted(text: str) -> str:
    plain = text.encode("utf-8", "replace").decode()
    shown = "".join(one if one.isprintable() else "?" for one in plain)
    return shown if len(shown) <= _QUOTED_MAX else f"{shown[: _QUOTED_MAX - 3]}..."


def _digest(stream: str, events: list[Event]) -> str:
    """Of what the events say, not of how it was written: blanks and order of fields change nothing.

    Fields left out are left out here too, so that a later field changes no digest.
    """
    said = _ADAPTERS[stream].dump_json(events, exclude_unset=True)
    return hashlib.sha256(stream.encode() + b"\n" + said).hexdigest()
