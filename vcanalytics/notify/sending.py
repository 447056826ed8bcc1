"""One message through one channel, now: the place where all kinds of channels are told apart."""

from __future__ import annotations

from vcanalytics.notify import mail, wording
from vcanalytics.notify.addresses import Lookup, look_up
from vcanalytics.notify.channels import Channel, Mail, Web, secrets
from vcanalytics.notify.errors import SendError
from vcanalytics.notify.http import call
from vcanalytics.notify.messages import Message
from vcanalytics.notify.shapes import body_of

_AGENT = "VectorCraft-console"
_HIDDEN = "***"


def send(channel: Channel, message: Message, *, lookup: Lookup = look_up) -> str | None:
    """Hand a message over; a remark where it was not taken for everybody.

    A second call with the same message says the same under the same name (Message-ID, id and
    Idempotency-Key), so that a receiver can tell. Raises SendError; no secret stands in it.
    """
    try:
        if isinstance(channel, Mail):
            return _by_mail(channel, message)
        _over_http(channel, message, lookup)
    except SendError as error:
        what = str(error)
        for secret in secrets(channel):
            what = what.replace(secret, _HIDDEN)
        raise SendError(what, heals=error.heals, wait_s=error.wait_s) from None
    return None


def _by_mail(channel: Mail, message: Message) -> str | None:
    made = mail.make_mail(
        sender=mail.read_address(channel.sender),
        to=[mail.read_address(text) for text in channel.to],
        subject=f"[VectorCraft] {message.subject}",
        text=wording.text(message),
        html=wording.html(message),
        key=message.key,
        now=message.made_at,
    )
    return mail.send(channel.server, made)


def _over_http(channel: Web, message: Message, lookup: Lookup) -> None:
    try:
        body, kind = body_of(channel, message)
    except ValueError as error:
        raise SendError(str(error), heals=False) from None
    headers = {
        "User-Agent": _AGENT,
        "Idempotency-Key": message.key,
        **{name: value.get_secret_value() for name, value in channel.headers.items()},
        "Content-Type": kind if kind.startswith("application/x-") else f"{kind}; charset=utf-8",
    }
    call(channel.target, body=body, headers=headers, lookup=lookup)
