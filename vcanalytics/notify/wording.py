"""Messages as text and HTML, by the templates in this folder. HTML is escaped by the engine."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final
from urllib.parse import quote_plus

from jinja2 import Environment, PackageLoader, StrictUndefined, TemplateError, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from vcanalytics.notify.messages import Message

BODY_CHARS_MAX: Final = 8_000
#: Colours of mail, where no theme is known: readable on white and on black alike.
_COLOURS: Final = {"critical": "#d03b3b", "warning": "#b26a00", "info": "#3d6db5", "ok": "#2e7d4f"}


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("vcanalytics.notify"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def _render(name: str, message: Message) -> str:
    template = _environment().get_template(name)
    return template.render(message=message, colours=_COLOURS)


def text(message: Message) -> str:
    """The message as plain text: a mail's first part, and what the delivery's page shows."""
    return _render("message.txt", message).strip() + "\n"


def html(message: Message) -> str:
    """The message as a mail's HTML part. It loads nothing from anywhere."""
    return _render("message.html", message)


def short(message: Message, chars_max: int) -> str:
    """The message in a line or two, its link whole, for what is paid by the character."""
    link = f" {message.link}" if message.link else ""
    room = chars_max - len(link)
    said = message.subject
    if len(message.parts) == 1 and message.parts[0].facts:
        said += ": " + ", ".join(f"{f.label} {f.value}" for f in message.parts[0].facts)
    return (said if len(said) <= room else said[: max(room - 1, 0)] + "\u2026") + link


@cache
def _gateway() -> ImmutableSandboxedEnvironment:
    # The operator's own template: it gets text alone, and no way to anything else.
    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    made.filters["quoted"] = lambda value: quote_plus(str(value))
    made.filters["json"] = lambda value: json.dumps(str(value))
    return made


def gateway_body(template: str, *, content_type: str, **values: str) -> bytes:
    """What a gateway is sent. Values are text: ``to`` and ``text``.

    Raises ValueError where the template cannot be used, or what comes out is no JSON but should be.
    """
    try:
        body = _gateway().from_string(template).render(**values)
    except (TemplateError, TypeError, ArithmeticError, LookupError) as error:
        raise ValueError(f"the template cannot be used: {error}") from None
    if len(body) > BODY_CHARS_MAX:
        raise ValueError(f"the body is longer than {BODY_CHARS_MAX:,} signs")
    if content_type == "application/json":
        try:
            json.loads(body)
        except ValueError:
            raise ValueError(
                "what comes out is no JSON: write {{ text | json }}, without quotes around it"
            ) from None
    if content_type == "application/x-www-form-urlencoded" and any(
        char.isspace() or not char.isascii() for char in body
    ):
        raise ValueError("what comes out is no form: write {{ text | quoted }}")
    return body.encode("utf-8")


def as_json(value: Any) -> bytes:
    """JSON as it is sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
