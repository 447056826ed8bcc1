"""Taking in events: a batch of one stream, once, whole, and on the disk before it is answered."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import anyio
from anyio import to_thread
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from vcanalytics import ingest
from vcanalytics.errors import NoRoom, UsageError
from vcanalytics.ingest import EVENTS, EVENTS_MAX, BadBatch, BadEvent, KeyReused
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue
from vcanalytics.web import refusals
from vcanalytics.web.api.answers import Told, clock, done, written
from vcanalytics.web.api.asked import Nothing
from vcanalytics.web.api.faults import Fault, Route, What
from vcanalytics.web.limits import INGEST_BYTES_MAX
from vcanalytics.web.refusals import Refusal

#: Batches that are on their way in at once, from the first byte on: the rest may come again.
IN_FLIGHT_MAX: Final = 16
#: Of these so many are read and written at a time. Reading keeps Python's lock, and the store takes
#: one writer at a time: more threads would only keep viewers waiting.
_AT_ONCE: Final = 2
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_KEY_WORDS: Final = "1 to 255 visible ASCII characters, made anew for each batch"
_BUSY: Final = Refusal(
    503, "busy", "Too many batches at once", "Send it again.", (("Retry-After", "1"),)
)
_PACKED: Final = Refusal(
    415, "packed", "A packed body is not read", "Send it without Content-Encoding."
)
_NO_ROOM: Final = Refusal(
    507,
    "no_room",
    "The console's disk is full",
    "Nothing of the batch was added. Send it again later.",
    (("Retry-After", "60"),),
)
_NO_KEY: Final = Refusal(400, "no_key", "An Idempotency-Key is needed", f"Send {_KEY_WORDS}.")


class Keeping:
    """What the routes share: where batches go, for how long rows are kept, and how many come."""

    def __init__(
        self, catalogue: Callable[[], Catalogue | None], kept_days: Mapping[str, int | None]
    ) -> None:
        self._catalogue = catalogue
        self._kept_days = kept_days
        self._turns: anyio.CapacityLimiter | None = None
        self._writing = threading.Lock()
        self.in_flight = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among those in flight."""
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    async def keep(self, stream: str, key: str, body: bytes, now: datetime) -> ingest.Kept | None:
        """What became of the batch, None while the console is not there to keep it.

        Raises what ``ingest.read`` and ``ingest.keep`` do.
        """
        catalogue = self._catalogue()
        if catalogue is None:
            return None
        if self._turns is None:
            self._turns = anyio.CapacityLimiter(_AT_ONCE)

        def work() -> ingest.Kept:
            batch = ingest.read(stream, body)
            # One after the other: who waits for a lock of SQLite's sleeps, longer each time.
            with self._writing:
                return ingest.keep(catalogue, key, batch, now, kept_days=self._kept_days[stream])

        # Not to be given up: what is begun is done, and the same key finds it.
        return await to_thread.run_sync(work, limiter=self._turns)


def kept_days(settings: Settings) -> dict[str, int | None]:
    """For how many days rows of each stream that takes events are kept; None: for ever."""
    return {name: getattr(settings, f"keep_{name}_days") for name in EVENTS}


