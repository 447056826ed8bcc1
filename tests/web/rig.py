"""The console's web with three users, and what stands in for Streamlit behind its doors."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.types import Message
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.pages.console import console_on
from tests.pages.signed_in import PASSWORD, Quick
from vcanalytics.accounts import Accounts, Role
from vcanalytics.settings import Settings
from vcanalytics.web.app import Web

STREAM: Final = "/_stcore/stream"
LIVE: Final = "/admin/api/live"
FAREWELL: Final = b"go to the sign-in page"
ORIGIN: Final = "http://127.0.0.1:8501"
USERS: Final = {"ada": Role.ADMIN, "olga": Role.OPERATOR, "vera": Role.VIEWER}
COOKIE: Final = "__Host-vc_session"


async def _inside(request: Request) -> Response:
    """What Streamlit would see of a request."""
    if request.url.path == "/media/broken":
        raise RuntimeError(f"the inside, and {PASSWORD}")
    return JSONResponse({"inside": request.headers.items(), "path": request.url.path})


async def _stream(websocket: WebSocket) -> None:
    """Says back what it is told, and who it was told that it is."""
    await websocket.accept(subprotocol="streamlit")
    await websocket.send_json(websocket.headers.items())
    try:
        while True:
            await websocket.send_bytes(await websocket.receive_bytes())
    except WebSocketDisconnect:
        pass


@dataclass(frozen=True)
class Answer:
    """An answer, and how many pieces of the body were left unread."""

    status: int
    headers: Headers
    body: bytes
    unread: int


@dataclass
class House:
    """A console under test."""

    web: Web
    app: Starlette
    accounts: Accounts
    #: The life of the app goes on in its event loop: every browser asks there.
    living: TestClient | None = None

    def client(self, secret: str | None = None, **more: Any) -> TestClient:
        """A browser on this machine; with ``secret``, a signed-in one."""
        headers = dict(more.pop("headers", {}))
        if secret is not None:
            headers["cookie"] = f"{COOKIE}={secret}"
        made = TestClient(
            self.app,
            base_url=more.pop("base_url", ORIGIN),
            client=more.pop("client", ("127.0.0.1", 50_000)),
            headers=headers,
            follow_redirects=False,
            raise_server_exceptions=False,
            **more,
        )
        made.portal = self.living.portal if self.living else None
        return made

    def enter(self, name: str) -> str:
        """The secret of a new session."""
        return self.accounts.sign_in(name, PASSWORD, address="127.0.0.1").secret

    def as_(self, name: str, **more: Any) -> TestClient:
        """A browser signed in as that user."""
        return self.client(self.enter(name), **more)

    def raw(
        self,
        path: bytes,
        *headers: tuple[bytes, bytes],
        method: str = "GET",
        body: Sequence[bytes] = (b"",),
        stalls: bool = False,
    ) -> Answer:
        """What no client sends: path and headers as bytes, a body in pieces or never whole."""
        pieces = list(body)
        sent: list[Message] = []

        async def receive() -> Message:
            if pieces:
                piece = pieces.pop(0)
                return {"type": "http.request", "body": piece, "more_body": bool(pieces or stalls)}
            if stalls:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        bare, _, query = path.partition(b"?")
        given = list(headers)
        if not any(name.lower() == b"host" for name, _ in given):
            given.append((b"host", b"127.0.0.1:8501"))
        scope = {
            "type": "http",
            "method": method,
            "scheme": "http",
            "path": unquote(bare.decode("latin-1")),
            "raw_path": bare,
            "query_string": query,
            "headers": [(name.lower(), value) for name, value in given],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8501),
            "http_version": "1.1",
            "root_path": "",
            "extensions": {},
        }
        asyncio.run(self.app(scope, receive, send))
        whole = b"".join(m.get("body", b"") for m in sent[1:])
        return Answer(sent[0]["status"], Headers(raw=sent[0]["headers"]), whole, len(pieces))


@contextmanager
def house(folder: Path, *, users: bool = True, **settings: Any) -> Iterator[House]:
    """A console that lives, with a user of each role."""
    data_dir = folder / "data"
    accounts = Accounts.open(data_dir, hasher=Quick())
    for name, role in USERS.items() if users else ():
        accounts.add_user(name, PASSWORD, role, by="test")
    told = {"source_url": "sqlite:////nowhere/shop.db", "collectors": "external"} | settings
    # What is cached asks the store of this console, and of no other.
    own = console_on(data_dir, source_url=str(told["source_url"]))
    web = Web(Settings(data_dir=data_dir, **told), farewell=FAREWELL, hasher=Quick())
    app = Starlette(
        routes=[
            *web.routes(),
            WebSocketRoute(STREAM, _stream),
            Route("/{path:path}", _inside, methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
        ],
        middleware=web.middleware(),
        lifespan=web.lifespan(),
    )
    try:
        with own, TestClient(app, base_url=ORIGIN) as living:
            yield House(web, app, accounts, living)
    finally:
        # The life of the console freezes what is in memory; tests give it back.
        gc.unfreeze()
        accounts.close()


def form(**fields: str) -> dict[str, Any]:
    """A form as a browser posts it from the console's own page."""
    return {"data": fields, "headers": {"origin": ORIGIN}}


@contextmanager
def asking(
    data_dir: Path, name: str = "ada", clock: Callable[[], datetime] | None = None
) -> Iterator[TestClient]:
    """A signed-in browser of a console that does not live: its routes and doors alone."""
    accounts = Accounts.open(data_dir, hasher=Quick())
    try:
        # Other tests' users may be there already: the folder is a worker's.
        there = {user.name for user in accounts.users()}
        for user, role in USERS.items():
            if user not in there:
                accounts.add_user(user, PASSWORD, role, by="test")
        web = Web(Settings(data_dir=data_dir), hasher=Quick(), clock=clock)
        web.keeper.accounts = accounts
        app = Starlette(routes=web.routes(), middleware=web.middleware())
        yield House(web, app, accounts).as_(name)
    finally:
        accounts.close()
