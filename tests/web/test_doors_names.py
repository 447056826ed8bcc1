"""Names and origins: who may ask under which name, and whom a proxy is believed to speak for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import uvicorn.config

from tests.pages.signed_in import PASSWORD
from tests.web.rig import COOKIE, ORIGIN, House, form, house
from vcanalytics.web.addresses import Addresses, host_of
from vcanalytics.web.proxy import Forwarded, believe_nobody_else

PUBLIC = "https://console.example"


def scope(*headers: tuple[str, str], kind: str = "http", **more: Any) -> dict[str, Any]:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return {
        "type": kind,
        "method": "GET",
        "path": "/",
        "scheme": "http",
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 8501),
        "headers": raw,
        **more,
    }


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.0.0.1:8501", "localhost:8501", "LOCALHOST", "[::1]:8501", "127.8.8.8"],
)
def test_this_machine_may_speak_by_any_of_its_names(host: str) -> None:
    assert Addresses().host(scope(("host", host))) is not None


@pytest.mark.parametrize(
    "host",
    [
        "console.evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8501",
        "192.168.1.5:8501",
        "0.0.0.0:8501",
        "[::]:8501",
        "127.0.0.1:80@evil.example",
        "evil@127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1",
        "",
        "\xff",
    ],
)
def test_a_name_that_was_made_to_lead_here_is_refused(host: str) -> None:
    """DNS rebinding: the viewer's browser asks, by a name of somebody else's."""
    assert Addresses(PUBLIC).host(scope(("host", host))) is None


def test_exactly_one_host_is_named() -> None:
    assert Addresses().host(scope()) is None
    twice = (("host", "127.0.0.1:8501"), ("host", "evil.example"))
    assert Addresses().host(scope(*twice)) is None


def test_the_address_a_request_came_in_on_is_a_name_too() -> None:
    """Rebinding needs a name; who writes the address asks for nobody else."""
    asked = scope(("host", "192.0.2.7:8501"), server=("192.0.2.7", 8501))
    assert Addresses().host(asked) == "192.0.2.7"
    other = scope(("host", "192.0.2.8:8501"), server=("192.0.2.7", 8501))
    assert Addresses().host(other) is None


def test_the_public_name_is_one() -> None:
    assert Addresses(PUBLIC).host(scope(("host", "console.example"))) == "console.example"
    assert Addresses().host(scope(("host", "console.example"))) is None


@pytest.mark.parametrize("path", ["/", "/login", "/healthz", "/_stcore/health", "/nowhere"])
def test_nothing_is_answered_under_a_strangers_name(home: House, path: str) -> None:
    answer = home.client(base_url="http://evil.example:8501").get(path)
    assert answer.status_code == 403
    assert "127.0.0.1" in answer.text


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://127.0.0.1:8501", True),
        ("HTTP://127.0.0.1:8501", True),
        ("http://127.0.0.1:9999", False),
        ("https://127.0.0.1:8501", False),
        ("http://localhost:8501", False),
        ("http://127.0.0.1", False),
        ("https://evil.example", False),
        ("http://127.0.0.1:8501.evil.example", False),
        ("null", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("kind", ["websocket", "http"])
def test_sockets_and_forms_are_the_consoles_own_pages_only(
    origin: str, expected: bool, kind: str
) -> None:
    asked = scope(("host", "127.0.0.1:8501"), ("origin", origin), kind=kind, method="POST")
    assert Addresses(PUBLIC).from_own_page(asked) is expected


def test_another_sites_page_may_not_read_either() -> None:
    host = ("host", "127.0.0.1:8501")
    assert not Addresses().from_own_page(scope(host, ("origin", "https://evil.example")))
    assert not Addresses().from_own_page(scope(host, ("origin", ORIGIN), ("origin", ORIGIN)))
    # A sandboxed frame of our own, or a link followed from nowhere.
    assert Addresses().from_own_page(scope(host, ("origin", "null")))
    assert Addresses().from_own_page(scope(host))


def test_a_socket_from_no_page_at_all_is_let_in() -> None:
    asked = scope(("host", "127.0.0.1:8501"), kind="websocket")
    assert Addresses().from_own_page(asked)


def test_behind_a_proxy_that_says_no_scheme_the_public_origin_is_our_own() -> None:
    asked = scope(("host", "console.example"), ("origin", PUBLIC), method="POST")
    assert Addresses(PUBLIC).from_own_page(asked)
    assert not Addresses().from_own_page(asked)


@pytest.mark.parametrize(
    ("host", "scheme", "public", "expected"),
    [
        ("127.0.0.1:8501", "http", "", True),
        ("localhost", "http", "", True),
        ("console.example", "https", "", True),
        ("console.example", "http", PUBLIC, True),
        ("console.example", "http", "http://console.example", False),
        ("192.0.2.7:8501", "http", PUBLIC, False),
        ("192.0.2.7:8501", "wss", "", True),
    ],
)
def test_where_browsers_keep_secure_cookies(
    host: str, scheme: str, public: str, expected: bool
) -> None:
    asked = scope(("host", host), scheme=scheme)
    assert Addresses(public).keeps_secure_cookies(asked) is expected


def test_where_none_is_kept_the_cookie_is_plain(tmp_path: Path) -> None:
    with house(tmp_path, public_url="http://console.example") as home:
        asking = home.client(base_url="http://console.example")
        fields = {"username": "vera", "password": PASSWORD}
        answer = asking.post("/login", data=fields, headers={"origin": "http://console.example"})
        header = answer.headers["set-cookie"]
        assert header.startswith("vc_session=")
        assert "secure" not in header.lower()
        assert "httponly" in header.lower()


@pytest.mark.parametrize(
    ("value", "name"),
    [("a.example:80", "a.example"), ("http://[::1]:80", "::1"), ("[", None), ("", None)],
)
def test_the_name_in_a_header(value: str, name: str | None) -> None:
    assert host_of(value) == name


# Proxies


def seen_through(
    trusted: list[str], *headers: tuple[str, str], client: str = "10.0.0.1"
) -> dict[str, Any]:
    """The request as it is behind the proxies' layer."""
    found: dict[str, Any] = {}

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        found.update(scope)

    asked = scope(*headers, client=(client, 5))
    asyncio.run(Forwarded(inner, trusted)(asked, None, None))  # type: ignore[arg-type]
    return found


