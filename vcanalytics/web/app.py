"""What Home.py makes its app of: routes, middleware and the life of the process."""

from __future__ import annotations

import asyncio
import gc
import importlib
import logging
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from vcanalytics.accounts import Hasher, open_accounts
from vcanalytics.errors import StoreError
from vcanalytics.health.view import HealthView
from vcanalytics.journal import FILE_NAME as JOURNAL
from vcanalytics.journal import alert_events, cases, notes
from vcanalytics.logbook import Logbook, open_logbook
from vcanalytics.settings import Settings
from vcanalytics.store import Catalogue, Latest
from vcanalytics.web import access, first_start, index, sockets
from vcanalytics.web import listening as listening_sockets
from vcanalytics.web.addresses import Addresses
from vcanalytics.web.doors import Doors, Keeper, may_still
from vcanalytics.web.embedded import EmbeddedCollectors, collecting
from vcanalytics.web.exports import export
from vcanalytics.web.headers import SecurityHeaders
from vcanalytics.web.later import Later
from vcanalytics.web.limits import Bounded
from vcanalytics.web.live import LiveSocket
from vcanalytics.web.metrics import metrics
from vcanalytics.web.proxy import Forwarded
from vcanalytics.web.refusals import NothingOfTheInside
from vcanalytics.web.report import report
from vcanalytics.web.sign_in import SignIn
from vcanalytics.web.watch import State, Watcher, watching

_LOG: Final = logging.getLogger(__name__)
#: Imported before memory is frozen, so that no viewer pays for them.
_PRELOADED: Final = ("polars", "pyarrow", "duckdb", "pandas", "babel.numbers", "babel.dates")


def _newest_events(health: HealthView) -> dict[str, int]:
    """What moves in the journal, by the name it is listened to under; without what is empty."""
    try:
        journal = health.journal()
        if journal is None:
            return {}
        with journal.read() as connection:
            newest = {
                "alerts": alert_events.newest(connection),
                "cases": cases.newest(connection),
                "notes": notes.newest(connection),
            }
    except StoreError:
        # Health and the Alerts page say so; figures are pushed all the same.
        return {}
    return {name: number for name, number in newest.items() if number}


def _state_of(latest: Latest, newest_events: Mapping[str, int] | None = None) -> State:
    head = latest.head()
    return State(
        seqs=head.seqs | dict(newest_events or {}),
        read_at={
            name: round(state.read_at.timestamp() * 1000)
            for name, state in head.states.items()
            if state.read_at is not None
        },
        problem="; ".join(one.what for one in latest.trouble()) or None,
    )


class Web:
    """One console as the web sees it.

    ``hasher`` is for tests, which have no time for argon2, and ``clock``, the API's, for theirs of
    another day.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        farewell: bytes | None = None,
        hasher: Hasher | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        self._settings = settings
        self._hasher = hasher
        self._programs = Later(self._api)
        self._clock = clock or (lambda: datetime.now(UTC))
        self.live = LiveSocket(self._live, may_still)
        self.keeper = Keeper(
            Addresses(settings.public_url),
            sockets=sockets.OpenSockets(settings.sockets_per_user),
            farewell=farewell,
        )
        self._sign_in = SignIn(self.keeper, session_days=settings.session_days)
        watched = settings.watchman == "on"
        self._catalogue: Catalogue | None = None
        self._health = HealthView(settings.store_dir, on=watched, since=datetime.now(UTC))

    def _api(self) -> ASGIApp:
        from vcanalytics.web.api.app import make  # noqa: PLC0415 - as Later says

        return make(self._settings, self._clock, lambda: self._catalogue)

    def _live(self) -> Mapping[str, Any]:
        """What the push socket tells besides: what the API's metrics/live answers."""
        from vcanalytics.web.api.metrics import live  # noqa: PLC0415 - as Later says

        return live(self._clock()).model_dump(mode="json")

    async def healthz(self, _request: Request) -> JSONResponse:
        """Open to all, tells only whether anything is known to be wrong.

        That is what keeps the figures from being new, and what the watchman finds critical.
        """
        watcher = self.live.watcher
        well = watcher is not None and watcher.version > 0 and watcher.state.problem is None
        if well and await asyncio.to_thread(self._health.critical, datetime.now(UTC)):
            well = False
        return JSONResponse({"status": "ok" if well else "degraded"})

    def routes(self) -> list[BaseRoute]:
        """Every path of the console that is not a page."""
        return [
            Route("/healthz", self.healthz),
            Route(access.METRICS, metrics),
            *self._sign_in.routes(),
            WebSocketRoute("/admin/api/live", self.live.serve),
            Route("/admin/api/{path:path}", self._programs),
            Route("/admin/export/{name}.{form}", export),
            *(Route(path, report) for path in sorted(access.REPORTS)),
            *index.routes(),
        ]

    def middleware(self) -> list[Middleware]:
        """Outermost first: who asks, then headers on every answer, also on a refusal."""
        return [
            Middleware(Forwarded, trusted=self._settings.trusted_proxies),
            Middleware(SecurityHeaders),
            Middleware(NothingOfTheInside),
            Middleware(Bounded, rates=self.keeper.rates),
            Middleware(Doors, keeper=self.keeper),
        ]

    def lifespan(
        self, preload: Sequence[str] = (), listening: Callable[[], tuple[str, int]] | None = None
    ) -> Callable[[Any], Any]:
        """The life of the process: watchers and collectors at work, all imported and frozen.

        ``listening`` says where the server will be once it is started; there the first start's
        link leads, where VC_PUBLIC_URL names no other place.
        """

        @asynccontextmanager
        async def life(_app: Any) -> AsyncIterator[None]:
            for module in (*_PRELOADED, *preload):
                importlib.import_module(module)
            if preload:
                self._programs.made()
            # Streamlit collects all garbage after every fragment run. What is frozen is never
            # walked again: three quarters of the busy CPU.
            gc.collect()
            gc.freeze()
            listening_sockets.make_room()
            listening_sockets.answer_at_once()
            listening_sockets.give_up_on_the_deaf()
            async with AsyncExitStack() as stack:
                stack.enter_context(self._log())
                await self._open(stack)
                if listening is not None and self.keeper.accounts is not None:
                    await stack.enter_async_context(
                        first_start.announcing(
                            self.keeper.accounts, self._settings.public_url, *listening()
                        )
                    )
                yield

        return life

    def _log(self) -> Logbook:
        told = self._settings
        logbook = open_logbook(
            "console", told.store_dir, file_bytes=told.log_bytes, files=told.log_files
        )
        logbook.listen_to_the_server()
        return logbook

    async def _open(self, stack: AsyncExitStack) -> None:
        accounts = await asyncio.to_thread(open_accounts, self._settings, hasher=self._hasher)
        stack.callback(accounts.close)
        stack.callback(self._sign_in.close)
        catalogue = await asyncio.to_thread(Catalogue.open, self._settings.store_dir)
        stack.callback(catalogue.close)
        self._catalogue = catalogue
        stack.callback(self._health.close)
        latest = Latest(catalogue)
        watcher = Watcher(
            catalogue.path,
            lambda: _state_of(latest, _newest_events(self._health)),
            self._settings.store_dir / JOURNAL,
        )
        self.live.watcher = await stack.enter_async_context(watching(watcher))
        self.keeper.accounts = accounts
        stack.callback(self._shut)
        await stack.enter_async_context(sockets.watching(self.keeper.sockets, accounts.token))
        if self._settings.collectors == "embedded":
            await stack.enter_async_context(collecting(EmbeddedCollectors()))

    def _shut(self) -> None:
        self.keeper.accounts = None
        self._catalogue = None
