"""Messages as mail: made by the standard library, handed over by SMTP with TLS."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from vcanalytics.notify.addresses import look_up
from vcanalytics.notify.deadline import Deadline
from vcanalytics.notify.errors import SendError
from vcanalytics.notify.http import trusting

_SHOWN_CHARS: Final = 200
#: The server does not let us in: a person may mend that, and the message is none the worse for it.
_NOT_LET_IN: Final = frozenset({530, 534, 535, 538})


class Tls(StrEnum):
    """How the conversation is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server as a channel names it; ``timeout_s`` bounds the whole conversation."""

    host: str
    port: int
    tls: Tls
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout_s: float = 20.0


def read_address(text: str) -> Address:
    """``ops@example.com`` or ``Operators <ops@example.com>``.

    Raises ValueError for anything else, and for what would end a header's line.
    """
    if any(not char.isprintable() for char in text):
        raise ValueError("an address holds no line breaks or other signs that do not print")
    name, bracket, rest = text.strip().rpartition("<")
    if bracket and not rest.endswith(">"):
        raise ValueError("it must look like ops@example.com or Operators <ops@example.com>")
    spec = rest.removesuffix(">").strip() if bracket else rest.strip()
    try:
        address = Address(name.strip().strip('"').strip(), addr_spec=spec)
        address.addr_spec.encode("ascii")
    except (ValueError, IndexError, HeaderParseError):
        raise ValueError(
            "it must look like ops@example.com or Operators <ops@example.com>"
        ) from None
    if not address.username or ("." not in address.domain and address.domain != "localhost"):
        raise ValueError("an address needs a name and a domain, like ops@example.com")
    return address


def make_mail(
    *,
    sender: Address,
    to: Sequence[Address],
    subject: str,
    text: str,
    html: str,
    key: str,
    now: datetime,
) -> EmailMessage:
    """The mail, text and HTML. ``key`` is the message's own: a second try is the same message."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = tuple(to)
    # The policy refuses line breaks in a header; a title of a rule may hold what it likes.
    mail["Subject"] = " ".join("".join(c if c.isprintable() else " " for c in subject).split())
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{key}@{sender.domain}>"
    # No out-of-office answers, please.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    return mail


class _Client(smtplib.SMTP):
    """Connects under a deadline, and with TLS from the first byte where it is told so."""

    def __init__(self, server: Server, deadline: Deadline, context: ssl.SSLContext) -> None:
        self._server = server
        self._deadline = deadline
        self._context = context
        super().__init__(timeout=server.timeout_s)
        # smtplib takes the name for TLS from here.
        self._host = server.host

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002
        plain = self._deadline.connect(look_up(host, port), port)
        if self._server.tls is Tls.NONE and not ip_address(plain.getpeername()[0]).is_loopback:
            plain.close()
            raise SendError(
                'refused: tls = "none" is for a mail server on this host alone',
                where=host,
                heals=False,
            )
        if self._server.tls is not Tls.TLS:
            return plain
        secured = self._context.wrap_socket(plain, server_hostname=host)
        self._deadline.watch(secured)
        return secured


def send(server: Server, mail: EmailMessage) -> str | None:
    """Hand the mail over; what to remark where it was not taken for all its addresses.

    Raises SendError. Where the server ends the conversation after it took the mail and before it
    said so, another try delivers it twice, with the same Message-ID.
    """
    where = f"{server.host}:{server.port}"
    context = trusting(server.ca_file)
    with Deadline(server.timeout_s) as deadline:
        try:
            client = _Client(server, deadline, context)
            try:
                client.connect(server.host, server.port)
                if server.tls is Tls.STARTTLS:
                    client.starttls(context=context)
                    if client.sock is not None:
                        deadline.watch(client.sock)
                if server.user is not None:
                    client.login(server.user, server.password or "")
                refused = client.send_message(mail)
                with suppress(smtplib.SMTPException, OSError):
                    client.quit()
            finally:
                client.close()
        except ssl.SSLCertVerificationError as error:
            raise SendError(
                f"its certificate is not trusted: {error.verify_message}", where=where
            ) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if deadline.passed or isinstance(error, TimeoutError):
                raise SendError(f"no answer within {server.timeout_s:g} s", where=where) from None
            raise SendError(_said(error), where=where, heals=_heals(error)) from None
    # Not an error: another try would give it to the others again.
    return (
        f"{where}: not taken for {', '.join(sorted(refused))}"[:_SHOWN_CHARS] if refused else None
    )


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"the server refused every address: {_text(next(iter(error.recipients.values())))}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server answered {_text((error.smtp_code, error.smtp_error))}"
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"the mail could not be handed over: {reason}"


def _text(answer: tuple[int, bytes | str]) -> str:
    code, said = answer
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return f"{code} {' '.join(text.split())}"[:_SHOWN_CHARS]


def _heals(error: Exception) -> bool:
    codes: list[int] = []
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
    elif isinstance(error, smtplib.SMTPResponseException):
        codes = [error.smtp_code]
    elif isinstance(error, smtplib.SMTPNotSupportedError):
        return True
    return not codes or any(code < 500 or code in _NOT_LET_IN for code in codes)
