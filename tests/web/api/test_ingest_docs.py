"""What docs/ingest.md has a Flask app do, done by one, against a console that stumbles."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from flask import Flask
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.browser.served import ROOT, free_port
from tests.web.rig import house
from vcanalytics.accounts import Role
from vcanalytics.store import Catalogue, Reader


class Stumbling:
    """Loses the first answers: the batch is added, and the sender hears of a bad gateway."""

    def __init__(self, app: ASGIApp, times: int) -> None:
        self._app = app
        self._left = times
        self.keys: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.keys.append(dict(scope["headers"])[b"idempotency-key"].decode())
        lost, self._left = self._left > 0, self._left - 1

        async def spoilt(message: Message) -> None:
            if message["type"] == "http.response.start" and lost:
                message = {**message, "status": 502}
            await send(message)

        await self._app(scope, receive, spoilt)


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """``app`` on a port of its own; its life goes on elsewhere."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, log_level="error", lifespan="off", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def example() -> dict[str, Any]:
    """The names of the page's example, as Python runs it."""
    page = (ROOT / "docs" / "ingest.md").read_text(encoding="utf-8")
    code = page.split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = {}
    exec(compile(code, "docs/ingest.md", "exec"), names)  # noqa: S102
    return names


def shop() -> Flask:
    app = Flask("shop")
    app.add_url_rule("/pay", "pay", lambda: "paid")
    app.add_url_rule("/broken", "broken", lambda: ("broken", 500))
    return app


def test_a_flask_apps_requests_arrive_once_whatever_is_lost_on_the_way(tmp_path: Path) -> None:
    with house(tmp_path) as home:
        token = home.accounts.create_token("shop", Role.OPERATOR, by="test")
        stumbling = Stumbling(home.app, times=2)
        catalogue = Catalogue.open(tmp_path / "data")
        with serving(stumbling) as console:
            app = shop()
            example()["instrument"](app, console, token)
            browser = app.test_client()
            for path in ("/pay", "/pay", "/broken", "/nowhere"):
                browser.get(path)
            give_up_at = time.monotonic() + 30
            while catalogue.states()["requests"].rows < 4 or len(stumbling.keys) < 3:
                assert time.monotonic() < give_up_at
                time.sleep(0.05)
        found = Reader(catalogue).snapshot().relation("requests").table().to_pylist()
        catalogue.close()
    # Sent again under its key until it was answered.
    assert stumbling.keys[0] == stumbling.keys[1] == stumbling.keys[2]
    assert sorted((row["endpoint"], row["status"]) for row in found) == [
        ("broken", "error"),
        ("pay", "success"),
        ("pay", "success"),
        ("unknown", "success"),
    ]
    assert all(0 < row["value_ms"] < 10_000 for row in found)
