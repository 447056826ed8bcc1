"""What Home.py makes its app of: routes, middleware and the life of the process."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute

from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Latest
from vcanalytics.web import index
from vcanalytics.web.embedded import EmbeddedCollectors, collecting
from vcanalytics.web.exports import export
from vcanalytics.web.guard import LoopbackOnly, SecurityHeaders
from vcanalytics.web.live import LiveSocket
from vcanalytics.web.watch import State, Watcher, watching

_LOG: Final = logging.getLogger(__name__)
#: Imported before memory is frozen, so that no viewer pays for them.
_PRELOADED: Final = ("polars", "pyarrow", "duckdb", "pandas", "babel.numbers", "babel.dates")

LIVE: Final = LiveSocket()


async def healthz(_request: Request) -> JSONResponse:
    """Open to all, tells only whether anything keeps the figures from being new."""
    watcher = LIVE.watcher
    well = watcher is not None and watcher.version > 0 and watcher.state.problem is None
    return JSONResponse({"status": "ok" if well else "degraded"})


def routes() -> list[BaseRoute]:
    """Every path of the console that is not a page."""
    return [
        Route("/healthz", healthz),
        WebSocketRoute("/admin/api/live", LIVE.serve),
        Route("/admin/export/{name}.csv", export),
        *index.routes(),
    ]


def middleware() -> list[Middleware]:
    """Outermost first: headers on every answer, also on a refusal."""
    return [Middleware(SecurityHeaders), Middleware(LoopbackOnly)]


def _state_of(latest: Latest) -> State:
    head = latest.head()
    return State(
        seqs=head.seqs,
        read_at={
            name: round(state.read_at.timestamp() * 1000)
            for name, state in head.states.items()
            if state.read_at is not None
        },
        problem="; ".join(one.what for one in latest.trouble()) or None,
    )


def lifespan(settings: Settings, preload: Sequence[str] = ()) -> Callable[[Any], Any]:
    """The life of the process: watcher and collectors at work, everything imported and frozen."""

    @asynccontextmanager
    async def life(_app: Any) -> AsyncIterator[None]:
        for module in (*_PRELOADED, *preload):
            importlib.import_module(module)
        # Streamlit collects all garbage after every fragment run. What is frozen is never walked
        # again: three quarters of the busy CPU.
        gc.collect()
        gc.freeze()
        catalogue = await asyncio.to_thread(Catalogue.open, settings.store_dir)
        latest = Latest(catalogue)
        watcher = Watcher(catalogue.path, lambda: _state_of(latest))
        async with AsyncExitStack() as stack:
            stack.callback(catalogue.close)
            LIVE.watcher = await stack.enter_async_context(watching(watcher))
            if settings.collectors == "embedded":
                await stack.enter_async_context(collecting(EmbeddedCollectors()))
            yield

    return life
