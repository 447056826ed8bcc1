"""Web calls to receivers outside: to a checked address, without redirects, bounded.

The standard library's client, because it follows nothing, reads no proxy from the environment, and
lets the connection be made to the address that was checked, while TLS still holds it to the name.
"""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from vcanalytics.notify.addresses import Address, Lookup, checked, look_up, unwrapped
from vcanalytics.notify.deadline import Deadline
from vcanalytics.notify.errors import SendError

#: Of an answer so much is read; what it says is shown shorter still.
ANSWER_BYTES_MAX: Final = 16 * 1024
_SHOWN_CHARS: Final = 200
#: So long a receiver may ask us to wait.
_WAIT_MAX_S: Final = 3600.0
#: Answers that say: this message, never.
_NEVER: Final = frozenset({400, 405, 406, 413, 414, 415, 422})
_OK: Final = range(200, 300)
_REDIRECTS: Final = range(300, 400)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a call goes. ``url`` was checked by ``read_url``; ``timeout_s`` bounds all of it."""

    url: str
    allow_private: bool = False
    ca_file: Path | None = None
    timeout_s: float = 10.0


def read_url(url: str, *, allow_private: bool) -> str:
    """The URL, if a message may be sent there.

    Raises ValueError with the reason; it never repeats the URL, which may be a secret.
    """
    if any(ord(char) <= 0x20 or ord(char) >= 0x7F for char in url):
        raise ValueError("a URL holds no blanks, line breaks or signs beyond ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("it is no URL") from None
    if parts.scheme not in {"https", "http"} or not parts.hostname or port == 0:
        raise ValueError("it must be a URL that begins with https:// and names a host")
    if parts.scheme == "http" and not allow_private:
        raise ValueError("it must begin with https://; http only with allow_private = true")
    if "@" in parts.netloc:
        raise ValueError("no user or password in a URL: put them into headers")
    if parts.fragment:
        raise ValueError("a URL to call has no #fragment")
    return url


class _Https(http.client.HTTPConnection):
    """Connects to the addresses it is given, in turn; the name is for TLS and the Host header."""

    def __init__(
        self,
        parts: SplitResult,
        addresses: tuple[Address, ...],
        deadline: Deadline,
        context: ssl.SSLContext | None,
    ) -> None:
        default = http.client.HTTPS_PORT if context else http.client.HTTP_PORT
        port = parts.port or default
        # An IPv6 address goes into the Host header in brackets: the base class puts them there.
        super().__init__(parts.hostname or "", port, timeout=deadline.seconds)
        # What the base class leaves out of the Host header.
        self.default_port = default
        self._addresses = addresses
        self._deadline = deadline
        self._context = context

    def connect(self) -> None:
        plain = self._deadline.connect(self._addresses, self.port)
        self.sock = plain
        if self._context is not None:
            secured = self._context.wrap_socket(plain, server_hostname=self.host)
            self._deadline.watch(secured)
            self.sock = secured


def call(
    target: Target,
    *,
    method: str = "POST",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    lookup: Lookup = look_up,
) -> None:
    """Make one call and take an answer of 2xx for success.

    Raises SendError: what went wrong, without the URL, and whether another try may help.
    """
    parts = urlsplit(read_url(target.url, allow_private=target.allow_private))
    where = parts.netloc
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with Deadline(target.timeout_s) as deadline:
        addresses = checked(
            parts.hostname or "", port, allow_private=target.allow_private, lookup=lookup
        )
        context = None
        if parts.scheme == "https":
            context = trusting(target.ca_file)
        elif not all(unwrapped(address).is_private for address in addresses):
            raise SendError("refused: http to a public address", where=where, heals=False)
        connection = _Https(parts, addresses, deadline, context)
        try:
            path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            connection.request(method, path, body or None, dict(headers or {}))
            with closing(connection.getresponse()) as answer:
                # Of a success nothing is read: however long or slow it is, the message is there.
                text = b"" if answer.status in _OK else answer.read(ANSWER_BYTES_MAX)
            if deadline.passed and answer.status not in _OK:
                raise TimeoutError
        except ssl.SSLCertVerificationError as error:
            raise SendError(
                f"its certificate is not trusted: {error.verify_message}", where=where
            ) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            late = deadline.passed or isinstance(error, TimeoutError)
            what = f"no answer within {target.timeout_s:g} s" if late else _said(error)
            raise SendError(what, where=where) from None
        finally:
            connection.close()
    _judge(answer, text, where)


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Trust the host's certificate authorities, or the one in ``ca_file`` alone.

    Raises SendError where the file cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SendError(f"ca_file cannot be used: {reason}", where=str(ca_file)) from None


def _said(error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"the call failed: {reason}"


def _judge(answer: http.client.HTTPResponse, text: bytes, where: str) -> None:
    if answer.status in _OK:
        return
    if answer.status in _REDIRECTS:
        raise SendError(
            f"answered {answer.status}: redirects are not followed", where=where, heals=False
        )
    said = " ".join(text.decode("utf-8", "replace").split())[:_SHOWN_CHARS]
    shown = "".join(char if char.isprintable() else "\ufffd" for char in said)
    raise SendError(
        f"answered {answer.status}{': ' + shown if shown else ''}",
        where=where,
        heals=answer.status not in _NEVER,
        wait_s=_asked_to_wait(answer.getheader("Retry-After")),
    )


def _asked_to_wait(text: str | None) -> float | None:
    if text is None or not text.strip().isascii() or not text.strip().isdigit():
        return None
    return min(float(text.strip()[:9]), _WAIT_MAX_S)
