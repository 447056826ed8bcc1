"""What each kind of receiver is sent: its own shape, its limits, and nobody's markup but ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.notify.night import plan_of
from vcanalytics.notify import wording
from vcanalytics.notify.channels import Web
from vcanalytics.notify.messages import Fact, Message, Part
from vcanalytics.notify.shapes import body_of, slack, teams

HOSTILE = '<!channel> <b>"x"</b> [click](https://evil.example) *bold* & more'


def message(parts: int = 1, *, title: str = "Payments fail", text: str = "") -> Message:
    part = Part(
        title=title,
        level="critical",
        facts=(Fact(label="Value", value="40 %"), Fact(label="Limit", value="10 %")),
        text=text or "Look at PayPal's status page.",
        link="https://console.example/alerts?alert=1",
    )
    return Message(
        key="k1",
        kind="alert",
        level="critical",
        made_at=datetime(2026, 11, 27, 2, 10, tzinfo=UTC),
        subject=f"Critical: {title}",
        lead="4 of 10 payments failed",
        parts=(part,) * parts,
        link="https://console.example/alerts?alert=1",
    )


def channel(tmp_path: Path, text: str) -> Web:
    made = plan_of(tmp_path, f'[channels.c]\nurl = "https://c.example/"\n{text}').channels["c"]
    assert made.type != "mail"
    return made


def test_text_to_the_letter() -> None:
    assert (
        wording.text(message())
        == """\
4 of 10 payments failed

Payments fail
  Value: 40 %
  Limit: 10 %
  Look at PayPal's status page.

https://console.example/alerts?alert=1
"""
    )


def test_html_is_escaped_and_loads_nothing() -> None:
    html = wording.html(message(title=HOSTILE, text=HOSTILE))
    assert "<b>" not in html
    assert "&lt;b&gt;&#34;x&#34;&lt;/b&gt;" in html
    for loading in ("<img", "<script", "src=", "url(", "@import", "<link"):
        assert loading not in html


def test_slack_gets_blocks_and_calls_nobody() -> None:
    said = slack(message(title=HOSTILE))
    assert said["text"].startswith("Critical: &lt;!channel&gt;")
    header, lead, part, foot = said["blocks"]
    assert header["type"] == "header"
    assert header["text"]["type"] == "plain_text"
    assert lead["text"] == {"type": "mrkdwn", "text": "4 of 10 payments failed"}
    assert part["text"]["text"].startswith(":red_circle: *&lt;!channel&gt;")
    assert "Value: 40 %" in part["text"]["text"]
    assert foot["elements"][0]["text"] == (
        "<https://console.example/alerts?alert=1|Open in the console>"
    )
    # A header's plain text is no markup to Slack.
    assert "<!channel>" not in json.dumps([said["text"], lead, part, foot])


def test_slack_s_limits_are_kept() -> None:
    said = slack(message(60, title="t" * 5_000, text="x" * 5_000))
    assert len(said["blocks"]) <= 50
    assert len(said["blocks"][0]["text"]["text"]) <= 150
    assert all(len(block["text"]["text"]) <= 3_000 for block in said["blocks"] if "text" in block)


def card_of(said: dict[str, Any]) -> dict[str, Any]:
    (attachment,) = said["attachments"]
    assert said["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    card: dict[str, Any] = attachment["content"]
    return card


def test_teams_gets_an_adaptive_card_in_the_envelope_of_workflows() -> None:
    card = card_of(teams(message(title=HOSTILE)))
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][0]["color"] == "Attention"
    facts = next(block for block in card["body"] if block["type"] == "FactSet")
    assert facts["facts"][0] == {"title": "Value", "value": "40 %"}
    assert card["actions"] == [
        {
            "type": "Action.OpenUrl",
            "title": "Open in the console",
            "url": "https://console.example/alerts?alert=1",
        }
    ]
    # Its Markdown would make a link of it.
    assert "[click](" not in json.dumps(card)


def test_a_card_stays_below_what_teams_takes_and_says_what_is_left_out() -> None:
    said = teams(message(20, text="ü" * 3_000))
    assert len(wording.as_json(said)) <= 20_000
    assert "are left out" in card_of(said)["body"][-1]["text"]


def test_a_gateway_hears_what_its_template_says(tmp_path: Path) -> None:
    template = 'to = "+49170"\nbody = \'{"to": {{ to | json }}, "text": {{ text | json }}}\'\n'
    gateway = channel(tmp_path, f'type = "sms"\nchars_max = 70\n{template}')
    body, kind = body_of(gateway, message(title='Disk "full"\nnow'))
    said = json.loads(body)
    assert (said["to"], kind) == ("+49170", "application/json")
    assert len(said["text"]) <= 70
    # What is cut is the words; the link leads where it should.
    assert said["text"].endswith("\u2026 https://console.example/alerts?alert=1")


def test_a_gateway_that_wants_a_form(tmp_path: Path) -> None:
    form = channel(
        tmp_path,
        'type = "sms"\nto = "+49170"\ncontent_type = "application/x-www-form-urlencoded"\n'
        "body = 'To={{ to | quoted }}&Body={{ text | quoted }}'\n",
    )
    body, _ = body_of(form, message(title="a&To=+1"))
    fields = parse_qs(body.decode())
    assert fields["To"] == ["+49170"]
    assert fields["Body"][0].startswith("Critical: a&To=+1: Value 40 %, Limit 10 %")


@pytest.mark.parametrize("kind", ["slack", "teams", "webhook"])
def test_a_message_is_the_same_from_what_is_kept_of_it(tmp_path: Path, kind: str) -> None:
    made = channel(tmp_path, f'type = "{kind}"\n')
    kept = Message.model_validate_json(message(3).model_dump_json())
    assert body_of(made, kept) == body_of(made, message(3))
