"""The open sockets of each session or token, so that they can be closed from outside.

Cookies are read once, when a socket opens. Whoever signs out, is disabled, or stands idle too long
must lose what is open too: the registry looks whenever the accounts changed, and now and then
because time passes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vcanalytics.accounts import Principal
from vcanalytics.commits import Token

_LOG: Final = logging.getLogger(__name__)
LOOK_EVERY_S: Final = 0.25
#: Sessions also end by the clock alone.
LOOK_ANYWAY_S: Final = 15.0
#: A console with so many viewers is none. How many each user may have is a setting.
SOCKETS_MAX: Final = 1_000
#: What may be waiting to be told to a browser that reads nothing any more.
_LEAVE_WITHIN_S: Final = 2.0
_SIGNED_OUT: Final = 1008
_COME_BACK: Final = 1012

#: Who it is now, None where the session or token has ended.
Look = Callable[[], Principal | None]


class Socket:
    """One open socket, which its app and the registry share."""

    def __init__(self, who: Principal, look: Look, send: Send, farewell: bytes | None) -> None:
        self.who = who
        self.look = look
        self._send = send
        self._farewell = farewell
        self._turn = asyncio.Lock()
        self._open = False
        self._left = asyncio.Event()

    async def send(self, message: Message) -> None:
        """What the app says, for as long as the socket is there."""
        async with self._turn:
            if self._left.is_set():
                return
            if message["type"] == "websocket.accept":
                self._open = True
            elif message["type"] == "websocket.close":
                self._left.set()
            await self._send(message)

    async def receive(self, receive: Receive) -> Message:
        """What the browser says, or that it is gone: also when it was sent away from outside."""
        heard = asyncio.ensure_future(receive())
        left = asyncio.ensure_future(self._left.wait())
        try:
            await asyncio.wait({heard, left}, return_when=asyncio.FIRST_COMPLETED)
            if not self._left.is_set():
                return heard.result()
            return {"type": "websocket.disconnect", "code": _SIGNED_OUT}
        finally:
            for task in (heard, left):
                task.cancel()

    async def leave(self, *, for_good: bool) -> None:
        """Close it; ``for_good`` tells the page first to go to the sign-in page."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(_LEAVE_WITHIN_S), self._turn:
                if self._open and not self._left.is_set():
                    if for_good and self._farewell is not None:
                        await self._send({"type": "websocket.send", "bytes": self._farewell})
                    code = _SIGNED_OUT if for_good else _COME_BACK
                    await self._send({"type": "websocket.close", "code": code})
        # Also where the browser took nothing more: the app must not go on reading for it.
        self._left.set()


class OpenSockets:
    """Every open socket by whose it is. Lives in one event loop.

    ``per_user`` is how many a user, or a token, may have open, in all of their sessions.
    """

    def __init__(self, per_user: int = 100) -> None:
        self._per_user = per_user
        self._by_actor: Counter[str] = Counter()
        self._by_holder: dict[object, set[Socket]] = defaultdict(set)
        self._leaving: set[asyncio.Task[None]] = set()

    @staticmethod
    def _holder(who: Principal) -> object:
        return who.session if who.token is None else who.token

    def __len__(self) -> int:
        return sum(len(sockets) for sockets in self._by_holder.values())

    def has_room(self, who: Principal) -> bool:
        """Whether one more may be opened, by them and at all."""
        return self._by_actor[who.actor] < self._per_user and len(self) < SOCKETS_MAX

    async def serve(
        self,
        app: ASGIApp,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        who: Principal,
        look: Look,
        farewell: bytes | None,
    ) -> None:
        """Run ``app`` for one socket, held here until it ends."""
        socket = Socket(who, look, send, farewell)
        holder = self._holder(who)
        self._by_holder[holder].add(socket)
        self._by_actor[who.actor] += 1
        try:
            await app(scope, lambda: socket.receive(receive), socket.send)
        finally:
            mine = self._by_holder[holder]
            mine.discard(socket)
            if not mine:
                del self._by_holder[holder]
            self._by_actor[who.actor] -= 1
            if not self._by_actor[who.actor]:
                del self._by_actor[who.actor]

    def close(self, sockets: Iterable[Socket], *, for_good: bool) -> None:
        """Send them away without waiting for slow ones."""
        for socket in sockets:
            task = asyncio.create_task(socket.leave(for_good=for_good))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def end(self, who: Principal) -> None:
        """Close what one session has open, at once."""
        self.close(list(self._by_holder.get(self._holder(who), ())), for_good=True)

    def look(self) -> None:
        """Close what belongs to nobody any more; have come back whoever has another role now."""
        for sockets in list(self._by_holder.values()):
            for socket in list(sockets):
                now = socket.look()
                if now is None:
                    self.close([socket], for_good=True)
                elif now.role is not socket.who.role:
                    self.close([socket], for_good=False)

    async def watch(self, token: Callable[[], Token | None]) -> None:
        """Look whenever ``token`` changed, and every so often, until cancelled."""
        clock = asyncio.get_running_loop().time
        seen: Token | None = None
        looked_at = float("-inf")
        while True:
            try:
                now = token()
                if now != seen or clock() - looked_at >= LOOK_ANYWAY_S:
                    self.look()
                    seen, looked_at = now, clock()
            except Exception:  # noqa: BLE001
                # Without it nobody would be sent away any more.
                _LOG.exception("the accounts could not be looked at; trying again")
            await asyncio.sleep(LOOK_EVERY_S)


@contextlib.asynccontextmanager
async def watching(sockets: OpenSockets, token: Callable[[], Token | None]) -> AsyncIterator[None]:
    """The registry at work for as long as the block runs."""
    task = asyncio.create_task(sockets.watch(token), name="open-sockets")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
