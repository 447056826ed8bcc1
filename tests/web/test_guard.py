"""Who may speak to the server: this machine's own browser, and nobody through it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from vcanalytics.web import app as web
from vcanalytics.web.guard import host_of, speaks_locally

Headers = list[tuple[str, str]]


def scope(
    headers: Headers, client: tuple[str, int] | None = ("127.0.0.1", 5), kind: str = "http"
) -> dict[str, Any]:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return {"type": kind, "client": client, "headers": raw, "method": "GET", "path": "/"}


def allowed(*headers: tuple[str, str], **more: Any) -> bool:
    return speaks_locally(scope([("host", "127.0.0.1:8501"), *headers], **more))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8501", "localhost:8501", "LOCALHOST", "[::1]:8501", "127.8.8.8"],
)
def test_this_machine_may_speak_by_any_of_its_names(host: str) -> None:
    assert speaks_locally(scope([("host", host)]))


@pytest.mark.parametrize(
    "host",
    [
        "console.evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8501",
        "192.168.1.5:8501",
        "0.0.0.0:8501",
        "[::]:8501",
        "127.0.0.1:80@evil.example",
        "2130706433",
        "0x7f.1",
        "[::1",
        "",
        "\xff",
    ],
)
def test_a_name_that_was_made_to_lead_here_is_refused(host: str) -> None:
    """DNS rebinding: the viewer's browser asks, by a name of somebody else's."""
    assert not speaks_locally(scope([("host", host)]))


def test_exactly_one_host_is_named() -> None:
    assert not speaks_locally(scope([]))
    assert not allowed(("host", "127.0.0.1:8501"))
    assert not allowed(("host", "evil.example"))


@pytest.mark.parametrize("client", [None, ("192.168.1.5", 5), ("::ffff:192.168.1.5", 5)])
def test_a_client_that_is_not_on_this_machine_is_refused(client: tuple[str, int] | None) -> None:
    assert not allowed(client=client)


@pytest.mark.parametrize("client", [("127.0.0.1", 5), ("::1", 5)])
def test_a_client_on_this_machine_is_let_in(client: tuple[str, int]) -> None:
    assert allowed(client=client)


def test_another_sites_page_may_not_ask() -> None:
    assert not allowed(("origin", "https://evil.example"))
    assert not allowed(("origin", "http://127.0.0.1:8501"), ("origin", "https://evil.example"))
    assert not allowed(("origin", "http://["))
    assert allowed(("origin", "http://127.0.0.1:8501"))
    assert allowed(("origin", "http://localhost:8501"))


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://127.0.0.1:8501", True),
        ("http://127.0.0.1:9999", False),
        ("http://localhost:8501", False),
        ("http://127.0.0.1", False),
        ("https://evil.example", False),
        ("null", False),
    ],
)
def test_a_socket_is_opened_by_the_consoles_own_pages_only(origin: str, expected: bool) -> None:
    assert allowed(("origin", origin), kind="websocket") is expected


def test_a_socket_from_no_page_at_all_is_let_in() -> None:
    assert allowed(kind="websocket")


@pytest.mark.parametrize(
    ("value", "name"),
    [("a.example:80", "a.example"), ("http://[::1]:80", "::1"), ("[", None), ("", None)],
)
def test_the_name_in_a_header(value: str, name: str | None) -> None:
    assert host_of(value) == name


async def _page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("figures", headers={"X-Frame-Options": "ALLOWALL"})


async def _bare(request: Request) -> PlainTextResponse:
    return PlainTextResponse("figures")


async def _socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("figures")
    await websocket.close()


@pytest.fixture
def guarded() -> Starlette:
    return Starlette(
        routes=[Route("/", _bare), Route("/own", _page), WebSocketRoute("/live", _socket)],
        middleware=web.middleware(),
    )


def client(app: Starlette, address: str = "127.0.0.1", host: str = "127.0.0.1") -> TestClient:
    return TestClient(app, base_url=f"http://{host}:8501", client=(address, 50_000))


def test_a_refusal_says_what_to_do_and_tells_nothing(guarded: Starlette) -> None:
    answer = client(guarded, host="evil.example").get("/")

    assert answer.status_code == 403
    assert "127.0.0.1" in answer.text
    assert "figures" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
def test_every_answer_carries_the_headers_also_a_refusal(guarded: Starlette, host: str) -> None:
    headers = client(guarded, host=host).get("/").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "camera=()" in headers["Permissions-Policy"]


def test_a_header_that_an_answer_has_of_its_own_stays(guarded: Starlette) -> None:
    assert client(guarded).get("/own").headers["X-Frame-Options"] == "ALLOWALL"


def test_a_socket_of_a_stranger_is_closed_before_it_is_accepted(guarded: Starlette) -> None:
    with (
        pytest.raises(WebSocketDisconnect) as closed,
        client(guarded).websocket_connect(
            "/live", headers={"origin": "http://127.0.0.1:9999", "host": "127.0.0.1:8501"}
        ),
    ):
        pass
    assert closed.value.code == 1008


def test_a_socket_of_the_consoles_own_page_is_served(guarded: Starlette) -> None:
    headers = {"origin": "http://127.0.0.1:8501", "host": "127.0.0.1:8501"}
    with client(guarded).websocket_connect("/live", headers=headers) as socket:
        assert socket.receive_text() == "figures"


def test_what_is_neither_http_nor_a_socket_passes() -> None:
    """The life of the process comes through the same door."""
    seen: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    middleware: list[Middleware] = web.middleware()
    app: Any = inner
    for layer in reversed(middleware):
        app = layer.cls(app, *layer.args, **layer.kwargs)
    asyncio.run(app({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]
