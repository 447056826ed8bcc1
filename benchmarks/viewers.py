"""Viewers without a browser: Streamlit's own protocol over real sockets, 50 on a core."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

_MESSAGE_MAX = 64 << 20


@dataclass(slots=True)
class Viewer:
    """One tab: opens the page, then reruns its fragments when asked."""

    base: str
    cookie: str
    socket: ClientConnection | None = None
    fragments: list[str] = field(default_factory=list)
    page: str = ""
    #: Bytes of what the server sent, as it came over the socket before any compression.
    received: int = 0

    async def open(self, query: str = "") -> float:
        """Connect and run the page once; seconds from the connect to the end of the run."""
        started = time.perf_counter()
        url = self.base.replace("http://", "ws://") + "/_stcore/stream"
        self.socket = await connect(
            url,
            subprotocols=["streamlit"],  # type: ignore[list-item]
            origin=self.base,  # type: ignore[arg-type]
            additional_headers={"Cookie": self.cookie},
            max_size=_MESSAGE_MAX,
        )
        message = BackMsg()
        message.rerun_script.query_string = query
        await self.socket.send(message.SerializeToString())
        await self._until_finished()
        return time.perf_counter() - started

    async def refresh(self) -> float:
        """Rerun every live fragment of the page, as a push does; seconds until the last is done."""
        if self.socket is None:
            raise RuntimeError("open the viewer first")
        started = time.perf_counter()
        for fragment in list(self.fragments):
            message = BackMsg()
            message.rerun_script.page_script_hash = self.page
            message.rerun_script.fragment_id = fragment
            message.rerun_script.is_auto_rerun = True
            await self.socket.send(message.SerializeToString())
            await self._until_finished()
        return time.perf_counter() - started

    async def _until_finished(self) -> None:
        if self.socket is None:
            raise RuntimeError("open the viewer first")
        async for raw in self.socket:
            message = ForwardMsg()
            message.ParseFromString(raw if isinstance(raw, bytes) else raw.encode())
            self.received += len(raw)
            kind = message.WhichOneof("type")
            if kind == "auto_rerun" and message.auto_rerun.fragment_id not in self.fragments:
                self.fragments.append(message.auto_rerun.fragment_id)
            elif kind == "new_session" and not self.page:
                self.page = message.new_session.page_script_hash
            elif kind == "script_finished":
                return

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.socket is not None:
            await self.socket.close()
