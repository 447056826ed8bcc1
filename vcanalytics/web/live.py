"""The push socket: WebSocket /admin/api/live.

Client: ``{"type": "join_admin_room" | "leave_admin_room" | "request_live_update"}``. Server:
``live_update`` (at most 4 a second a viewer), ``status``, ``error``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from vcanalytics.web.watch import Watcher

#: Between two pushes to one viewer.
PUSH_EVERY_S: Final = 0.25
#: A message from a viewer is one word; anything longer is refused.
MESSAGE_BYTES_MAX: Final = 1_024
VIEWERS_MAX: Final = 500
_TOO_MANY: Final = 1013
_TOO_LONG: Final = 1009


def _message(kind: str, **more: Any) -> str:
    return json.dumps({"type": kind, "timestamp": datetime.now(UTC).isoformat(), **more})


class LiveSocket:
    """Serves every viewer's socket from one watcher."""

    def __init__(self) -> None:
        self.watcher: Watcher | None = None
        self._viewers = 0

    def _update(self, watcher: Watcher) -> str:
        state = watcher.state
        return _message(
            "live_update", seqs=state.seqs, read_at=state.read_at, problem=state.problem
        )

    async def serve(self, websocket: WebSocket) -> None:
        """One viewer, from connect to disconnect."""
        await websocket.accept()
        if self.watcher is None or self._viewers >= VIEWERS_MAX:
            await websocket.close(_TOO_MANY, "too many viewers")
            return
        self._viewers += 1
        try:
            await self._serve(websocket, self.watcher)
        except (WebSocketDisconnect, RuntimeError):
            # RuntimeError is what Starlette raises for a send after the peer has gone.
            pass
        finally:
            self._viewers -= 1

    async def _serve(self, websocket: WebSocket, watcher: Watcher) -> None:
        pushing: asyncio.Task[None] | None = None
        # Starlette allows one sender at a time.
        turn = asyncio.Lock()

        async def send(text: str) -> None:
            async with turn:
                await websocket.send_text(text)

        try:
            while True:
                kind = await _receive(websocket, send)
                if kind == "join_admin_room" and pushing is None:
                    await send(_message("status", joined=True))
                    pushing = asyncio.create_task(self._push(send, watcher))
                elif kind == "leave_admin_room" and pushing is not None:
                    await _stop(pushing)
                    pushing = None
                    await send(_message("status", joined=False))
                elif kind == "request_live_update":
                    await send(self._update(watcher))
        finally:
            if pushing is not None:
                await _stop(pushing)

    async def _push(self, send: Callable[[str], Awaitable[None]], watcher: Watcher) -> None:
        version = watcher.version
        await send(self._update(watcher))
        while True:
            await asyncio.sleep(PUSH_EVERY_S)
            version = await watcher.after(version)
            await send(self._update(watcher))


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
        await task


async def _receive(websocket: WebSocket, send: Callable[[str], Awaitable[None]]) -> str:
    """The kind of the viewer's next message; what is none is answered with an error."""
    known = ("join_admin_room", "leave_admin_room", "request_live_update")
    while True:
        received = await websocket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1000))
        # A frame is text or bytes, as the viewer likes.
        text = received.get("text")
        data = received.get("bytes") or b"" if text is None else text.encode()
        if len(data) > MESSAGE_BYTES_MAX:
            await websocket.close(_TOO_LONG, "message too long")
            raise WebSocketDisconnect(_TOO_LONG)
        try:
            message = json.loads(data)
        except (ValueError, RecursionError):
            message = None
        kind = message.get("type") if isinstance(message, dict) else None
        if kind in known:
            return str(kind)
        await send(
            _message(
                "error",
                error={"code": "unknown_message", "message": f"type is one of {', '.join(known)}"},
            )
        )
