"""What goes wrong, in the contract's shape: nothing of the inside, and what was wrong by name."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, get_origin

from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from vcanalytics.errors import BudgetExceeded, ConsoleError, UsageError
from vcanalytics.web import refusals
from vcanalytics.web.limits import BodyTooLong
from vcanalytics.web.refusals import Refusal

_LOG: Final = logging.getLogger(__name__)
#: What is told of a value that is wrong; longer ones are cut.
_WORDS_MAX: Final = 300
#: A body that comes more slowly is not waited for: it takes up memory meanwhile.
BODY_WITHIN_S: Final = 30.0
_AGAIN: Final = (("Retry-After", "2"),)


class What(BaseModel):
    """A word for programs and a sentence for people."""

    code: str
    message: str


class Fault(BaseModel):
    """The contract's shape of every answer that says no."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "success": False,
                    "timestamp": "2026-11-22T12:00:00+00:00",
                    "error": {
                        "code": "bad_request",
                        "message": "timeframe: is one of 'hourly', 'daily' or 'weekly'.",
                    },
                }
            ]
        }
    )

    success: bool = False
    timestamp: str
    error: What


#: What any path may answer besides; for the description.
FAULTS: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Fault, "description": "A value or a name that is none; the message says which"},
    401: {"model": Fault, "description": "No session, no token, or one that has ended"},
    403: {"model": Fault, "description": "Not for this role, or asked by another site's page"},
    413: {"model": Fault, "description": "A body that is too long"},
    414: {"model": Fault, "description": "An address that is too long"},
    429: {"model": Fault, "description": "Too often: Retry-After says in how many seconds"},
    503: {
        "model": Fault,
        "description": "Not within the time budget, or not readable now: Retry-After says when",
    },
}


class Route(APIRoute):
    """A route of which nothing gets out but an answer in the contract's shape."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        lists = _lists(self.dependant)

        async def handled(request: Request) -> Response:
            try:
                # Read here: whoever reads it further in takes what stops it for bad JSON.
                async with asyncio.timeout(BODY_WITHIN_S):
                    await request.body()
                _once_each(request, lists)
                return await handle(request)
            except ClientDisconnect:
                return Response(status_code=400)
            except TimeoutError:
                return refusals.as_json(refusals.TOO_SLOW)
            except Exception as error:  # noqa: BLE001 - the last place that can answer in shape
                return refusals.as_json(refusal_of(error))

        return handled


class Unknown(UsageError):
    """There is nothing of that name."""


def refusal_of(error: Exception) -> Refusal:
    """What an error comes to; one that is of the inside is logged, and told by its reference."""
    match error:
        case RequestValidationError():
            return bad(_first(error.errors()))
        case Unknown():
            return Refusal(404, "not_found", error.what, error.hint)
        case UsageError():
            where = f"{error.where}: " if error.where else ""
            hint = f". {error.hint}" if error.hint else ""
            return bad(f"{where}{error.what}{hint}")
        case BodyTooLong():
            return refusals.BODY_TOO_LARGE
        case HTTPException():
            return _of_status(error)
        case BudgetExceeded():
            return Refusal(
                503, "over_budget", "Not within its time", "Ask for less, or again later.", _AGAIN
            )
        case ConsoleError():
            _LOG.warning("a request was not answered: %s", error)
            return refusals.NOT_READY
        case _:
            return refusals.failed(error)


def bad(words: str) -> Refusal:
    """What was asked for cannot be; ``words`` says which value, and what is allowed."""
    cut = words if len(words) <= _WORDS_MAX else f"{words[:_WORDS_MAX]}\u2026"
    return Refusal(400, "bad_request", cut.removesuffix("."), "")


def _of_status(error: HTTPException) -> Refusal:
    if error.status_code == 404:
        return refusals.NOT_FOUND
    if error.status_code == 405:
        allowed = tuple((error.headers or {}).items())
        return Refusal(405, "method_not_allowed", "That cannot be done here", "", allowed)
    return bad("the body cannot be read: send JSON, and say so in Content-Type")


def _lists(dependant: Dependant) -> frozenset[str]:
    """The parameters of a route that may be given several times."""
    found: set[str] = set()
    for param in dependant.query_params:
        model = param.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            found.update(
                name
                for name, field in model.model_fields.items()
                if get_origin(field.annotation) is list
            )
    return frozenset(found)


def _once_each(request: Request, lists: frozenset[str]) -> None:
    """Refuse parameters that are given twice, but those that are lists."""
    seen: set[str] = set()
    for name, _ in request.query_params.multi_items():
        if name in seen and name not in lists:
            raise UsageError("is given more than once", where=name)
        seen.add(name)


def _first(errors: Sequence[Mapping[str, Any]]) -> str:
    """The first of what is wrong, its place by name: ``end: ...``, ``event 3, value_ms: ...``."""
    error = errors[0]
    place = [part for part in error["loc"] if part not in {"query", "path", "body", "header"}]
    names = [f"event {part}" if isinstance(part, int) else str(part) for part in place]
    if error["type"] == "json_invalid":
        return f"the body is no JSON, from character {place[0] if place else 0} on"
    if error["type"] == "extra_forbidden":
        return f"{', '.join(names)}: there is no such field"
    if error["type"] in {"literal_error", "enum"}:
        return f"{', '.join(names)}: is one of {error['ctx']['expected']}"
    words = str(error["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    return f"{', '.join(names) or 'the body'}: {words}"
