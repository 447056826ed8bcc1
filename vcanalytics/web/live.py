"""The push socket: WebSocket /admin/api/live. docs/live.md has the shapes of its messages.

Client: ``{"type": "join_admin_room" | "leave_admin_room" | "request_live_update"}``. Server:
``live_update``, ``status``, ``error``.

Nothing is queued for anybody: a viewer is told how things stand when there is room for it, and who
takes nothing for a while is let go of. The figures that programs want are made once for all.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from vcanalytics.errors import StoreError
from vcanalytics.web.figures import Figures
from vcanalytics.web.watch import State, Watcher

#: Between two pushes to one viewer: what comes in between is in the next, within 100 ms.
PUSH_EVERY_S: Final = 0.05
#: A message from a viewer is one word; anything longer is refused.
MESSAGE_BYTES_MAX: Final = 1_024
#: Messages a second that a viewer may send on and on, and at once after a silence.
MESSAGES_PER_S: Final = 10.0
MESSAGES_AT_ONCE: Final = 20
#: Who takes nothing for so long is let go of. What waits for them meanwhile is one message, beside
#: the 64 KB that the server's own buffer holds.
SEND_WITHIN_S: Final = 10.0
_CLOSE_WITHIN_S: Final = 2.0
VIEWERS_MAX: Final = 500
_NOT_ALLOWED: Final = 1008
_TOO_LONG: Final = 1009
_LATER: Final = 1013
_JOIN: Final = "join_admin_room"
_LEAVE: Final = "leave_admin_room"
_REQUEST: Final = "request_live_update"
_NONE: Final[Mapping[str, Any]] = {}
_KINDS: Final = (_JOIN, _LEAVE, _REQUEST)


def _message(kind: str, **more: Any) -> str:
    return json.dumps({**more, "type": kind, "timestamp": datetime.now(UTC).isoformat()})


class _Ended(Exception):
    """The socket is to be closed, for this reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class LiveSocket:
    """Serves every viewer's socket from one watcher.

    ``figures`` makes what programs are told besides (it runs in a thread); ``allowed`` says of a
    socket's scope whether who opened it may still listen, and is asked at every join.
    """

    def __init__(
        self,
        figures: Callable[[], Mapping[str, Any]] | None = None,
        allowed: Callable[[Scope], bool] = lambda _scope: True,
    ) -> None:
        self.watcher: Watcher | None = None
        self._figures = Figures(figures) if figures else None
        self._allowed = allowed
        self._viewers = 0
        self._updates = _Updates()

    async def serve(self, websocket: WebSocket) -> None:
        """One viewer, from connect to disconnect."""
        await websocket.accept()
        if self.watcher is None or self._viewers >= VIEWERS_MAX:
            await websocket.close(_LATER, "too many viewers")
            return
        self._viewers += 1
        try:
            async with asyncio.TaskGroup() as group:
                viewer = _Viewer(websocket, self.watcher, self._figures, self._updates, group)
                await self._listen(viewer)
        except* (WebSocketDisconnect, RuntimeError):
            # RuntimeError is what Starlette raises for a send after the peer has gone.
            pass
        except* _Ended as ended:
            await _close(websocket, next(iter(_leaves(ended))))
        finally:
            self._viewers -= 1

    async def _listen(self, viewer: _Viewer) -> None:
        while True:
            said = await viewer.next()
            kind = said["type"]
            if kind == _JOIN:
                await self._check(viewer.websocket.scope)
                await viewer.join(figures=said.get("figures", True))
            elif kind == _LEAVE:
                await viewer.leave()
            else:
                await viewer.answer()

    async def _check(self, scope: Scope) -> None:
        """Raises _Ended unless whoever opened the socket may still listen."""
        try:
            allowed = await asyncio.to_thread(self._allowed, scope)
        except StoreError:
            raise _Ended(_LATER, "accounts cannot be read; try again later") from None
        if not allowed:
            raise _Ended(_NOT_ALLOWED, "not signed in, or not for this role")


def _leaves(group: BaseExceptionGroup[_Ended]) -> list[_Ended]:
    found: list[_Ended] = []
    for one in group.exceptions:
        found += _leaves(one) if isinstance(one, BaseExceptionGroup) else [one]
    return found


async def _close(websocket: WebSocket, ended: _Ended) -> None:
    """Say why, to whoever still takes it; the kernel cuts off the rest (``web.listening``)."""
    with contextlib.suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
        async with asyncio.timeout(_CLOSE_WITHIN_S):
            await websocket.close(ended.code, ended.reason)


