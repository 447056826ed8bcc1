"""Sockets: whose they are, that they end with the session, and that there is an end to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.websockets import WebSocketDisconnect

from tests.web.rig import FAREWELL, LIVE, ORIGIN, STREAM, House, house
from tests.web.waiting import until
from vcanalytics.accounts import Accounts, Principal, Role
from vcanalytics.web import limits, sockets
from vcanalytics.web.limits import Rate
from vcanalytics.web.sockets import OpenSockets, Socket

WITHIN_S = 0.5
HERE = {"host": "127.0.0.1:8501", "origin": ORIGIN}


def opened(home: House, secret: str | None, path: str = STREAM, **headers: str) -> Any:
    return home.client(secret).websocket_connect(
        path, subprotocols=["streamlit", "x"], headers={**HERE, **headers}
    )


def ended(socket: Any) -> bool:
    """Hear the socket out; true once it is closed."""
    try:
        while True:
            socket.receive_json()
    except WebSocketDisconnect:
        return True


def refused(home: House, secret: str | None, path: str, **headers: str) -> bool:
    """Whether a socket is closed before it is accepted."""
    with pytest.raises(WebSocketDisconnect) as closed, opened(home, secret, path, **headers):
        pass
    return closed.value.code == 1008


def left(socket: Any) -> float:
    """Seconds until the socket is told to go to the sign-in page and closed."""
    began = time.monotonic()
    assert socket.receive_bytes() == FAREWELL
    with pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_bytes()
    assert closed.value.code == 1008
    return time.monotonic() - began


def test_the_stream_knows_whose_it_is(home: House) -> None:
    secret = home.enter("vera")
    with opened(home, secret, **{"x-vc-role": "admin"}) as socket:
        seen = dict(socket.receive_json())
        socket.send_bytes(b"again")
        assert socket.receive_bytes() == b"again"

    assert (seen["x-vc-user"], seen["x-vc-role"]) == ("vera", "viewer")
    assert secret not in repr(seen)


@pytest.mark.parametrize("secret", [None, "a" * 43])
def test_a_stream_without_a_session_is_told_to_sign_in_and_told_nothing_else(
    home: House, secret: str | None
) -> None:
    """Refused, the page would go on trying and show what it has for ever."""
    with opened(home, secret) as socket:
        assert left(socket) < WITHIN_S
        assert socket.accepted_subprotocol == "streamlit"


@pytest.mark.parametrize("path", [LIVE, "/admin/api/other", "/nowhere", "/_stcore/other"])
def test_other_sockets_are_refused_before_they_are_accepted(home: House, path: str) -> None:
    assert refused(home, None, path)


def test_sockets_that_are_not_there_are_not_there(home: House) -> None:
    assert refused(home, home.enter("ada"), "/admin/api/other")
    assert refused(home, home.enter("ada"), "/nowhere")


@pytest.mark.parametrize("path", [STREAM, LIVE])
def test_another_sites_page_opens_none(home: House, path: str) -> None:
    secret = home.enter("vera")
    for origin in ("https://evil.example", "null", "http://127.0.0.1:8502"):
        assert refused(home, secret, path, origin=origin)
    assert refused(home, secret, path, host="evil.example")
    assert refused(home, None, path, origin="https://evil.example")


def test_signing_out_closes_what_the_session_has_open_and_no_more(fresh: House) -> None:
    mine, other = fresh.enter("vera"), fresh.enter("vera")
    with (
        opened(fresh, mine) as first,
        opened(fresh, mine) as second,
        opened(fresh, other) as third,
    ):
        for socket in (first, second, third):
            socket.receive_json()
        asking = fresh.client(mine, headers={"origin": ORIGIN})
        assert asking.post("/logout").status_code == 303
        assert left(first) < WITHIN_S
        assert left(second) < WITHIN_S
        third.send_bytes(b"still here")
        assert third.receive_bytes() == b"still here"


ENDS: dict[str, Callable[[Accounts], object]] = {
    "signed out everywhere": lambda them: them.sign_out_everywhere("olga", by="test"),
    "given another password": lambda them: them.set_password("olga", "one two 3 four", by="test"),
    "disabled": lambda them: them.disable("olga", by="test"),
}


@pytest.mark.parametrize("how", ENDS)
def test_what_another_process_ends_is_closed_too(fresh: House, how: str) -> None:
    """A command, another server, or an admin's click in a page."""
    with opened(fresh, fresh.enter("olga")) as socket:
        socket.receive_json()
        ENDS[how](fresh.accounts)
        assert left(socket) < WITHIN_S


def test_the_live_socket_ends_with_the_session(fresh: House) -> None:
    secret = fresh.enter("vera")
    while fresh.web.live.watcher is None or fresh.web.live.watcher.version == 0:
        time.sleep(0.01)
    with opened(fresh, secret, LIVE) as socket:
        socket.send_json({"type": "request_live_update"})
        assert socket.receive_json()["type"] == "live_update"
        fresh.accounts.sign_out(secret)
        assert ended(socket)


def test_a_token_may_listen_and_not_look(fresh: House) -> None:
    token = fresh.accounts.create_token("wall", Role.VIEWER, by="test")
    bearer = {"authorization": f"Bearer {token}"}
    assert refused(fresh, None, STREAM, **bearer)
    with opened(fresh, None, LIVE, **bearer) as socket:
        socket.send_json({"type": "request_live_update"})
        socket.receive_json()
        fresh.accounts.revoke_token("wall", by="test")
        assert ended(socket)


