"""Asking what a probe names. Every answer is bounded in size, and in time as a whole.

A server that trickles bytes is silent too: a limit on each read alone would wait for it for ever.
"""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
import threading
import time
from functools import cache
from typing import Final

import httpx2

from vcanalytics.errors import ConsoleError
from vcanalytics.health.probes import HttpProbe, Probe, SmtpProbe, TcpProbe

#: A word is looked for in so much of an answer.
BODY_BYTES_MAX: Final = 65_536
#: What is asked is told who asks, and to send what can be read as it comes.
_HEADERS: Final = {"User-Agent": "vectorcraft-console", "Accept-Encoding": "identity"}


class Unwell(ConsoleError):
    """What a probe asked did not answer as it should."""


def ask(probe: Probe) -> str:
    """What was answered, in a few words. Raises Unwell where that was wrong, late, or nothing."""
    _trusted()
    began = time.monotonic()
    try:
        if isinstance(probe, HttpProbe):
            said = asyncio.run(_http(probe))
        elif isinstance(probe, TcpProbe):
            said = asyncio.run(_tcp(probe))
        else:
            said = _smtp(probe)
    except TimeoutError:
        raise Unwell(f"no answer within {probe.timeout_s:g} s") from None
    except (OSError, httpx2.HTTPError, smtplib.SMTPException) as error:
        # An error's own text; of some it is empty.
        raise Unwell(_words(error)) from None
    return f"{said} in {(time.monotonic() - began) * 1_000:,.0f} ms"


def _words(error: Exception) -> str:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(reason.split())[:200] or type(error).__name__


@cache
def _trusted() -> ssl.SSLContext:
    """Whom this host trusts. Read once: it takes longer than most answers."""
    return ssl.create_default_context()


async def _http(probe: HttpProbe) -> str:
    # No redirects: what was named is what is asked. No proxies of the environment either.
    client = httpx2.AsyncClient(
        headers=_HEADERS,
        timeout=probe.timeout_s,
        follow_redirects=False,
        trust_env=False,
        verify=_trusted(),
    )
    async with (
        asyncio.timeout(probe.timeout_s),
        client,
        client.stream("GET", probe.url) as answer,
    ):
        if answer.status_code != probe.status:
            raise Unwell(f"it answers {answer.status_code}, not {probe.status}")
        if probe.word and not await _holds(answer, probe.word.encode()):
            raise Unwell("its answer does not hold the word that is looked for")
        return f"it answers {answer.status_code}"


async def _holds(answer: httpx2.Response, word: bytes) -> bool:
    found = b""
    async for piece in answer.aiter_raw():
        found += piece[: BODY_BYTES_MAX - len(found)]
        if word in found:
            return True
        if len(found) >= BODY_BYTES_MAX:
            break
    return False


async def _tcp(probe: TcpProbe) -> str:
    async with asyncio.timeout(probe.timeout_s):
        _, writer = await asyncio.open_connection(probe.host, probe.port)
        writer.close()
    return "it takes connections"


def _smtp(probe: SmtpProbe) -> str:
    deadline = time.monotonic() + probe.timeout_s
    server: smtplib.SMTP
    if probe.tls == "implicit":
        server = smtplib.SMTP_SSL(timeout=probe.timeout_s, context=_trusted())
    else:
        server = smtplib.SMTP(timeout=probe.timeout_s)
    # Whose certificate is looked for: it is taken from the constructor alone, which would connect
    # before anybody could cut it off.
    server._host = probe.host  # type: ignore[attr-defined]  # noqa: SLF001
    late = threading.Timer(probe.timeout_s, _cut, [server])
    late.daemon = True
    late.start()
    try:
        _converse(server, probe)
    except (OSError, smtplib.SMTPException, Unwell):
        # Cut off in the middle, half an answer may read as a whole one.
        if time.monotonic() >= deadline:
            raise TimeoutError from None
        raise
    finally:
        late.cancel()
        server.close()
    return "it greets"


def _converse(server: smtplib.SMTP, probe: SmtpProbe) -> None:
    code, _ = server.connect(probe.host, probe.port)
    if code != 220:
        raise Unwell(f"it greets with {code}")
    server.ehlo_or_helo_if_needed()
    if probe.tls == "starttls":
        server.starttls(context=_trusted())
        server.ehlo_or_helo_if_needed()
    code, _ = server.noop()
    if code != 250:
        raise Unwell(f"it answers {code}")


def _cut(server: smtplib.SMTP) -> None:
    """End a conversation that has lasted too long, in the middle of whatever it waits for."""
    connection = getattr(server, "sock", None)
    if connection is not None:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return
