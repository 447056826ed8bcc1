"""Real servers on 127.0.0.1 for probes to ask: well, odd, trickling, silent.

with serving(Web) as port: ...
with serving(Mail) as port: ...
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from typing import Final

#: How long a server that is asked for too much goes on before it gives up by itself.
PATIENCE_S: Final = 20.0
_ended = threading.Event()


class Web(BaseHTTPRequestHandler):
    """``/`` is well, ``/moved`` leads there, ``/endless`` never ends, ``/slow`` trickles."""

    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/")
            self.end_headers()
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(b"x" * 65_536)
        elif self.path == "/slow":
            with suppress(OSError):
                for _ in range(int(PATIENCE_S / 0.05)):
                    self.wfile.write(b"H")
                    _ended.wait(0.05)
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"all is well here")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base's name
        """Nothing is logged."""


class Mail(socketserver.StreamRequestHandler):
    """A mail server, as far as a probe goes."""

    def handle(self) -> None:
        with suppress(OSError):
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline(1_000):
                self.wfile.write(b"221 bye\r\n" if line.startswith(b"QUIT") else b"250 well\r\n")


class Silent(socketserver.BaseRequestHandler):
    """Takes connections and says nothing."""

    def handle(self) -> None:
        with suppress(OSError):
            self.request.settimeout(PATIENCE_S)
            while self.request.recv(1_000):
                pass


class Trickling(socketserver.BaseRequestHandler):
    """Greets for ever, a byte at a time."""

    def handle(self) -> None:
        with suppress(OSError):
            for _ in range(int(PATIENCE_S / 0.05)):
                self.request.sendall(b"2")
                _ended.wait(0.05)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asks leaves in the middle: that is what is tested."""


@contextmanager
def serving(handler: type[socketserver.BaseRequestHandler], port: int = 0) -> Iterator[int]:
    """The server on 127.0.0.1 until the block ends; its port."""
    with _Server(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