class _Admitted(Route):
    """Refuses a batch too many before any of it is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def admitted(request: Request) -> Response:
            keeping: Keeping = request.app.state.keeping
            if request.headers.get("content-encoding", "identity").lower() != "identity":
                return refusals.as_json(_PACKED)
            if keeping.in_flight >= IN_FLIGHT_MAX:
                return refusals.as_json(_BUSY)
            with keeping.place():
                return await handle(request)

        return admitted


router: Final = APIRouter(route_class=_Admitted, tags=["ingest"])


class Added(Told):
    """What became of a batch."""

    stream: str
    added: int = Field(description="Events added by this request")
    duplicate: bool = Field(
        description="The same batch was added before under this key: nothing was added now"
    )


class BadEventWhat(What):
    """Which event was refused, and why."""

    index: int = Field(description="Of the first bad event, counted from 0")
    field: str = Field(description="Its field; empty where it is all of it")
    reason: str


class BadEventFault(Fault):
    """The first bad event: nothing of the batch was added."""

    error: BadEventWhat


def _bad_event(bad: BadEvent) -> Response:
    return JSONResponse(
        {
            "success": False,
            "timestamp": datetime.now(UTC).isoformat(),
            "error": {
                "code": "bad_event",
                "message": str(bad),
                "index": bad.index,
                "field": bad.field,
                "reason": bad.reason,
            },
        },
        status_code=400,
        headers={"Cache-Control": "no-store"},
    )


async def _take_in(stream: str, request: Request) -> Response:
    now = clock(request)
    keys = request.headers.getlist("idempotency-key")
    if len(keys) != 1 or not _KEY.fullmatch(keys[0]):
        return refusals.as_json(_NO_KEY)
    keeping: Keeping = request.app.state.keeping
    try:
        kept = await keeping.keep(stream, keys[0], await request.body(), now)
    except BadEvent as bad:
        return _bad_event(bad)
    except KeyReused as reused:
        return refusals.as_json(_refusal(409, "key_reused", reused))
    except BadBatch as bad_batch:
        return refusals.as_json(_refusal(400, "bad_batch", bad_batch))
    except NoRoom:
        return refusals.as_json(_NO_ROOM)
    if kept is None:
        return refusals.as_json(refusals.NOT_READY)
    return done(
        Added(timestamp=written(now), stream=stream, added=kept.added, duplicate=kept.duplicate)
    )


def _refusal(status: int, code: str, error: UsageError) -> Refusal:
    return Refusal(status, code, error.what, f"{error.hint}." if error.hint else "")


_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    400: {
        "model": BadEventFault | Fault,
        "description": "No key, no JSON array, too many events (`bad_batch`), or an event that "
        "cannot be kept (`bad_event`, with its index and reason)",
    },
    409: {"model": Fault, "description": "The key came before, with other events"},
    413: {"model": Fault, "description": f"More than {INGEST_BYTES_MAX:,} bytes"},
    415: {"model": Fault, "description": "A packed body"},
    507: {"model": Fault, "description": "The disk is full: nothing was added"},
}
_WHAT: Final = f"""\
Adds the events, all of them or none, and answers when they are on the disk.

The same `Idempotency-Key` with the same events again adds nothing and says so; with other events it
is refused. Send a batch again, under its key, until it is answered. Keys are shared by all senders:
make them at random. At most {EVENTS_MAX:,} events and {INGEST_BYTES_MAX:,} bytes at once.
"""


def _add(stream: str, event: type[ingest.Event]) -> None:
    async def take_in(
        request: Request,
        _none: Annotated[Nothing, Query()],
    ) -> Response:
        return await _take_in(stream, request)

    item = _without_refs(event.model_json_schema())
    # Any JSON at all: no schema of its own is needed for that.
    item.pop("$defs", None)
    described = {"type": "array", "maxItems": EVENTS_MAX, "items": item}
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": _KEY_WORDS[0].upper() + _KEY_WORDS[1:],
        "schema": {"type": "string", "pattern": f"^{_KEY.pattern}$", "maxLength": 255},
    }
    router.add_api_route(
        f"/ingest/{stream}",
        take_in,
        methods=["POST"],
        response_model=Added,
        name=f"ingest_{stream}",
        summary=(event.__doc__ or stream).splitlines()[0],
        description=_WHAT,
        responses=_ANSWERS,
        openapi_extra={
            "parameters": [key],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": described}},
            },
        },
    )


def _without_refs(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {} if "$ref" in schema else {k: _without_refs(v) for k, v in schema.items()}
    return [_without_refs(one) for one in schema] if isinstance(schema, list) else schema


for _stream, _event in EVENTS.items():
    _add(_stream, _event)
