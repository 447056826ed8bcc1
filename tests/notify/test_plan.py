"""What the rules file says of notifications: read whole, or refused with line and reason."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from vcanalytics.errors import SettingError
from vcanalytics.notify.channels import Mail, Slack, secrets
from vcanalytics.notify.plan import Plan, read_plan
from vcanalytics.rules_file import RulesFile

ENVIRON = {
    "SMTP_PASSWORD": "open sesame",
    "SLACK_URL": "https://hooks.slack.com/services/T0/B0/sekret",
    "GATEWAY_TOKEN": "Bearer t0ken",
    "HEARTBEAT_URL": "https://monitor.example/ping/sekret",
}
WHOLE = """
[channels.post]
type = "mail"
host = "smtp.example.com"
from = "Console <console@shop.example>"
to = ["ops@shop.example", "Boss <boss@shop.example>"]
user = "console"
password = "env:SMTP_PASSWORD"

[channels.team]
type = "slack"
url = "env:SLACK_URL"
rate_per_minute = 10

[channels.office]
type = "teams"
url = "https://prod-01.westeurope.logic.azure.com/workflows/x?sig=y"

[channels.program]
type = "webhook"
url = "http://127.0.0.1:8080/hook"
allow_private = true

[channels.phone]
type = "sms"
url = "https://gateway.example/send"
to = "+491701234567"
headers = { Authorization = "env:GATEWAY_TOKEN" }
body = '{"to": {{ to | json }}, "text": {{ text | json }}}'

[routes]
critical = ["post", "team", "phone"]
warning = ["team"]
group_wait_s = 10

[routes.escalation]
after_minutes = 20
channels = ["phone"]

[quiet_hours]
from = "22:00"
to = "07:00"

[summaries]
channels = ["post"]
daily_at = "07:30"
weekly_at = "08:00"
weekly_on = "friday"

