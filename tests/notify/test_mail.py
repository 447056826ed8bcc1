"""Mail over a real SMTP server: TLS, passwords, refusals, and no line breaks in headers."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from tests.notify.receivers import Mails, impostor, mail_server
from vcanalytics.notify.errors import SendError
from vcanalytics.notify.mail import Server, Tls, make_mail, read_address, send

NOW = datetime(2026, 11, 27, 2, 10, tzinfo=UTC)


def a_mail(subject: str = "Critical: payments fail", **more: object) -> EmailMessage:
    values = {
        "sender": read_address("Console <console@shop.example>"),
        "to": [read_address("ops@shop.example")],
        "subject": subject,
        "text": "4 of 10 payments failed\n",
        "html": "<p>4 of 10 payments failed</p>",
        "key": "k1",
        "now": NOW,
    } | more
    return make_mail(**values)  # type: ignore[arg-type]


@pytest.fixture
def server(mails: Mails, certificate: Path) -> Server:
    return Server(
        "localhost", mails.port, Tls.STARTTLS, "console", "open sesame", certificate, timeout_s=5
    )


def test_a_mail_arrives_over_starttls_after_signing_in(server: Server, mails: Mails) -> None:
    assert send(server, a_mail()) is None
    (mail,) = mails.taken
    assert mail["Subject"] == "Critical: payments fail"
    assert mail["From"] == "Console <console@shop.example>"
    assert mail["Message-ID"] == "<k1@shop.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = mail.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert text.get_content().strip() == "4 of 10 payments failed"
    assert html.get_content_type() == "text/html"
    assert mails.logins == [(b"console", b"open sesame")]


def test_a_mail_arrives_over_tls_from_the_first_byte(certificate: Path) -> None:
    with mail_server(certificate, tls=True) as mails:
        send(Server("localhost", mails.port, Tls.TLS, ca_file=certificate, timeout_s=5), a_mail())
        assert len(mails.taken) == 1


def test_without_tls_a_mail_goes_to_this_host_alone(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server(certificate, plain=True) as mails:
        server = Server("localhost", mails.port, Tls.NONE, timeout_s=5)
        send(server, a_mail())
        assert len(mails.taken) == 1
        # A name that meant this host when the file was read may mean another one later.
        monkeypatch.setattr(
            "vcanalytics.notify.mail.ip_address",
            lambda _text: IPv4Address("192.0.2.1"),
        )
        with pytest.raises(SendError, match="on this host alone"):
            send(server, a_mail())
        assert len(mails.taken) == 1


def test_a_server_that_cannot_prove_its_name_gets_nothing(
    server: Server, certificate: Path
) -> None:
    with (
        impostor(certificate) as (port, heard),
        pytest.raises(SendError, match="certificate is not trusted"),
    ):
        send(replace(server, port=port, ca_file=None), a_mail())
    assert [line.split()[0] for line in heard if line] == [b"ehlo", b"STARTTLS"]


def test_a_server_without_starttls_gets_neither_password_nor_mail(certificate: Path) -> None:
    with mail_server(certificate, plain=True) as mails:
        server = Server("localhost", mails.port, Tls.STARTTLS, "console", "open sesame")
        with pytest.raises(SendError, match="STARTTLS"):
            send(replace(server, ca_file=certificate), a_mail())
        assert (mails.taken, mails.logins) == ([], [])


def test_a_wrong_password_may_be_mended_and_is_not_told(server: Server, mails: Mails) -> None:
    with pytest.raises(SendError, match="535") as caught:
        send(replace(server, password="wrong password"), a_mail())
    assert caught.value.heals
    assert "wrong password" not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "said", "heals"),
    [
        ("drop", "could not be handed over|421", True),
        ("451 come back later", "451 come back later", True),
        ("554 we want none of this", "554 we want none of this", False),
    ],
)
def test_what_the_server_says_to_the_mail(
    server: Server, mails: Mails, answer: str, said: str, heals: bool
) -> None:
    mails.answers.append(answer)
    with pytest.raises(SendError, match=said) as caught:
        send(server, a_mail())
    assert caught.value.heals is heals
    assert mails.taken == []


def test_what_is_not_taken_for_all_is_remarked_and_not_sent_again(
    server: Server, mails: Mails
) -> None:
    mails.refused.add("gone@shop.example")
    to = [read_address("ops@shop.example"), read_address("gone@shop.example")]
    assert send(server, a_mail(to=to)) == f"localhost:{mails.port}: not taken for gone@shop.example"
    assert mails.to == [["ops@shop.example"]]
    mails.refused.add("ops@shop.example")
    with pytest.raises(SendError, match="refused every address: 550") as caught:
        send(server, a_mail(to=to))
    assert not caught.value.heals


def test_a_server_that_is_silent_is_left() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        server = Server("127.0.0.1", deaf.getsockname()[1], Tls.NONE, timeout_s=0.2)
        with pytest.raises(SendError, match=r"no answer within 0\.2 s") as caught:
            send(server, a_mail())
    assert caught.value.heals


def test_a_subject_stays_one_line(server: Server, mails: Mails) -> None:
    send(server, a_mail("Payments fail\r\nBcc: thief@evil.example\n\nHello"))
    (mail,) = mails.taken
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Payments fail Bcc: thief@evil.example Hello"
    assert mails.to == [["ops@shop.example"]]


@pytest.mark.parametrize(
    "text",
    [
        "ops@shop.example\r\nBcc: thief@evil.example",
        "Ops\nBcc: thief@evil.example <ops@shop.example>",
        "ops",
        "@shop.example",
        "ops@",
        "ops@shop",
        "ops@shop.example, thief@evil.example",
        "<ops@shop.example",
        "Ops <ops@shop.example> x",
        "",
        "öps@shop.example",
    ],
)
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"address|look like"):
        read_address(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("ops@shop.example", "ops@shop.example"),
        ("Operators <ops@shop.example>", "Operators <ops@shop.example>"),
        ('"Ops, nights" <ops@shop.example>', '"Ops, nights" <ops@shop.example>'),
        ("Öps <ops@shop.example>", "Öps <ops@shop.example>"),
    ],
)
def test_addresses(text: str, kept: str) -> None:
    assert str(read_address(text)) == kept
