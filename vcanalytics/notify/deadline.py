"""An end to a conversation, whatever the other side does.

A socket's timeout bounds one read: who sends a byte a second is never late. Here a timer shuts the
socket down, which wakes any read or write on it.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

_AFTER_S: Final = 5.0


class Deadline:
    """``with Deadline(10.0) as deadline``: sockets named by ``watch`` are shut down after that."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self._ends_at = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()

    def connect(self, addresses: Iterable[object], port: int) -> socket.socket:
        """A connection to the first of the addresses that takes one, under this deadline.

        Raises OSError: that of the last address, or TimeoutError.
        """
        failure: OSError = OSError("there is no address")
        for address in addresses:
            left_s = self._ends_at - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            try:
                connection = socket.create_connection((str(address), port), left_s)
            except OSError as error:
                failure = error
                continue
            # The timer ends it. A timeout of its own would come at about the same moment, and be
            # told of in other words.
            connection.settimeout(self.seconds + _AFTER_S)
            self.watch(connection)
            return connection
        raise failure

    def watch(self, connection: socket.socket) -> None:
        """Shut ``connection`` down too; at once where the time is over already."""
        with self._lock:
            self._sockets.append(connection)
            over = self.passed
        if over:
            _shut(connection)

    def _end(self) -> None:
        with self._lock:
            self.passed = True
            watched = tuple(self._sockets)
        for connection in watched:
            _shut(connection)


def _shut(connection: socket.socket) -> None:
    # The bare shutdown: TLS' own would wait for the other side's word.
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
