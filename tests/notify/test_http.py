"""Web calls: bounded, to checked addresses alone, without redirects and proxies."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from time import monotonic

import pytest

from tests.notify.receivers import Web
from vcanalytics.notify.addresses import checked, look_up
from vcanalytics.notify.errors import SendError
from vcanalytics.notify.http import Target, call, read_url


def refused(target: Target, **more: object) -> SendError:
    with pytest.raises(SendError) as caught:
        call(target, **more)  # type: ignore[arg-type]
    return caught.value


def test_a_call_is_made_once_with_its_headers_and_body(web: Web) -> None:
    target = Target(web.url("/a/b?c=d"), allow_private=True)
    call(target, body=b"{}", headers={"X-Token": "t"})
    (one,) = web.calls
    assert (one.method, one.path, one.body) == ("POST", "/a/b?c=d", b"{}")
    assert one.headers["X-Token"] == "t"
    assert one.headers["Host"] == f"127.0.0.1:{web.port}"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "[fe80::1]",
        "[fd00:ec2::254]",
        "[fc00::1]",
        "0.0.0.0",
        "[::]",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ],
)
def test_addresses_of_the_inside_are_refused_however_they_are_written(host: str, web: Web) -> None:
    error = refused(Target(f"https://{host}:{web.port}/"))
    assert "refused: " in error.what
    assert not error.heals
    assert web.calls == []


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200"])
def test_metadata_services_are_refused_even_where_private_addresses_are_allowed(host: str) -> None:
    error = refused(Target(f"https://{host}/", allow_private=True))
    assert "is a link-local or metadata address" in error.what


def test_what_is_private_goes_without_tls_and_nothing_else() -> None:
    error = refused(Target("http://hook.test/", allow_private=True), lookup=lambda *_: ["8.8.8.8"])
    assert "refused: http to a public address" in error.what


def test_a_name_is_refused_for_any_of_its_addresses() -> None:
    def both(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", "127.0.0.1"]

    assert "refused: 127.0.0.1" in refused(Target("https://hook.test/"), lookup=both).what


def test_the_connection_goes_to_the_address_that_was_checked(
    secure_web: Web, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def look(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    def never(*_args: object, **_more: object) -> None:
        raise AssertionError("the name was looked up once more")

    real = socket.getaddrinfo

    def numeric(host: str, *args: object, **more: object) -> object:
        assert host == "127.0.0.1", "the name was looked up once more"
        return real(host, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", numeric)
    url = secure_web.url(scheme="https", host="hook.test")
    target = Target(url, allow_private=True, ca_file=certificate)
    call(target, lookup=look)
    # TLS held the server to the name, and the server saw it.
    assert asked == ["hook.test"]
    assert secure_web.calls[0].headers["Host"] == f"hook.test:{secure_web.port}"


def test_a_certificate_that_nobody_vouches_for_is_refused(
    secure_web: Web, certificate: Path
) -> None:
    url = secure_web.url(scheme="https", host="localhost")
    error = refused(Target(url, allow_private=True))
    assert "its certificate is not trusted" in error.what
    wrong = refused(
        Target(
            secure_web.url(scheme="https", host="other.test"),
            allow_private=True,
            ca_file=certificate,
        ),
        lookup=lambda _host, _port: ["127.0.0.1"],
    )
    assert "its certificate is not trusted" in wrong.what
    assert secure_web.calls == []


def test_a_redirect_is_not_followed(web: Web) -> None:
    web.answer(302, Location=web.url("/elsewhere"))
    error = refused(Target(web.url(), allow_private=True))
    assert "answered 302: redirects are not followed" in error.what
    assert [one.path for one in web.calls] == ["/hook"]
    assert not error.heals


def test_proxies_of_the_environment_are_not_used(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    call(Target(web.url(), allow_private=True))
    assert len(web.calls) == 1


def test_who_answers_for_ever_is_left(web: Web) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        """A byte of the headers at a time, for ever."""
        handler.wfile.write(b"HTTP/1.1 500 slow\r\n")
        while not web.released.wait(0.02):
            handler.wfile.write(b"X")

    web.answer_by(drip)
    begun = monotonic()
    error = refused(Target(web.url(), allow_private=True, timeout_s=0.3))
    assert "no answer within 0.3 s" in error.what
    assert error.heals
    assert monotonic() - begun < 3


def test_who_never_answers_is_left(web: Web) -> None:
    def silent(_handler: BaseHTTPRequestHandler) -> None:
        web.released.wait(10)

    web.answer_by(silent)
    assert (
        "no answer within 0.2 s"
        in refused(Target(web.url(), allow_private=True, timeout_s=0.2)).what
    )


def test_an_endless_answer_of_success_is_not_read(web: Web) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not web.released.is_set():
            handler.wfile.write(b"x" * 65_536)

    web.answer_by(endless)
    call(Target(web.url(), allow_private=True, timeout_s=5))


def test_an_endless_answer_of_failure_is_cut(web: Web) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(500)
        handler.end_headers()
        while not web.released.is_set():
            handler.wfile.write(b"no \x1b[31m" * 9_000)

    web.answer_by(endless)
    error = refused(Target(web.url(), allow_private=True, timeout_s=5))
    assert error.what.startswith("answered 500: no")
    assert len(error.what) < 300
    assert "\x1b" not in error.what


@pytest.mark.parametrize(
    ("status", "heals"), [(400, False), (403, True), (413, False), (429, True), (503, True)]
)
def test_what_may_heal_is_told_from_what_never_will(web: Web, status: int, heals: bool) -> None:
    web.answer(status, Retry_After="120")
    error = refused(Target(web.url(), allow_private=True))
    assert (error.heals, error.wait_s) == (heals, 120.0)


def test_a_listener_that_takes_nothing_costs_no_thread() -> None:
    before = threading.active_count()
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(1)
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        assert "no answer" in refused(Target(url, allow_private=True, timeout_s=0.2)).what
    assert threading.active_count() <= before + 1


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://hooks.example.com/", "https"),
        ("ftp://hooks.example.com/", "https"),
        ("https://user:secret@hooks.example.com/", "headers"),
        ("https://hooks.example.com/a b", "blanks"),
        ("https://hooks.example.com/\r\nHost: x", "blanks"),
        ("https://hooks.example.com\\@127.0.0.1/", "password"),
        ("https://hööks.example.com/", "ASCII"),
        ("https://hooks.example.com:0/", "https"),
        ("https://hooks.example.com:99999/", "no URL"),
        ("https:///x", "https"),
        ("https://h/#f", "fragment"),
    ],
)
def test_urls_that_are_none(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        read_url(url, allow_private=False)
    assert "secret" not in str(caught.value)


def test_a_name_without_address_may_have_one_later() -> None:
    def none(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(SendError, match="Name or service not known") as caught:
        checked("nowhere.invalid", 443, allow_private=False, lookup=none)
    assert caught.value.heals


def test_what_the_hosts_resolver_says_is_one_address_each() -> None:
    assert set(look_up("localhost", 80)) <= {"127.0.0.1", "::1"}
