"""A bare Starlette route that answers with JSON as long as a month of revenue."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_DAYS: Final = 30
_ANSWER: Final = {
    "success": True,
    "labels": ["2026-11-22T00:00:00+00:00"] * _DAYS,
    "revenue_data": [1147.6] * _DAYS,
    "transaction_data": [26] * _DAYS,
    "complete": [True] * _DAYS,
}


async def _answer(_request: Request) -> JSONResponse:
    return JSONResponse(_ANSWER)


app = Starlette(routes=[Route("/", _answer)])
