"""The doors: who is let in, what is shut to everybody, and what the inside is told."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.web.rig import COOKIE, ORIGIN, House, house
from vcanalytics.accounts import Role
from vcanalytics.model import pages
from vcanalytics.web.access import PAGES, is_plain
from vcanalytics.web.headers import installed

#: Streamlit's own, the console's, and what a page loads.
SHUT = [
    *PAGES,
    "/admin/base.js",
    "/admin/painted",
    "/admin/export/transactions.csv",
    "/admin/api/health",
    "/admin/api/metrics/live",
    "/static/js/index.js",
    "/app/static/thing.json",
    "/media/0123.csv",
    "/component/streamlit_autorefresh.st_autorefresh/index.html",
    "/_stcore/bidi-components/x/y.js",
    "/manifest.json",
    "/nowhere",
]
#: What is not there for anybody, an admin neither.
NOWHERE = [
    "/_stcore/metrics",
    "/_stcore/script-health-check",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
    "/_stcore/agent/openapi.json",
    "/_stcore/allowed-message-origins",
    "/oauth2callback",
    "/_stcore/health/",
    "/auth/login",
    "/auth/logout",
    "/nowhere",
    "/index.html",
    "/Transactions",
    "/transactions/",
    "/LOGIN",
    "/login/",
]


def inside(answer: httpx2.Response) -> dict[str, list[str]]:
    """The headers Streamlit would have seen."""
    assert answer.status_code == 200, answer.text
    seen: dict[str, list[str]] = {}
    for name, value in answer.json()["inside"]:
        seen.setdefault(name, []).append(value)
    return seen


def went_in(answer: httpx2.Response) -> bool:
    return "inside" in answer.text or "<div id=" in answer.text


def test_every_page_that_a_view_may_name_has_its_role_and_the_other_way_round() -> None:
    assert set(PAGES) == pages.PAGES


@pytest.mark.parametrize("path", SHUT)
def test_nobody_gets_in_without_signing_in(home: House, path: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        answer = home.client().request(method, path)
        assert answer.status_code in {303, 401}, (method, answer.status_code)
        assert not went_in(answer)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_only_three_methods_are_spoken(home: House, method: str) -> None:
    for path in ("/login", "/transactions", "/healthz", "/admin/api/health", "/_stcore/health"):
        for asking in (home.client(), home.as_("ada")):
            answer = asking.request(method, path)
            assert answer.status_code == 405
            assert not went_in(answer)


def test_files_are_put_by_operators_from_the_consoles_own_page_alone(home: House) -> None:
    path, own = "/_stcore/upload_file/a/b", {"origin": ORIGIN}
    for method in ("PUT", "DELETE"):
        assert home.client().request(method, path, headers=own).status_code == 401
        assert home.as_("vera").request(method, path, headers=own).status_code == 403
        assert went_in(home.as_("olga").request(method, path, headers=own))
        elsewhere = {"origin": "https://evil.example"}
        assert home.as_("olga").request(method, path, headers=elsewhere).status_code == 403
    for method in ("GET", "HEAD", "POST", "PATCH", "OPTIONS"):
        assert home.as_("olga").request(method, path, headers=own).status_code == 405
    # Pages are for people: a token puts nothing.
    token = home.accounts.create_token("feeder", Role.OPERATOR, by="test")
    bearer = {"authorization": f"Bearer {token}"}
    assert home.client().put(path, headers=bearer).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_a_page_leads_to_sign_in_and_back(home: House, path: str) -> None:
    answer = home.client().get(f"{path}?range=7d&status=a%26b")

    assert answer.status_code == 303
    to = urlsplit(answer.headers["location"])
    assert (to.scheme, to.netloc, to.path) == ("", "", "/login")
    assert parse_qs(to.query)["next"] == [f"{path}?range=7d&status=a%26b"]


def test_a_program_is_refused_in_the_contracts_shape(home: House) -> None:
    answer = home.client().get("/admin/api/health")

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    told = answer.json()
    assert told["success"] is False
    assert datetime.fromisoformat(told["timestamp"]).tzinfo is not None
    assert set(told["error"]) == {"code", "message"}


def test_what_is_open_is_open(home: House) -> None:
    asking = home.client()
    assert asking.get("/healthz").json() in ({"status": "ok"}, {"status": "degraded"})
    for path in ("/login", "/login/style.css", "/app/static/icon.svg"):
        assert asking.get(path).status_code == 200, path
    font = "/app/static/fonts/hanken-grotesk-latin-wght-normal.woff2"
    assert went_in(asking.get(font))


def test_what_streamlits_page_asks_before_it_connects_tells_nothing(home: House) -> None:
    """A page left open asks it also when its session has ended, on its way to the socket."""
    asking = home.client()
    assert asking.get("/_stcore/health").text == "ok"
    config = asking.get("/_stcore/host-config").json()
    assert config["allowedOrigins"] == []
    assert config["metricsUrl"] == ""
    assert not config["useExternalAuthToken"]
    for path in ("/_stcore/health", "/_stcore/host-config"):
        assert "set-cookie" not in asking.get(path).headers
        assert asking.post(path).status_code == 405


@pytest.mark.parametrize("path", NOWHERE)
def test_what_the_console_does_not_use_is_not_there(home: House, path: str) -> None:
    for method in ("GET", "HEAD", "POST"):
        answer = home.as_("ada").request(method, path)
        assert answer.status_code == 404, method
        assert not went_in(answer)


@pytest.mark.parametrize(
    "path",
    [
        "//transactions",
        "//evil.example/transactions",
        "/transactions//",
        "/app/static/../../transactions",
        "/app/static/fonts/../../../transactions",
        "/app/static/fonts/%2e%2e/%2e%2e/transactions",
        "/%2e%2e/transactions",
        "/transactions%2f",
        "/transactions;x=1",
        "/login;/../transactions",
        "/%6cogin",
        "/login%00",
        "/welcome/%2e%2e/transactions",
        "/login%0d%0aSet-Cookie:a=b",
        "/\\evil.example",
        "/transa\u0441tions",
        "/.git/config",
        "/static/..%5c..%5cetc",
        "/" + "a" * 2_000,
    ],
)
@pytest.mark.parametrize("who", [None, "ada"])
def test_a_path_that_two_readers_could_read_differently_is_refused(
    home: House, path: str, who: str | None
) -> None:
    cookie = [] if who is None else [(b"cookie", f"{COOKIE}={home.enter(who)}".encode())]
    answer = home.raw(path.encode(), *cookie)

    assert answer.status == 400
    assert b"inside" not in answer.body
    assert "set-cookie" not in answer.headers


def test_every_file_the_page_loads_has_a_plain_path() -> None:
    for package, folder in (("streamlit", "static"), ("streamlit_autorefresh", "frontend/build")):
        root = installed(package, folder)
        files = [path.relative_to(root) for path in root.rglob("*") if path.is_file()]
        assert len(files) > 5
        for path in files:
            assert is_plain(f"/{path.as_posix()}".encode()), path


def test_the_inside_learns_who_it_is_and_no_secret(home: House) -> None:
    secret = home.enter("olga")
    asking = home.client(headers={"cookie": f"{COOKIE}={secret}; _streamlit_xsrf=2|a|b"})
    seen = inside(asking.get("/media/0123.csv"))

    assert seen["x-vc-user"] == ["olga"]
    assert seen["x-vc-role"] == ["operator"]
    assert seen["x-vc-session"][0].isdigit()
    assert seen["cookie"] == ["_streamlit_xsrf=2|a|b"]
    assert secret not in repr(seen)


@pytest.mark.parametrize(
    "name",
    ["x-vc-user", "X-VC-ROLE", "x-vc-session", "x_vc_role", "X-Vc-Anything", "authorization-x"],
)
def test_nobody_can_say_from_outside_who_they_are(home: House, name: str) -> None:
    seen = inside(home.as_("vera", headers={name: "admin"}).get("/media/0123.csv"))

    ours = {key: value for key, value in seen.items() if key.replace("_", "-").startswith("x-vc-")}
    assert ours.pop("x-vc-session")[0].isdigit()
    assert ours == {"x-vc-user": ["vera"], "x-vc-role": ["viewer"]}
    spoofed = {"x-vc-user": "ada", "x-vc-role": "admin", "x-vc-session": "1"}
    assert home.client(headers=spoofed).get("/users").status_code == 303


def test_a_name_of_any_script_reaches_the_inside_whole(fresh: House) -> None:
    name = "Zoë Ćirić 東京"
    fresh.accounts.add_user(name, "nine quiet rivers at noon", Role.VIEWER, by="test")
    secret = fresh.accounts.sign_in(name, "nine quiet rivers at noon", address="127.0.0.1").secret
    seen = inside(fresh.client(secret).get("/media/a.csv"))
    assert httpx2.URL(f"http://h/{seen['x-vc-user'][0]}").path == f"/{name}"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", {"ada", "olga", "vera"}),
        ("/transactions", {"ada", "olga", "vera"}),
        ("/users", {"ada"}),
        ("/admin/export/audit.csv", {"ada"}),
        ("/admin/export/audit.parquet", {"ada"}),
        ("/admin/api/cache/clear", {"ada"}),
        ("/admin/api/ingest/requests", {"ada", "olga"}),
        ("/admin/api/health", {"ada", "olga", "vera"}),
        ("/admin/api/notes", {"ada", "olga", "vera"}),
    ],
)
def test_each_role_may_what_it_may(home: House, path: str, allowed: set[str]) -> None:
    for name in ("ada", "olga", "vera"):
        status = home.as_(name).get(path).status_code
        assert (status != 403) is (name in allowed), name


def test_what_a_role_forbids_is_noted_once(fresh: House) -> None:
    vera = fresh.as_("vera")
    for _ in range(20):
        assert vera.get("/users").status_code == 403

    noted = fresh.accounts.audit(action="refused")
    assert 1 <= len(noted) <= 2
    assert (noted[0].actor, noted[0].target) == ("vera", "/users")
    assert (noted[0].address, noted[0].detail) == ("127.0.0.1", "needs admin, is viewer")


def test_a_page_says_who_to_ask_and_a_program_hears_a_code(home: House) -> None:
    page = home.as_("vera").get("/users")
    assert "Not for your role" in page.text
    assert page.headers["content-type"].startswith("text/html")
    program = home.as_("vera").post("/admin/api/cache/clear", headers={"origin": ORIGIN})
    assert program.json()["error"]["code"] == "forbidden"


def test_a_lowered_role_counts_at_once(fresh: House) -> None:
    olga = fresh.as_("olga")
    assert olga.get("/admin/api/ingest/requests").status_code != 403
    fresh.accounts.set_role("olga", Role.VIEWER, by="test")
    assert olga.get("/admin/api/ingest/requests").status_code == 403


FORGED: list[Any] = [
    "",
    "x",
    "null",
    "admin",
    "a" * 43,
    "a" * 8_000,
    "../../accounts.db",
    "' OR 1=1 --",
    '{"session": 1}',
    "1",
]


@pytest.mark.parametrize("secret", FORGED)
def test_a_forged_cookie_is_none(home: House, secret: str) -> None:
    assert home.client(secret).get("/transactions").status_code == 303


def test_a_cookie_is_dead_after_sign_out_also_in_another_hand(fresh: House) -> None:
    secret = fresh.enter("vera")
    assert fresh.client(secret).get("/media/x").status_code == 200
    assert fresh.client(secret).post("/logout", headers={"origin": ORIGIN}).status_code == 303
    for path in ("/transactions", "/admin/api/health"):
        assert fresh.client(secret).get(path).status_code in {303, 401}


def test_a_disabled_user_is_out_at_once(fresh: House) -> None:
    vera = fresh.as_("vera")
    assert vera.get("/media/x").status_code == 200
    fresh.accounts.disable("vera", by="test")
    assert vera.get("/media/x").status_code == 401


def test_a_session_lives_on_when_the_server_starts_anew(tmp_path: Path) -> None:
    with house(tmp_path) as before:
        secret = before.enter("vera")
    with house(tmp_path, users=False) as after:
        assert after.client(secret).get("/media/x").status_code == 200


def test_of_two_cookies_of_the_name_one_is_a_strangers(home: House) -> None:
    secret = home.enter("vera")
    for cookie in (f"{COOKIE}={secret}; {COOKIE}=other", f"{COOKIE}=other; {COOKIE}={secret}"):
        assert home.client(headers={"cookie": cookie}).get("/media/x").status_code == 401


def test_the_unprefixed_cookie_counts_only_where_no_secure_one_is_kept(home: House) -> None:
    secret = home.enter("vera")
    plain = home.client(headers={"cookie": f"vc_session={secret}"})
    assert plain.get("/media/x").status_code == 401


def test_a_token_reads_and_is_never_sent_to_a_page(fresh: House) -> None:
    token = fresh.accounts.create_token("grafana", Role.VIEWER, by="test")
    program = fresh.client(headers={"authorization": f"Bearer {token}"})

    seen = inside(program.get("/media/x"))
    assert "authorization" not in seen
    assert token not in repr(seen)
    assert not [name for name in seen if name.startswith("x-vc-")]
    assert program.get("/admin/export/audit.csv").status_code == 403
    fresh.accounts.revoke_token("grafana", by="test")
    refused = program.get("/transactions")
    assert refused.status_code == 401
    assert "location" not in refused.headers


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer x", "Basic YWRhOnBhc3M=", "bearer vc_" + "a" * 43, ""]
)
def test_a_bad_token_is_refused_even_with_a_good_cookie(home: House, header: str) -> None:
    asking = home.client(home.enter("ada"), headers={"authorization": header})
    assert asking.get("/media/x").status_code == 401


def test_what_fails_inside_tells_nothing(home: House, caplog: pytest.LogCaptureFixture) -> None:
    answer = home.as_("vera").get("/media/broken")

    assert answer.status_code == 500
    assert "Reference" in answer.text
    for word in ("Traceback", "RuntimeError", "lorries", "site-packages", ".py"):
        assert word not in answer.text
    reference = answer.text.split("Reference ")[1][:6]
    assert reference in caplog.text


def test_before_the_accounts_are_open_nobody_is_let_in(home: House) -> None:
    accounts, home.web.keeper.accounts = home.web.keeper.accounts, None
    try:
        assert home.client().get("/login").status_code == 503
        assert home.client().get("/transactions").status_code == 503
        assert home.client().get("/healthz").status_code == 200
    finally:
        home.web.keeper.accounts = accounts
