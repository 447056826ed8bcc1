"""``GET /metrics`` for Prometheus, for whoever is signed in or has a token."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response


async def metrics(_request: Request) -> Response:
    """Everything the console counts of itself."""
    # Its caches want Streamlit's runtime, which is not there yet when the app is put together.
    from vcanalytics.cached.exposed import CONTENT_TYPE, expose  # noqa: PLC0415

    text = await asyncio.to_thread(expose)
    return Response(text, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"})