[heartbeat]
url = "env:HEARTBEAT_URL"
"""


def read(path: Path, text: str) -> Plan:
    path.write_text(text, encoding="utf-8")
    return read_plan(RulesFile.read(path), ENVIRON)


def test_a_whole_file(tmp_path: Path) -> None:
    plan = read(tmp_path / "rules.toml", WHOLE)
    assert list(plan.channels) == ["post", "team", "office", "program", "phone"]
    post, team = plan.channels["post"], plan.channels["team"]
    assert isinstance(post, Mail)
    assert (post.port, post.tls, post.server.password) == (587, "starttls", "open sesame")
    assert isinstance(team, Slack)
    assert team.target.url == ENVIRON["SLACK_URL"]
    assert plan.channels_for("critical") == ("post", "team", "phone")
    assert plan.channels_for("info") == ()
    assert plan.quiet_hours is not None
    assert (plan.quiet_hours.start, plan.quiet_hours.end) == (time(22), time(7))
    assert plan.summaries is not None
    assert plan.summaries.weekday == 4


def test_what_is_secret_shows_in_no_picture_of_it(tmp_path: Path) -> None:
    plan = read(tmp_path / "rules.toml", WHOLE)
    shown = repr(plan) + repr(plan.channels["post"].server)  # type: ignore[union-attr]
    for secret in ("open sesame", "sekret", "t0ken"):
        assert secret not in shown
    assert secrets(plan.channels["phone"]) == ["https://gateway.example/send", "Bearer t0ken"]


def test_without_routes_everybody_is_told_of_what_matters(tmp_path: Path) -> None:
    plan = read(
        tmp_path / "rules.toml", '[channels.team]\ntype = "slack"\nurl = "https://s.example/"\n'
    )
    assert plan.channels_for("critical") == plan.channels_for("warning") == ("team",)
    assert plan.channels_for("info") == ()
    assert read(tmp_path / "rules.toml", "").channels_for("critical") == ()


_SLACK = '[channels.team]\ntype = "slack"\nurl = "https://s.example/"\n'
_MAIL = (
    '[channels.post]\ntype = "mail"\nhost = "smtp.example"\nfrom = "a@b.example"\n'
    'to = ["c@d.example"]\n'
)
_SMS = '[channels.phone]\ntype = "sms"\nurl = "https://g.example/"\nto = "+1"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[channels.team]\nurl = "https://a.example"\n', ":1: a channel needs a type"),
        ('[channels.team]\ntype = "pigeon"\n', ":2: there is no type 'pigeon' of channels"),
        (_SLACK + "colour = 1\n", ":4: there is no such key as 'colour'"),
        (_SLACK + "rate_per_minute = 0\n", ":4: rate_per_minute: input should be greater"),
        (
            '[channels.team]\ntype = "slack"\nurl = "http://s.example/sekret"\n',
            ":3: url: it must begin with https://",
        ),
        (_SLACK + "[routes]\ncritical = ['pager']\n", ":5: there is no channel 'pager'"),
        (
            _SLACK + "[routes.escalation]\nchannels = ['pager']\n",
            ":5: there is no channel 'pager'. There are: team",
        ),
        (_SLACK + "[routes]\nsevere = ['team']\n", ":5: there is no such key as 'severe'"),
        (_MAIL + 'password = "hunter2"\n', ":6: password: the file is no place for a secret"),
        (_MAIL + 'user = "u"\n', ":1: user and password go together"),
        (_MAIL + 'tls = "none"\n', ':6: tls: "none" is for a mail server on this host alone'),
        (_MAIL + 'tls = "ssl"\n', ":6: tls: input should be"),
        (
            _MAIL.replace("a@b.example", "a@b.example\\r\\nBcc: x@y.example"),
            ":4: from: an address holds no line breaks",
        ),
        (_MAIL + 'password = "env:NOT_THERE"\n', ":6: the environment has no NOT_THERE"),
        (_SLACK + 'ca_file = "/nowhere/ca.pem"\n', ":4: ca_file: there is no file"),
        (_SLACK + 'headers = { "X-A" = "a\\nB: c" }\n', ":4: headers: it holds a line break"),
        (_SLACK + 'headers = { "X A" = "a" }\n', ":4: headers: 'X A' is no name of a header"),
        (_SLACK + 'headers = { Host = "a" }\n', ":4: headers: Host is set by the console"),
        (_SMS + 'body = \'{"t": "{{ text }}"}\'\n', ":5: body: what comes out is no JSON"),
        (_SMS + "body = '{{ text'\n", ":5: body: the template cannot be used"),
        (_SMS + "body = '{{ password }}'\n", ":5: body: the template cannot be used"),
        (
            _SMS + "content_type = 'application/x-www-form-urlencoded'\nbody = 't={{ text }}'\n",
            ":6: body: what comes out is no form",
        ),
        ('[quiet_hours]\nfrom = "22:00"\nto = "7"\n', ":3: to: it must be a time of day"),
        ('[quiet_hours]\nfrom = "22:00"\nto = "22:00"\n', ":3: to: from and to are the same"),
        ("[summaries]\nchannels = []\n", ":2: channels: tuple should have at least 1 item"),
        ('[heartbeat]\nurl = "http://m.example/"\n', ":2: url: it must begin with https://"),
        (
            '[channels.Team]\ntype = "slack"\nurl = "https://s.example/"\n',
            ":1: 'Team' is no name",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingError) as caught:
        read(tmp_path / "rules.toml", text)
    assert f"rules.toml{said}" in str(caught.value)
    assert "sekret" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_body_of_a_gateway_reaches_nothing_but_its_words(tmp_path: Path) -> None:
    trick = "{{ text.__class__.__mro__[1].__subclasses__() | length }}"
    with pytest.raises(SettingError, match="the template cannot be used"):
        read(tmp_path / "rules.toml", _SMS + f"content_type = 'text/plain'\nbody = '{trick}'\n")
