"""Channels as the rules file names them: what may stand there, checked before anything is sent.

Values like ``env:NAME`` were read from the environment before they come here.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from vcanalytics.notify import wording
from vcanalytics.notify.http import Target, read_url
from vcanalytics.notify.mail import Server, Tls, read_address

_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
#: What a call sets itself.
_OWN_HEADERS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "content-type", "user-agent"}
)


def _one_line(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if any(not char.isprintable() for char in text):
        raise ValueError("it holds a line break or another sign that does not print")
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError("it holds signs that no header can carry") from None
    return value


def _file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


CaFile = Annotated[Path, AfterValidator(_file)]


class Table(BaseModel):
    """A table of the rules file: unknown keys are refused, and nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Channel(Table):
    """What every channel has."""

    #: Messages a minute. What is over waits, and then comes as one.
    rate_per_minute: int = Field(6, ge=1, le=60)
    #: Certificate authorities to trust in place of the host's.
    ca_file: CaFile | None = None
    timeout_s: float = Field(10.0, ge=1, le=60)


class Mail(_Channel):
    """Mail through an SMTP server."""

    type: Literal["mail"]
    host: str = Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")
    port: int = Field(587, ge=1, le=65_535)
    tls: Tls = Tls.STARTTLS
    sender: str = Field(alias="from")
    to: tuple[str, ...] = Field(min_length=1, max_length=50)
    user: str | None = None
    password: SecretStr | None = None
    timeout_s: float = Field(20.0, ge=1, le=60)

    @field_validator("sender", "to")
    @classmethod
    def _addresses(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        for text in (value,) if isinstance(value, str) else value:
            read_address(text)
        return value

    @field_validator("tls")
    @classmethod
    def _none_at_home(cls, value: Tls, info: ValidationInfo) -> Tls:
        # What the name means is looked at again when it is called.
        host = info.data.get("host", "")
        if value is Tls.NONE and host not in {"localhost", "::1"} and host[:4] != "127.":
            raise ValueError('"none" is for a mail server on this host alone')
        return value

    @model_validator(mode="after")
    def _both_or_none(self) -> Mail:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        return self

    @property
    def server(self) -> Server:
        """Where to hand mail over."""
        password = None if self.password is None else self.password.get_secret_value()
        return Server(
            host=self.host,
            port=self.port,
            tls=self.tls,
            user=self.user,
            password=password,
            ca_file=self.ca_file,
            timeout_s=self.timeout_s,
        )


class _Web(_Channel):
    """What every channel over HTTP has."""

    # Before the URL: its check asks for it.
    allow_private: bool = False
    url: SecretStr
    headers: dict[str, SecretStr] = Field(default_factory=dict, max_length=20)

    @field_validator("url")
    @classmethod
    def _url(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        allowed = bool(info.data.get("allow_private", False))
        read_url(value.get_secret_value(), allow_private=allowed)
        return value

    @field_validator("headers")
    @classmethod
    def _headers(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, content in value.items():
            if not _HEADER.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header")
            if name.lower() in _OWN_HEADERS:
                raise ValueError(f"{name} is set by the console")
            _one_line(content)
        return value

    @property
    def target(self) -> Target:
        """Where to call."""
        return Target(self.url.get_secret_value(), self.allow_private, self.ca_file, self.timeout_s)


class Webhook(_Web):
    """JSON of the console's own shape, for programs."""

    type: Literal["webhook"]


class Slack(_Web):
    """An incoming webhook of Slack, or of what speaks like it (Mattermost, Rocket.Chat)."""

    type: Literal["slack"]


class Teams(_Web):
    """A workflow of Microsoft Teams that waits for a webhook."""

    type: Literal["teams"]


class Sms(_Web):
    """A gateway for short messages; ``body`` is a template of what it wants to hear."""

    type: Literal["sms"]
    to: str = Field(min_length=1, max_length=100)
    content_type: Literal["application/json", "application/x-www-form-urlencoded", "text/plain"] = (
        "application/json"
    )
    chars_max: int = Field(300, ge=40, le=1_000)
    # After content_type: its check asks for it.
    body: str = Field(min_length=1, max_length=4_000)

    @field_validator("body")
    @classmethod
    def _body(cls, value: str, info: ValidationInfo) -> str:
        wording.gateway_body(
            value,
            to="+10000000000",
            # Signs that show whether the template takes care of them.
            text='A "sample"\nof 100 % & more',
            content_type=str(info.data.get("content_type", "application/json")),
        )
        return value


Web: TypeAlias = Webhook | Slack | Teams | Sms
Channel: TypeAlias = Mail | Web
KINDS: Final[dict[str, type[Channel]]] = {
    "mail": Mail,
    "webhook": Webhook,
    "slack": Slack,
    "teams": Teams,
    "sms": Sms,
}


def secrets(channel: Any) -> list[str]:
    """What must stand in no error's text: the values kept hidden, the longest first."""
    found: list[object] = []
    for name in type(channel).model_fields:
        value = getattr(channel, name)
        found += value.values() if isinstance(value, dict) else (value,)
    texts = {one.get_secret_value() for one in found if isinstance(one, SecretStr)}
    # What is shorter is no secret, and would tear holes into any text.
    return sorted((text for text in texts if len(text) >= 4), key=len, reverse=True)
