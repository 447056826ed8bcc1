"""The push socket: what a viewer may say, and what it hears."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient, WebSocketTestSession
from starlette.types import Message, Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.web.waiting import until
from vcanalytics.errors import StoreError
from vcanalytics.web import live
from vcanalytics.web.figures import EVERY_S
from vcanalytics.web.live import MESSAGE_BYTES_MAX, MESSAGES_AT_ONCE, PUSH_EVERY_S, LiveSocket
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

    def __init__(self) -> None:
        self.watcher = Told()
        self.socket = LiveSocket(self._figures, self._may)
        self.socket.watcher = self.watcher
        self.client = TestClient(
            Starlette(routes=[WebSocketRoute("/admin/api/live", self.socket.serve)])
        )
        self.made = 0
        self.allowed: bool | Exception = True
        self.trouble: Exception | None = None

    def _figures(self) -> dict[str, Any]:
        if self.trouble:
            raise self.trouble
        self.made += 1
        return {"timestamp": "now", "revenue_metrics": {"total_revenue": self.made}}

    def _may(self, _scope: Scope) -> bool:
        if isinstance(self.allowed, Exception):
            raise self.allowed
        return self.allowed

    def viewer(self) -> WebSocketTestSession:
        return self.client.websocket_connect("/admin/api/live")

    def tell(self, **seqs: int) -> None:
        assert self.client.portal is not None
        self.client.portal.call(self.watcher.tell, State(seqs, {"transactions": 2_000}))


@pytest.fixture
def console() -> Iterator[Console]:
    made = Console()
    with made.client:
        yield made


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
        assert viewer.receive_json()["joined"] is True
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
        '{"type": "join_admin_room", "figures": 1}',
        '{"type": "join_admin_room", "figures": null}',
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


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=40)
    | st.dictionaries(
        st.sampled_from(["type", "figures", "x"]),
        st.sampled_from(["join_admin_room", "", 1.5, True, None, [], {}, 10**400]),
    ).map(lambda said: json.dumps(said).encode())
)
def test_whatever_is_said_is_a_known_message_or_none(data: bytes) -> None:
    message = live._read(data)
    assert message is None or message["type"] in live._KINDS
    assert message is None or message.get("figures", True) in {True, False}


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


def test_however_often_things_move_a_viewer_hears_so_many_times_a_second(
    console: Console,
) -> None:
    """What came in between is in the next push: the newest state, not each one."""
    with joined(console) as viewer:
        began = time.monotonic()
        seq = heard = 1
        pushes = 0
        while pushes < 6:
            for _ in range(20):
                seq += 1
                console.tell(transactions=seq)
            pushes += 1
            heard = viewer.receive_json()["seqs"]["transactions"]
        took = time.monotonic() - began

    assert took >= PUSH_EVERY_S * 5
    assert heard > 6


def test_a_push_comes_at_once_when_it_was_quiet_before(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "PUSH_EVERY_S", 0.6)
    with joined(console) as viewer:
        viewer.send_json({"type": "request_live_update"})
        viewer.receive_json()
        # The pause after the first push passes while nothing moves.
        assert console.client.portal is not None
        console.client.portal.call(asyncio.sleep, 0.7)
        began = time.monotonic()
        console.tell(transactions=9)
        message: dict[str, Any] = viewer.receive_json()
        assert message["seqs"] == {"transactions": 9}
        assert time.monotonic() - began < 0.5


def test_leaving_without_having_joined_is_answered_as_well(console: Console) -> None:
    """A tab that is opened in the background has to hear that somebody is there."""
    with console.viewer() as viewer:
        viewer.send_json({"type": "leave_admin_room"})
        assert viewer.receive_json()["joined"] is False


def _hear_out(viewer: WebSocketTestSession) -> tuple[int, WebSocketDisconnect]:
    """How many messages came before it was closed, and how it was."""
    heard = 0
    while True:
        try:
            viewer.receive_json()
        except WebSocketDisconnect as closed:
            return heard, closed
        heard += 1


def test_who_talks_without_an_end_is_sent_away_and_others_are_not(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "MESSAGES_PER_S", 0.01)
    with console.viewer() as other, console.viewer() as chatterbox:
        for _ in range(MESSAGES_AT_ONCE * 2):
            chatterbox.send_json({"type": "request_live_update"})
        heard, closed = _hear_out(chatterbox)
        other.send_json({"type": "request_live_update"})
        assert other.receive_json()["type"] == "live_update"

    assert (closed.code, closed.reason) == (1008, "too many messages")
    assert heard == MESSAGES_AT_ONCE


def test_the_role_is_checked_at_every_join(console: Console) -> None:
    with joined(console) as viewer:
        viewer.send_json({"type": "leave_admin_room"})
        assert viewer.receive_json()["joined"] is False
        console.allowed = False
        viewer.send_json({"type": "join_admin_room"})
        with pytest.raises(WebSocketDisconnect) as closed:
            viewer.receive_json()
    assert closed.value.code == 1008


def test_where_accounts_cannot_be_read_nobody_joins_and_may_come_back(console: Console) -> None:
    console.allowed = StoreError("accounts are away")
    with console.viewer() as viewer:
        viewer.send_json({"type": "join_admin_room"})
        with pytest.raises(WebSocketDisconnect) as closed:
            viewer.receive_json()
    assert closed.value.code == 1013
    assert "away" not in closed.value.reason


# The figures that programs are told besides


def test_a_program_is_told_the_figures_with_every_update(console: Console) -> None:
    """The old client draws what it is told, and asks for nothing besides."""
    with joined(console) as viewer:
        viewer.send_json({"type": "request_live_update"})
        asked = viewer.receive_json()
        console.tell(transactions=2)
        at_once, renewed = viewer.receive_json(), viewer.receive_json()

    assert asked["revenue_metrics"] == at_once["revenue_metrics"] == {"total_revenue": 1}
    assert (at_once["seqs"], renewed["seqs"]) == ({"transactions": 2}, {"transactions": 2})
    assert renewed["revenue_metrics"] == {"total_revenue": 2}
    assert renewed["figures_at"] == "now"
    assert datetime.fromisoformat(renewed["timestamp"]).tzinfo is not None


def test_who_asks_is_told_what_is_known_now(console: Console) -> None:
    with console.viewer() as viewer:
        for seq in range(2, 6):
            console.tell(transactions=seq)
            viewer.send_json({"type": "request_live_update"})
            told = viewer.receive_json()
            assert told["revenue_metrics"] == {"total_revenue": seq - 1}
            viewer.send_json({"type": "request_live_update"})
            assert viewer.receive_json()["revenue_metrics"] == told["revenue_metrics"]


def test_a_page_hears_only_what_moved(console: Console) -> None:
    with console.viewer() as page:
        page.send_json({"type": "join_admin_room", "figures": False})
        told = [page.receive_json(), page.receive_json()]
        console.tell(transactions=2)
        told.append(page.receive_json())
    assert console.made == 0
    assert [set(one) for one in told[1:]] == [
        {"type", "timestamp", "seqs", "read_at", "problem"}
    ] * 2


def test_figures_are_made_once_for_all_and_so_often_at_most(console: Console) -> None:
    with joined(console) as one, joined(console) as two:
        began, made = time.monotonic(), console.made
        for seq in range(2, 30):
            console.tell(transactions=seq)
        for viewer in (one, two):
            while viewer.receive_json()["revenue_metrics"]["total_revenue"] == made:
                pass
        assert console.made - made <= 1 + (time.monotonic() - began) / EVERY_S


@pytest.mark.parametrize("error", [StoreError("the store is away"), RuntimeError("inside")])
def test_figures_that_cannot_be_made_keep_nobody_from_hearing_the_rest(
    console: Console, error: Exception
) -> None:
    console.trouble = error
    with joined(console) as viewer:
        console.tell(transactions=2)
        told = viewer.receive_json()
    assert told["seqs"] == {"transactions": 2}
    assert "revenue_metrics" not in told


# Who reads nothing


class Deaf:
    """A peer that takes so many messages and then no more, in an event loop of its own."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.sent: list[Message] = []
        self.said: asyncio.Queue[Message] = asyncio.Queue()
        self.stuck = 0

    async def send(self, message: Message) -> None:
        if len(self.sent) >= self.takes:
            self.stuck += 1
            await asyncio.Event().wait()
        self.sent.append(message)

    def serve(self, socket: LiveSocket) -> asyncio.Task[None]:
        self.said.put_nowait({"type": "websocket.connect"})
        self.said.put_nowait({"type": "websocket.receive", "text": '{"type": "join_admin_room"}'})
        scope = {"type": "websocket", "path": "/admin/api/live", "headers": []}
        return asyncio.create_task(
            socket.serve(WebSocket(scope, receive=self.said.get, send=self.send))
        )


