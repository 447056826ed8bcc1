"""The API put together: every path with its types, and its description.

Without the pages that FastAPI has for trying it: they would load scripts from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response

from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue
from vcanalytics.web import refusals
from vcanalytics.web.api import activity, cache, health, ingest, metrics, notes, revenue, rows
from vcanalytics.web.api.answers import BUDGETS, Threads
from vcanalytics.web.api.faults import FAULTS, refusal_of

PREFIX: Final = "/admin/api"
#: Below this, packing costs more than it saves.
_PACKED_BYTES: Final = 1_000
#: Beyond this level a list takes twice the time for a few percent.
_PACKED_LEVEL: Final = 5
_DESCRIPTION: Final = """\
The console's figures for programs: the same questions as the pages', from the same cache.

A signed-in browser or `Authorization: Bearer TOKEN`. Times are ISO 8601 with an offset, ranges
`[from, to)`. Every answer has `success` and `timestamp`.
"""


class _Described(FastAPI):
    """Describes itself when it is first asked to: that takes longer than all the rest of it."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            _complete(super().openapi())
        return super().openapi()


async def _not_found(_request: Request, error: Exception) -> Response:
    return refusals.as_json(refusal_of(error))


def make(
    settings: Settings,
    clock: Callable[[], datetime],
    catalogue: Callable[[], Catalogue | None] = lambda: None,
) -> FastAPI:
    """The API of one console. ``clock`` says what time it is, aware.

    ``catalogue`` is what events are kept in, while the console lives.
    """
    app = _Described(
        title="VectorCraft console",
        version="1",
        description=_DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        responses=FAULTS,
        exception_handlers={HTTPException: _not_found},
        middleware=[
            Middleware(GZipMiddleware, minimum_size=_PACKED_BYTES, compresslevel=_PACKED_LEVEL)
        ],
        # What is told of a request by others would be told of customers.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.state.clock = clock
    app.state.threads = Threads()
    app.state.budget_s = settings.query_budget_s * BUDGETS
    app.state.keeping = ingest.Keeping(catalogue, ingest.kept_days(settings))
    for room in (metrics, revenue, activity, health, rows, notes, cache, ingest):
        app.include_router(room.router, prefix=PREFIX)
    return app


def _complete(schema: dict[str, Any]) -> None:
    """Have the description say how one is let in, and nothing of what is not answered so."""
    schema["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "__Host-vc_session"},
    }
    schema["security"] = [{"token": []}, {"session": []}]
    for path in schema["paths"].values():
        for method, operation in path.items():
            if method == "get":
                operation["responses"]["304"] = {
                    "description": "Unchanged since the answer whose ETag If-None-Match names"
                }
            # FastAPI's own word for a wrong value; here it is 400.
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)