def test_who_joins_is_looked_at_anew(fresh: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also in the moment before the registry has looked."""
    monkeypatch.setattr(OpenSockets, "look", lambda _self: None)
    secret = fresh.enter("vera")
    with opened(fresh, secret, LIVE) as socket:
        socket.send_json({"type": "join_admin_room", "figures": False})
        assert socket.receive_json()["joined"] is True
        assert socket.receive_json()["type"] == "live_update"
        fresh.accounts.sign_out(secret)
        socket.send_json({"type": "join_admin_room"})
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1008


def test_another_role_has_the_page_come_back_and_not_leave(fresh: House) -> None:
    secret = fresh.enter("olga")
    with opened(fresh, secret) as socket:
        socket.receive_json()
        fresh.accounts.set_role("olga", Role.VIEWER, by="test")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_bytes()
    assert closed.value.code == 1012
    with opened(fresh, secret) as socket:
        assert dict(socket.receive_json())["x-vc-role"] == "viewer"


def test_an_open_page_does_not_keep_an_abandoned_session_alive(fresh: House) -> None:
    """Only what a person does counts: a page reconnects by itself."""
    touched: list[bool] = []
    accounts = fresh.web.keeper.accounts
    assert accounts is not None
    ask = accounts.principal

    def principal(secret: str, *, touch: bool = True) -> Principal | None:
        touched.append(touch)
        return ask(secret, touch=touch)

    accounts.principal = principal  # type: ignore[method-assign]
    secret = fresh.enter("vera")
    with opened(fresh, secret) as socket:
        socket.receive_json()
    assert touched
    assert not any(touched)
    assert fresh.client(secret, headers={"origin": ORIGIN}).post("/admin/here").status_code == 204
    assert touched[-1]


def test_one_user_has_so_many_in_all_their_sessions_and_the_console_too(
    fresh: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fresh.web.keeper.sockets, "_per_user", 2)
    secret = fresh.enter("vera")
    with opened(fresh, secret), opened(fresh, fresh.enter("vera")):
        assert refused(fresh, secret, STREAM)
        with opened(fresh, fresh.enter("olga")):
            monkeypatch.setattr(sockets, "SOCKETS_MAX", 3)
            assert refused(fresh, fresh.enter("ada"), STREAM)
    with opened(fresh, secret) as socket:
        socket.receive_json()


def test_how_many_a_user_may_have_is_a_setting(tmp_path: Path) -> None:
    with house(tmp_path, sockets_per_user=2) as home:
        secret = home.enter("vera")
        with opened(home, secret), opened(home, secret):
            assert refused(home, secret, LIVE)


def test_thousands_of_sockets_without_a_session_hold_nothing(
    fresh: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "STRANGER", Rate("stranger", 20))
    told = refusals = 0
    for _ in range(60):
        try:
            with opened(fresh, None) as socket:
                told += socket.receive_bytes() == FAREWELL
        except WebSocketDisconnect as closed:
            refusals += closed.code == 1008
    assert (told, refusals) == (20, 40)
    assert len(fresh.web.keeper.sockets) == 0


# The registry by itself

WHO = Principal("vera", Role.VIEWER, 1, None)


def test_two_thousand_are_closed_without_waiting_for_slow_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "SOCKETS_MAX", 5_000)
    monkeypatch.setattr(sockets, "_LEAVE_WITHIN_S", 0.05)

    async def many() -> float:
        registry, told = OpenSockets(), 0
        alive = True

        async def app(_scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "websocket.accept"})
            while (await receive())["type"] != "websocket.disconnect":
                pass

        async def never() -> Any:
            await asyncio.Event().wait()

        def sending(stuck: bool) -> Any:
            async def send(message: Any) -> None:
                nonlocal told
                if message["type"] == "websocket.send":
                    if stuck:
                        await asyncio.Event().wait()
                    told += 1

            return send

        tasks = [
            asyncio.create_task(
                registry.serve(
                    app,
                    {},
                    never,
                    sending(stuck=number % 10 == 0),
                    who=WHO,
                    look=lambda: WHO if alive else None,
                    farewell=b"bye",
                )
            )
            for number in range(2_000)
        ]
        await until(lambda: len(registry) == 2_000)
        began = time.monotonic()
        alive = False
        registry.look()
        await asyncio.gather(*tasks)
        assert told == 1_800
        assert len(registry) == 0
        return time.monotonic() - began

    assert asyncio.run(many()) < 2


def test_what_the_app_says_after_the_end_reaches_nobody() -> None:
    async def late() -> list[str]:
        sent: list[str] = []

        async def send(message: Any) -> None:
            sent.append(message["type"])

        socket = Socket(WHO, lambda: None, send, b"bye")
        await socket.send({"type": "websocket.accept"})
        await socket.leave(for_good=True)
        await socket.send({"type": "websocket.send", "text": "figures"})
        await socket.leave(for_good=True)
        return sent

    assert asyncio.run(late()) == ["websocket.accept", "websocket.send", "websocket.close"]


def test_the_registry_goes_on_looking_when_the_accounts_cannot_be_read() -> None:
    async def troubled() -> None:
        registry, looks = OpenSockets(), 0

        def token() -> tuple[object, ...]:
            nonlocal looks
            looks += 1
            if looks == 1:
                raise OSError("away")
            return (looks,)

        async with sockets.watching(registry, token):
            await until(lambda: looks >= 3)

    asyncio.run(troubled())
