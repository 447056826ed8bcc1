"""Messages as each kind of receiver wants them over HTTP."""

from __future__ import annotations

from typing import Any, Final

from vcanalytics.notify.channels import Slack, Sms, Teams, Web
from vcanalytics.notify.messages import Message, Part
from vcanalytics.notify.wording import as_json, gateway_body, short, text

#: Slack takes 50 blocks, 150 characters in a header and 3,000 in a section.
_SLACK_BLOCKS: Final = 45
_SLACK_HEADER: Final = 150
_SLACK_SECTION: Final = 2_900
#: Teams refuses more than 28 KB, of which its own envelope takes some 4.
_TEAMS_BYTES: Final = 20_000
_SIGNS: Final = {
    "critical": ":red_circle:",
    "warning": ":large_orange_circle:",
    "info": ":large_blue_circle:",
    "ok": ":white_check_mark:",
}
_TEAMS_COLOURS: Final = {
    "critical": "Attention",
    "warning": "Warning",
    "info": "Accent",
    "ok": "Good",
}
_MARKDOWN: Final = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]()#~<>|"})


def body_of(channel: Web, message: Message) -> tuple[bytes, str]:
    """The body and its content type."""
    match channel:
        case Slack():
            return as_json(slack(message)), "application/json"
        case Teams():
            return as_json(teams(message)), "application/json"
        case Sms():
            said = short(message, channel.chars_max)
            kind = channel.content_type
            return gateway_body(channel.body, content_type=kind, to=channel.to, text=said), kind
        case _:
            return as_json(plain(message)), "application/json"


def plain(message: Message) -> dict[str, Any]:
    """JSON for programs: the shape that docs/notifications.md describes."""
    return {
        "version": 1,
        "id": message.key,
        "kind": message.kind,
        "level": message.level,
        "made_at": message.made_at.isoformat(),
        "subject": message.subject,
        "text": text(message),
        "link": message.link,
        "more": message.more,
        "parts": [
            {
                "title": part.title,
                "level": part.level,
                "facts": {fact.label: fact.value for fact in part.facts},
                "text": part.text,
                "link": part.link,
            }
            for part in message.parts
        ],
        "alerts": list(message.data),
    }


def _slack_text(value: str) -> str:
    # With these, text names nobody (<!channel>) and links nowhere.
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _slack_part(part: Part) -> dict[str, Any]:
    lines = [f"{_SIGNS[part.level]} *{_slack_text(part.title)}*"]
    lines += [f"{_slack_text(fact.label)}: {_slack_text(fact.value)}" for fact in part.facts]
    if part.text:
        lines.append(_slack_text(part.text))
    if part.link:
        lines.append(f"<{_slack_text(part.link)}|Open>")
    said = "\n".join(lines)
    return {"type": "section", "text": {"type": "mrkdwn", "text": said[:_SLACK_SECTION]}}


def slack(message: Message) -> dict[str, Any]:
    """Blocks, and a line for notifications on a phone."""
    foot = [_slack_text(message.more)] if message.more else []
    if message.link:
        foot.append(f"<{_slack_text(message.link)}|Open in the console>")
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": message.subject[:_SLACK_HEADER]}},
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": _slack_text(message.lead)[:_SLACK_SECTION]},
        },
        *(_slack_part(part) for part in message.parts[:_SLACK_BLOCKS]),
    ]
    if foot:
        blocks.append(
            {"type": "context", "elements": [{"type": "mrkdwn", "text": "\n".join(foot)}]}
        )
    return {"text": _slack_text(message.subject), "blocks": blocks}


def _line(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": said.translate(_MARKDOWN), "wrap": True, **more}


def _teams_part(part: Part) -> list[dict[str, Any]]:
    found = [_line(part.title, weight="Bolder", color=_TEAMS_COLOURS[part.level], spacing="Medium")]
    if part.facts:
        facts = [
            {"title": fact.label.translate(_MARKDOWN), "value": fact.value.translate(_MARKDOWN)}
            for fact in part.facts
        ]
        found.append({"type": "FactSet", "facts": facts})
    if part.text:
        found.append(_line(part.text, isSubtle=True))
    return found


def teams(message: Message) -> dict[str, Any]:
    """An Adaptive Card in the envelope that the Workflows app waits for; at most 28 KB."""
    parts = list(message.parts)
    while True:
        card = _card(message, parts)
        if len(as_json(card)) <= _TEAMS_BYTES or not parts:
            return card
        # What is cut is said, and stands on the page.
        parts = parts[: len(parts) // 2]


def _card(message: Message, parts: list[Part]) -> dict[str, Any]:
    body = [
        _line(message.subject, weight="Bolder", size="Medium", color=_TEAMS_COLOURS[message.level]),
        _line(message.lead[:2_000]),
    ]
    for part in parts:
        body += _teams_part(part)
    more = message.more
    if len(parts) < len(message.parts):
        more = f"{len(message.parts) - len(parts)} of those listed elsewhere are left out. {more}"
    if more:
        body.append(_line(more.strip(), isSubtle=True))
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        # Workflows refuse newer ones.
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    if message.link:
        content["actions"] = [
            {"type": "Action.OpenUrl", "title": "Open in the console", "url": message.link}
        ]
    return {
        "type": "message",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": content,
            }
        ],
    }