SAID = (
    ("x-forwarded-for", "203.0.113.9"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-host", "evil.example"),
    ("forwarded", "for=203.0.113.9"),
    ("x-real-ip", "203.0.113.9"),
)


def test_a_trusted_proxy_is_believed() -> None:
    seen = seen_through(["10.0.0.0/8"], *SAID)
    assert (seen["client"][0], seen["scheme"]) == ("203.0.113.9", "https")


@pytest.mark.parametrize("trusted", [[], ["10.0.0.2/32"], ["127.0.0.0/8"]])
def test_nobody_else_is(trusted: list[str]) -> None:
    seen = seen_through(trusted, *SAID)
    assert (seen["client"][0], seen["scheme"]) == ("10.0.0.1", "http")


def test_of_what_a_client_made_up_only_the_proxys_own_word_counts() -> None:
    said = ("x-forwarded-for", "127.0.0.1, 198.51.100.1, 203.0.113.9, 10.0.0.7")
    assert seen_through(["10.0.0.0/8"], said)["client"][0] == "203.0.113.9"


@pytest.mark.parametrize("trusted", [[], ["10.0.0.0/8"]])
def test_no_forwarding_header_goes_further(trusted: list[str]) -> None:
    seen = seen_through(trusted, ("host", "a.example"), *SAID)
    assert seen["headers"] == [(b"host", b"a.example")]


@pytest.fixture
def mended() -> Iterator[None]:
    theirs = vars(uvicorn.config)["ProxyHeadersMiddleware"]
    believe_nobody_else()
    yield
    setattr(uvicorn.config, "ProxyHeadersMiddleware", theirs)  # noqa: B010


def test_the_server_believes_nobody_by_itself(mended: None) -> None:
    """Left alone it believes whatever any process of this machine says."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["client"], scope["scheme"]))

    config = uvicorn.Config(app, lifespan="off")
    config.load()
    asyncio.run(config.loaded_app(scope(*SAID), None, None))
    assert seen == [(("127.0.0.1", 5), "http")]


def test_per_address_limits_go_by_the_client_behind_the_proxy(tmp_path: Path) -> None:
    with house(tmp_path, trusted_proxies=("127.0.0.1/32",), sign_in_tries=2) as home:

        def guess(address: str) -> int:
            fields = form(username=f"nobody-{address}", password="x")
            fields["headers"]["x-forwarded-for"] = address
            return int(home.client().post("/login", **fields).status_code)

        assert [guess("203.0.113.1") for _ in range(4)][-1] == 429
        assert guess("203.0.113.2") == 401
        failed = home.accounts.audit(action="sign_in_failed")
        assert {entry.address for entry in failed} == {"203.0.113.1", "203.0.113.2"}


def test_a_client_cannot_make_up_its_address(tmp_path: Path) -> None:
    with house(tmp_path, sign_in_tries=1) as home:
        statuses = []
        for number in range(8):
            fields = form(username=f"nobody {number}", password="x")
            fields["headers"]["x-forwarded-for"] = f"203.0.113.{number}"
            statuses.append(home.client().post("/login", **fields).status_code)
        assert statuses[-1] == 429
        assert {e.address for e in home.accounts.audit(action="sign_in_failed")} == {"127.0.0.1"}


def test_behind_tls_the_cookie_is_secure_and_the_browser_told_to_stay(tmp_path: Path) -> None:
    with house(tmp_path, public_url=PUBLIC, trusted_proxies=("127.0.0.1/32",)) as home:
        asking = home.client(
            base_url="http://console.example", headers={"x-forwarded-proto": "https"}
        )
        fields = {"username": "vera", "password": PASSWORD}
        answer = asking.post("/login", data=fields, headers={"origin": PUBLIC})
        assert answer.status_code == 303
        assert answer.headers["set-cookie"].startswith(f"{COOKIE}=")
        assert "max-age=31536000" in answer.headers["strict-transport-security"]
    with house(tmp_path / "other") as home:
        assert "strict-transport-security" not in home.client().get("/login").headers
