"""The whole road: a fault in the source, its rule, and the message at real receivers."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.rig import environment, eventually, running
from tests.notify.receivers import mail_server, make_certificate, web_server
from tests.shop import Shop, make_shop, utc_text
from vcanalytics.store import Catalogue

RULES = """
[channels.program]
type = "webhook"
url = "{url}"
allow_private = true
[channels.post]
type = "mail"
host = "127.0.0.1"
port = {port}
tls = "none"
from = "console@example.com"
to = ["ops@example.com"]
[routes]
critical = ["program", "post"]
group_wait_s = 0
"""


def sell(shop: Shop, name: str, ago: timedelta, *, fails: bool = False) -> None:
    at = utc_text(datetime.now(UTC) - ago)
    shop.transaction(name, created_at=at)
    if fails:
        shop.update(name, status="failed", error_message="card declined")
    else:
        shop.complete(name, completed_at=at)


@pytest.mark.slow
def test_payments_that_fail_come_to_a_program_and_by_mail_once(tmp_path: Path) -> None:
    data, certificate = tmp_path / "data", make_certificate(tmp_path)
    with (
        make_shop(tmp_path / "shop.db") as shop,
        web_server() as web,
        mail_server(certificate, plain=True) as mails,
    ):
        (tmp_path / "rules.toml").write_text(RULES.format(url=web.url(), port=mails.port))
        for number in range(40):
            sell(shop, f"VC_{number}", timedelta(hours=number + 1))
        rules = str(tmp_path / "rules.toml")
        environ = environment(data, shop.url, VC_WATCHMAN="on", VC_RULES_FILE=rules)
        with running(environ):
            eventually(lambda: payments_read(data) == 40, "the past is read", within_s=60)
            with shop.batch():
                for number in range(12):
                    sell(shop, f"VC_FAILED_{number}", timedelta(), fails=True)

            (call,) = eventually(lambda: web.calls, "the program is told", within_s=90)
            (mail,) = eventually(lambda: mails.taken, "a mail has come", within_s=30)
        (alert,) = call.json["alerts"]
        assert (alert["rule"], alert["what"]) == ("failure_rate", "fired")
        assert (alert["severity"], alert["value"], alert["unit"]) == ("critical", "100 %", "%")
        assert mail["To"] == "ops@example.com"
        assert "Payments fail" in mail["Subject"]
        # Nobody is named in a message.
        assert "ann@example.com" not in call.body.decode() + mail.as_string()


def payments_read(data: Path) -> Any:
    if not (data / "catalogue.db").exists():
        return None
    with closing(Catalogue.open(data)) as catalogue:
        state = catalogue.states()["transactions"]
        return None if state.read_at is None or state.reading_history else state.rows
