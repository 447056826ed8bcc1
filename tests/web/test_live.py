"""The push socket: what a viewer may say, and what it hears."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from vcanalytics.web import live
from vcanalytics.web.live import MESSAGE_BYTES_MAX, PUSH_EVERY_S, LiveSocket
from vcanalytics.web.watch import State, Watcher


class Told(Watcher):
    """A watcher that is told what is new instead of looking at a file."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"), State)
        self.version = 1
        self.state = State({"transactions": 1}, {"transactions": 1_000})

    async def tell(self, state: State) -> None:
        await self._tell(state, 0.0)


class Console:
    """A live socket, viewers of it, and its watcher."""

    def __init__(self, client: TestClient, watcher: Told, socket: LiveSocket) -> None:
        self.client = client
        self.watcher = watcher
        self.socket = socket

    def viewer(self) -> WebSocketTestSession:
        return self.client.websocket_connect("/admin/api/live")

    def tell(self, **seqs: int) -> None:
        assert self.client.portal is not None
        self.client.portal.call(self.watcher.tell, State(seqs, {"transactions": 2_000}))


@pytest.fixture
def console() -> Iterator[Console]:
    socket, watcher = LiveSocket(), Told()
    socket.watcher = watcher
    app = Starlette(routes=[WebSocketRoute("/admin/api/live", socket.serve)])
    with TestClient(app) as client:
        yield Console(client, watcher, socket)


@contextmanager
def joined(console: Console) -> Iterator[WebSocketTestSession]:
    with console.viewer() as viewer:
        viewer.send_json({"type": "join_admin_room"})
        assert viewer.receive_json()["joined"] is True
        assert viewer.receive_json()["type"] == "live_update"
        yield viewer


def test_who_joins_hears_how_things_stand_and_then_what_moves(console: Console) -> None:
    with console.viewer() as viewer:
        viewer.send_json({"type": "join_admin_room"})
        status, first = viewer.receive_json(), viewer.receive_json()
        console.tell(transactions=2, mails=1)
        second = viewer.receive_json()

    assert (status["type"], status["joined"]) == ("status", True)
    assert (first["type"], first["seqs"]) == ("live_update", {"transactions": 1})
    assert (first["read_at"], first["problem"]) == ({"transactions": 1_000}, None)
    assert (second["type"], second["seqs"]) == ("live_update", {"transactions": 2, "mails": 1})
    for message in (status, first, second):
        assert datetime.fromisoformat(message["timestamp"]).tzinfo is not None


def test_a_request_is_answered_without_joining(console: Console) -> None:
    with console.viewer() as viewer:
        for _ in range(2):
            viewer.send_json({"type": "request_live_update"})
            assert viewer.receive_json()["seqs"] == {"transactions": 1}


def test_who_leaves_hears_nothing_more_and_may_join_again(console: Console) -> None:
    with joined(console) as viewer:
        viewer.send_json({"type": "leave_admin_room"})
        assert viewer.receive_json()["joined"] is False
        console.tell(transactions=7)
        viewer.send_json({"type": "join_admin_room"})
        assert viewer.receive_json()["type"] == "status"
        assert viewer.receive_json()["seqs"] == {"transactions": 7}


def test_joining_twice_is_joining_once(console: Console) -> None:
    with joined(console) as viewer:
        viewer.send_json({"type": "join_admin_room"})
        viewer.send_json({"type": "request_live_update"})
        assert viewer.receive_json()["type"] == "live_update"
        console.tell(transactions=2)
        assert viewer.receive_json()["seqs"] == {"transactions": 2}
        viewer.send_json({"type": "leave_admin_room"})
        assert viewer.receive_json()["joined"] is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "join_admin_room",
        "null",
        "[]",
        "{}",
        '{"type": "become_admin"}',
        '{"type": ["join_admin_room"]}',
        '{"type": {}}',
        "[" * 1_000,
        "\U0001f600",
    ],
)
def test_what_is_no_message_is_answered_with_an_error_and_the_socket_lives(
    console: Console, text: str
) -> None:
    with console.viewer() as viewer:
        viewer.send_text(text)
        answer = viewer.receive_json()
        assert answer["type"] == "error"
        assert answer["error"]["code"] == "unknown_message"
        assert "join_admin_room" in answer["error"]["message"]
        viewer.send_json({"type": "request_live_update"})
        assert viewer.receive_json()["type"] == "live_update"


def test_a_message_of_bytes_is_one_like_any_other(console: Console) -> None:
    with console.viewer() as viewer:
        viewer.send_bytes(b"\xff\xfe")
        assert viewer.receive_json()["error"]["code"] == "unknown_message"
        viewer.send_bytes(b'{"type": "request_live_update"}')
        assert viewer.receive_json()["type"] == "live_update"


@pytest.mark.parametrize("text", ["x" * (MESSAGE_BYTES_MAX + 1), "\u20ac" * MESSAGE_BYTES_MAX])
def test_a_message_that_is_too_long_ends_the_socket(console: Console, text: str) -> None:
    with console.viewer() as viewer:
        viewer.send_text(text)
        with pytest.raises(WebSocketDisconnect) as closed:
            viewer.receive_text()
    assert closed.value.code == 1009


def test_one_viewer_too_many_is_turned_away_until_another_leaves(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "VIEWERS_MAX", 2)
    with joined(console):
        with joined(console), console.viewer() as third:
            with pytest.raises(WebSocketDisconnect) as closed:
                third.receive_text()
            assert closed.value.code == 1013
        with joined(console):
            pass


def test_before_the_watcher_runs_nobody_is_served(console: Console) -> None:
    console.socket.watcher = None
    with console.viewer() as viewer, pytest.raises(WebSocketDisconnect) as closed:
        viewer.receive_text()
    assert closed.value.code == 1013


def test_a_viewer_that_goes_away_without_a_word_is_forgotten(console: Console) -> None:
    for _ in range(3):
        with joined(console):
            pass
    with joined(console) as viewer:
        console.tell(transactions=2)
        assert viewer.receive_json()["seqs"] == {"transactions": 2}
        assert console.socket._viewers == 1


def test_however_often_things_move_a_viewer_hears_at_most_four_times_a_second(
    console: Console,
) -> None:
    """What came in between is in the next push: the newest state, not each one."""
    with joined(console) as viewer:
        began = time.monotonic()
        seq = heard = 1
        pushes = 0
        while pushes < 4:
            for _ in range(20):
                seq += 1
                console.tell(transactions=seq)
            pushes += 1
            heard = viewer.receive_json()["seqs"]["transactions"]
        took = time.monotonic() - began

    assert took >= 0.98
    assert heard > 4


def test_a_push_comes_at_once_when_it_was_quiet_before(console: Console) -> None:
    with joined(console) as viewer:
        viewer.send_json({"type": "request_live_update"})
        viewer.receive_json()
        # The pause after the first push passes while nothing moves.
        assert console.client.portal is not None
        console.client.portal.call(asyncio.sleep, PUSH_EVERY_S * 1.2)
        began = time.monotonic()
        console.tell(transactions=9)
        message: dict[str, Any] = viewer.receive_json()
        assert message["seqs"] == {"transactions": 9}
        assert time.monotonic() - began < PUSH_EVERY_S