class _Updates:
    """What is pushed, written once for all who are told the same."""

    def __init__(self) -> None:
        self._written: dict[bool, tuple[int, Mapping[str, Any], str]] = {}

    def of(self, watcher: Watcher, figures: Mapping[str, Any]) -> str:
        """The state of ``watcher`` with ``figures``: as it was written when it was new."""
        known = self._written.get(bool(figures))
        if known is None or known[0] != watcher.version or known[1] is not figures:
            known = (watcher.version, figures, _update(watcher.state, figures))
            self._written[bool(figures)] = known
        return known[2]


def _update(state: State, figures: Mapping[str, Any]) -> str:
    told = {name: value for name, value in figures.items() if name != "timestamp"}
    if figures:
        told["figures_at"] = figures.get("timestamp")
    told |= {"seqs": state.seqs, "read_at": state.read_at, "problem": state.problem}
    return _message("live_update", **told)


class _Viewer:
    """One open socket: what it hears and says."""

    def __init__(
        self,
        websocket: WebSocket,
        watcher: Watcher,
        figures: Figures | None,
        updates: _Updates,
        group: asyncio.TaskGroup,
    ) -> None:
        self.websocket = websocket
        self._watcher = watcher
        self._figures = figures
        self._updates = updates
        self._group = group
        # Starlette allows one sender at a time.
        self._turn = asyncio.Lock()
        self._pushing: list[asyncio.Task[None]] = []
        self._clock = asyncio.get_running_loop().time
        self._may_say = float(MESSAGES_AT_ONCE)
        self._said_at = self._clock()

    async def join(self, *, figures: bool) -> None:
        """Be told from now on, with ``figures`` or without; joining twice is joining once."""
        await self._send(_message("status", joined=True))
        if not self._pushing:
            wanted = self._figures if figures else None
            self._pushing = [self._group.create_task(self._push(wanted))]
            if wanted:
                self._pushing.append(self._group.create_task(self._push_figures(wanted)))

    async def leave(self) -> None:
        """Be told no more until asked."""
        for task in self._pushing:
            task.cancel()
        if self._pushing:
            await asyncio.wait(self._pushing)
        self._pushing = []
        await self._send(_message("status", joined=False))

    async def answer(self) -> None:
        """How things stand now, with the figures of now."""
        told = await self._figures.now(self._watcher.version) if self._figures else {}
        await self._send(_update(self._watcher.state, told))

    async def _push(self, figures: Figures | None) -> None:
        version = self._watcher.version
        told = await figures.now(version, paced=True) if figures else {}
        await self._send(_update(self._watcher.state, told))
        while True:
            await asyncio.sleep(PUSH_EVERY_S)
            version = await self._watcher.after(version)
            # At once, with the figures there are; new ones follow as soon as they are made.
            newest = figures.newest if figures else _NONE
            await self._send(self._updates.of(self._watcher, newest))

    async def _push_figures(self, figures: Figures) -> None:
        async for told in figures.renewed(self._watcher):
            await self._send(self._updates.of(self._watcher, told))

    async def _send(self, text: str) -> None:
        async with self._turn:
            try:
                async with asyncio.timeout(SEND_WITHIN_S):
                    await self.websocket.send_text(text)
            except TimeoutError:
                raise _Ended(_LATER, "nothing was read for too long") from None

    async def next(self) -> dict[str, Any]:
        """The viewer's next message; what is none is answered with an error."""
        while True:
            received = await self.websocket.receive()
            if received["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(received.get("code", 1000))
            self._count()
            # A frame is text or bytes, as the viewer likes.
            text = received.get("text")
            data = received.get("bytes") or b"" if text is None else text.encode()
            if len(data) > MESSAGE_BYTES_MAX:
                raise _Ended(_TOO_LONG, "message too long")
            message = _read(data)
            if message is not None:
                return message
            what = f"type is one of {', '.join(_KINDS)}; figures is true or false"
            await self._send(_message("error", error={"code": "unknown_message", "message": what}))

    def _count(self) -> None:
        """Raises _Ended where messages come faster than they may."""
        now = self._clock()
        filled = self._may_say + (now - self._said_at) * MESSAGES_PER_S
        self._may_say, self._said_at = min(filled, MESSAGES_AT_ONCE) - 1, now
        if self._may_say < 0:
            raise _Ended(_NOT_ALLOWED, "too many messages")


def _read(data: bytes) -> dict[str, Any] | None:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("type") not in _KINDS:
        return None
    return message if isinstance(message.get("figures", True), bool) else None
