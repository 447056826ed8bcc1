"""Real receivers on 127.0.0.1: an HTTP server that answers as it is told, and SMTP servers.

web.answer(200)                     # from now on
web.answer_by(hang)                 # a function of the handler
web.calls                           # method, path, headers and body of each call
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Web:
    """An HTTP server; ``released`` lets those go that it keeps waiting."""

    port: int = 0
    calls: list[Call] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    came: threading.Event = field(default_factory=threading.Event)
    _behave: list[Behaviour] = field(default_factory=list)

    def answer(self, *statuses: int, text: str = "", **headers: str) -> None:
        """Answer with these in turn; the last one stays."""
        self._behave = [_answering(status, text, headers) for status in statuses]

    def answer_by(self, behaviour: Behaviour) -> None:
        self._behave = [behaviour]

    def reset(self) -> None:
        self.calls.clear()
        self.released.clear()
        self.came.clear()
        self.answer(200)

    def next_behaviour(self) -> Behaviour:
        return self._behave.pop(0) if len(self._behave) > 1 else self._behave[0]

    def url(self, path: str = "/hook", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


def _answering(status: int, text: str, headers: dict[str, str]) -> Behaviour:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text.encode())

    return answer


@contextmanager
def web_server(certificate: Path | None = None) -> Iterator[Web]:
    web = Web()
    web.answer(200)

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            web.calls.append(Call(self.command, self.path, dict(self.headers), body))
            web.came.set()
            try:
                web.next_behaviour()(self)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = do_HEAD = _take  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_name("key.pem"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield web
    finally:
        web.released.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@dataclass
class Mails:
    """What an SMTP server took, and how it is to behave."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    #: Answers to DATA in turn, then 250. "drop" ends the conversation without one.
    answers: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    password: bytes = b"open sesame"

    def reset(self) -> None:
        self.taken.clear()
        self.to.clear()
        self.answers.clear()
        self.refused.clear()
        self.logins.clear()

    # What aiosmtpd calls.
    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        if address in self.refused:
            return "550 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer == "drop":
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
            return "421 gone"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.taken.append(mail)
            self.to.append(list(envelope.rcpt_tos))
        return answer

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == self.password, handled=False)


@contextmanager
def mail_server(certificate: Path, *, tls: bool = False, plain: bool = False) -> Iterator[Mails]:
    """STARTTLS and a password by default, TLS from the first byte, or neither."""
    mails = Mails()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    more: dict[str, Any] = {}
    if not tls and not plain:
        more = {"tls_context": context, "require_starttls": True, "auth_required": True}
        more["authenticator"] = mails.authenticate
    controller = Controller(
        mails,
        hostname="127.0.0.1",
        port=_free_port(),
        ssl_context=context if tls else None,
        **more,
    )
    controller.start()
    mails.port = controller.port
    try:
        yield mails
    finally:
        # A loop that stops with a connection open leaves its socket to the garbage collector.
        asyncio.run_coroutine_threadsafe(_alone(controller.loop), controller.loop).result(10)
        controller.stop()


async def _alone(loop: Any) -> None:
    """Until nothing is connected: but for the listener and its own waker, a loop reads nothing."""
    for _ in range(1_000):
        if len(loop._selector.get_map()) <= 2:
            break
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.005)


@contextmanager
def impostor(certificate: Path) -> Iterator[tuple[int, list[bytes]]]:
    """One conversation up to STARTTLS, under a certificate that the client may refuse.

    Its port, and all that it heard. By hand: aiosmtpd leaves such a connection open.
    """
    heard: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_name("key.pem"))
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def talk() -> None:
        plain, _ = listener.accept()
        with plain, suppress(OSError):
            plain.settimeout(10)
            plain.sendall(b"220 hello\r\n")
            heard.append(plain.recv(1000))
            plain.sendall(b"250-hello\r\n250 STARTTLS\r\n")
            heard.append(plain.recv(1000))
            plain.sendall(b"220 go on\r\n")
            with context.wrap_socket(plain, server_side=True) as secured:
                heard.append(secured.recv(1000))

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], heard
    finally:
        thread.join(10)
        listener.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_certificate(folder: Path) -> Path:
    """A certificate for localhost and 127.0.0.1, of its own making, with its key beside it."""
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    named = "-subj /CN=localhost -addext subjectAltName=DNS:localhost,DNS:hook.test,IP:127.0.0.1"
    subprocess.run(
        ["openssl", *made.split(), *named.split(), "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder / "cert.pem"