def test_who_reads_nothing_is_let_go_of_and_keeps_nobody_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However much moves, one message waits for them; others hear of it all the same."""
    monkeypatch.setattr(live, "SEND_WITHIN_S", 1.5)
    monkeypatch.setattr(live, "_CLOSE_WITHIN_S", 0.1)
    monkeypatch.setattr(live, "PUSH_EVERY_S", 0.001)

    async def told() -> None:
        socket, watcher = LiveSocket(), Told()
        socket.watcher = watcher
        deaf = [Deaf(takes=3) for _ in range(20)]
        well = Deaf(takes=1_000)
        tasks = [one.serve(socket) for one in (*deaf, well)]
        await until(lambda: all(len(one.sent) == 3 for one in (*deaf, well)))
        for seq in range(2, 12):
            heard = len(well.sent)
            await watcher.tell(State({"transactions": seq}))
            await until(lambda: len(well.sent) > heard, 1.0)  # noqa: B023
        assert {one.stuck for one in deaf} == {1}
        await asyncio.wait_for(asyncio.gather(*tasks[:-1]), 5)
        assert socket._viewers == 1
        # The second time was the close, which they did not take either.
        assert {one.stuck for one in deaf} == {2}
        well.said.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(tasks[-1], 5)

    asyncio.run(told())


def test_who_reads_again_hears_why_they_were_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SEND_WITHIN_S", 0.05)

    async def told() -> list[Message]:
        socket, watcher = LiveSocket(), Told()
        socket.watcher = watcher
        slow = Deaf(takes=2)
        task = slow.serve(socket)
        await until(lambda: slow.stuck)
        slow.takes = 10
        await asyncio.wait_for(task, 5)
        return slow.sent

    last = asyncio.run(told())[-1]
    assert (last["type"], last["code"]) == ("websocket.close", 1013)
