"""A client that costs next to nothing: a socket kept open, requests made beforehand."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

_WITHIN_S: Final = 30.0


class Connection:
    """One connection to a server. Raises RuntimeError for an answer that is none."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 80), _WITHIN_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host = parts.netloc

    def request(self, method: str, path: str, headers: Sequence[str], body: str = "") -> bytes:
        """A request as bytes, to be sent as often as wanted."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}", *headers]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", body]).encode()

    def ask(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by their names in lower case, and body."""
        self._socket.sendall(request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        while len(body) < length:
            body += self._more()
        return int(first.split()[1]), headers, body

    def _more(self) -> bytes:
        data = self._socket.recv(65_536)
        if not data:
            raise RuntimeError("the server closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


@contextmanager
def connected(base: str) -> Iterator[Connection]:
    connection = Connection(base)
    try:
        yield connection
    finally:
        connection.close()


def per_second(
    base: str, requests: Sequence[Sequence[bytes]], seconds: float, status: int
) -> float:
    """Answers a second, of as many connections as there are lists of requests, each in turn.

    Raises RuntimeError for any other status.
    """
    counts = [0] * len(requests)
    wrong: list[int] = []
    give_up_at = time.perf_counter() + seconds

    def go_on(number: int) -> None:
        with connected(base) as connection:
            while time.perf_counter() < give_up_at and not wrong:
                for request in requests[number]:
                    found, _, _ = connection.ask(request)
                    if found != status:
                        wrong.append(found)
                        return
                    counts[number] += 1

    threads = [threading.Thread(target=go_on, args=(n,)) for n in range(len(requests))]
    began_at = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise RuntimeError(f"answered with {wrong[0]}, not {status}")
    return sum(counts) / (time.perf_counter() - began_at)
