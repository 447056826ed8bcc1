"""Signing in and out, and the pages of one-time links, over HTTP alone."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.pages.signed_in import PASSWORD
from tests.web.rig import COOKIE, ORIGIN, House, form, house
from vcanalytics.accounts import Role
from vcanalytics.web.sign_in import local_path

MARKUP = "\"><script>alert(1)</script><b x='"


class Form(HTMLParser):
    """The fields and the target of the one form of a page, and anything that could run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.fields: dict[str, dict[str, str | None]] = {}
        self.action: str | None = None
        self.method: str | None = None
        self.unwelcome: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "form":
            self.action, self.method = told.get("action"), told.get("method")
        if tag == "input":
            self.fields[str(told["name"])] = told
        if tag in {"script", "style", "iframe", "object", "base"}:
            self.unwelcome.append(tag)
        self.unwelcome += [name for name in told if name == "style" or name.startswith("on")]


def sign_in(asking: TestClient, name: str, password: str, path: str = "/login") -> httpx2.Response:
    return asking.post(path, **form(username=name, password=password))


def given(answer: httpx2.Response) -> Any:
    """The session's cookie as it was given."""
    (header,) = answer.headers.get_list("set-cookie")
    cookie: SimpleCookie = SimpleCookie(header)
    return next(iter(cookie.values()))


def test_the_page_asks_for_name_and_password_and_nothing_else(home: House) -> None:
    answer = home.client().get("/login")
    page = Form(answer.text)

    assert list(page.fields) == ["username", "password"]
    assert (page.method, page.action) == ("post", "/login")
    assert page.fields["username"]["autocomplete"] == "username"
    assert page.fields["password"]["autocomplete"] == "current-password"
    # Pasting and long passwords are welcome.
    assert "maxlength" not in page.fields["password"]
    assert page.unwelcome == []
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/login", "/nowhere/to/be", "/welcome/none"])
def test_pages_outside_run_no_script_and_load_nothing_from_outside(home: House, path: str) -> None:
    answer = home.as_("ada").get(path) if "nowhere" in path else home.client().get(path)
    policy = answer.headers["content-security-policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert Form(answer.text).unwelcome == []
    assert re.findall(r"(?:src|href)=\"(?!/)", answer.text) == []
    style = home.client().get("/login/style.css").text
    assert all(url.startswith('"/app/static/') for url in re.findall(r"url\(([^)]*)", style))


def test_who_signs_in_lands_where_they_wanted_with_a_new_cookie(home: House) -> None:
    answer = sign_in(home.client(), "vera", PASSWORD, "/login?next=%2Frevenue%3Frange%3D7d")

    assert (answer.status_code, answer.headers["location"]) == (303, "/revenue?range=7d")
    cookie = given(answer)
    assert cookie.key == COOKIE
    assert len(cookie.value) == 43
    assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "lax")
    assert cookie["httponly"]
    assert cookie["secure"]
    assert home.client(cookie.value).get("/media/x").status_code == 200


def test_a_name_may_be_typed_in_any_case(home: House) -> None:
    assert sign_in(home.client(), "  VERA ", PASSWORD).status_code == 303


def test_signing_in_anew_gives_another_session_and_ends_the_first(fresh: House) -> None:
    """Fixation: a session that was there before is never the one that is signed in."""
    first = given(sign_in(fresh.client(), "vera", PASSWORD)).value
    second = given(sign_in(fresh.client(first), "vera", PASSWORD)).value

    assert first != second
    assert fresh.client(first).get("/media/x").status_code == 401
    planted = given(sign_in(fresh.client("a" * 43), "vera", PASSWORD)).value
    assert planted != "a" * 43


def test_wrong_names_and_wrong_passwords_are_answered_alike(fresh: House) -> None:
    answers = [
        sign_in(fresh.client(), name, password)
        for name, password in (("vera", "not this one, no"), ("nobody", "not this one, no"))
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    texts = {a.text.replace("nobody", "NAME").replace("vera", "NAME") for a in answers}
    assert len(texts) == 1
    assert "That did not match." in answers[0].text
    assert "or wait 30\u00a0s after several tries." in answers[0].text
    assert "set-cookie" not in answers[0].headers


def test_a_disabled_user_is_answered_like_a_wrong_password(fresh: House) -> None:
    fresh.accounts.disable("vera", by="test")
    assert sign_in(fresh.client(), "vera", PASSWORD).status_code == 401


def test_a_guesser_is_told_at_once_when_to_come_back(fresh: House) -> None:
    answers = [sign_in(fresh.client(), "vera", f"guess number {n}") for n in range(8)]

    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert "Too many tries." in answers[-1].text
    # Also with the right one: or a guesser would know by the answer.
    assert sign_in(fresh.client(), "vera", PASSWORD).status_code == 429
    # Others are not kept out.
    assert sign_in(fresh.client(client=("192.0.2.9", 1)), "olga", PASSWORD).status_code == 303


@pytest.mark.parametrize(
    "body",
    [
        "username=vera",
        "password=x",
        "",
        "username=vera&password=x&role=admin",
        "username=vera&password=x&next=/users",
        "username=vera&username=ada&password=x",
        "username=vera&password=x&password=y",
        "&".join(f"f{n}=1" for n in range(1_000)),
        "username[]=vera&password=x",
        "username=%ff%fe&password=x",
        "\xff\xfe",
    ],
)
def test_a_form_with_other_fields_is_refused(home: House, body: str) -> None:
    answer = home.client().post(
        "/login",
        content=body.encode("latin-1"),
        headers={"origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"},
    )
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data", ""])
def test_only_a_form_is_a_form(home: House, kind: str) -> None:
    content = f'{{"username": "vera", "password": "{PASSWORD}"}}'
    answer = home.client().post(
        "/login", content=content, headers={"origin": ORIGIN, "content-type": kind}
    )
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "name", [MARKUP, "' OR 1=1 --", "\x00\r\nSet-Cookie: a=b", "\ud83d\ude00" * 50, "x" * 9_000]
)
def test_what_is_typed_as_a_name_does_nothing(fresh: House, name: str) -> None:
    answer = sign_in(fresh.client(), name.encode("utf-16", "surrogatepass").decode("utf-16"), "y")
    assert answer.status_code in {400, 401}
    assert "<script>" not in answer.text
    assert Form(answer.text).unwelcome == []
    assert len(answer.text) < 10_000
    assert "a" not in SimpleCookie(answer.headers.get("set-cookie", ""))


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:8502", "null", ""])
@pytest.mark.parametrize(
    "path", ["/login", "/logout", "/welcome/abc", "/admin/here", "/admin/painted"]
)
def test_another_sites_page_cannot_post(home: House, path: str, origin: str) -> None:
    answer = home.as_("vera").post(
        path, data={"username": "vera", "password": PASSWORD}, headers={"origin": origin}
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("site", "status"),
    [("cross-site", 403), ("same-site", 403), ("same-origin", 303), ("none", 303)],
)
def test_a_post_without_an_origin_goes_by_what_else_the_browser_says(
    home: House, site: str, status: int
) -> None:
    answer = home.client().post(
        "/login",
        data={"username": "vera", "password": PASSWORD},
        headers={"sec-fetch-site": site},
    )
    assert answer.status_code == status


@pytest.mark.parametrize(
    "where",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/%2f/evil.example",
        "javascript:alert(1)",
        "/login",
        "/logout",
        "/transactions\r\nSet-Cookie: a=b",
        "/transactions\x00",
        " /transactions",
        "/transactions/../users",
        "transactions",
        "http:/transactions",
        "http:///transactions",
        "///transactions",
        "/admin/export/../../login",
        "/@evil.example",
        "/transactions?" + "x" * 5_000,
        "http://[",
        "",
    ],
)
def test_no_way_leads_out_of_the_console(home: House, where: str) -> None:
    assert local_path(where) is None
    action = str(httpx2.URL("/login").copy_with(params={"next": where}))
    answer = sign_in(home.client(), "vera", PASSWORD, action)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    "where",
    ["/", "/transactions", "/revenue?range=7d&zone=Asia%2FTokyo", "/admin/export/revenue.csv?a=b"],
)
def test_pages_and_exports_are_ways_back(where: str) -> None:
    assert local_path(where) == where


def test_a_page_that_was_left_is_come_back_to(home: House) -> None:
    """A tab whose session ended is sent here and knows only where it was."""
    left = {"referer": f"{ORIGIN}/revenue?range=7d"}
    page = Form(home.client().get("/login?out", headers=left).text)
    assert page.action == "/login?next=%2Frevenue%3Frange%3D7d"
    strange = {"referer": "https://evil.example/revenue"}
    assert Form(home.client().get("/login", headers=strange).text).action == "/login"


def test_who_is_signed_in_is_not_asked_again(home: House) -> None:
    answer = home.as_("vera").get("/login?next=%2Frevenue")
    assert (answer.status_code, answer.headers["location"]) == (303, "/revenue")


def test_signing_out_ends_the_session_and_takes_the_cookie_back(fresh: House) -> None:
    asking = fresh.as_("vera")
    answer = asking.post("/logout", headers={"origin": ORIGIN})

    assert (answer.status_code, answer.headers["location"]) == (303, "/login?out")
    cookie = given(answer)
    assert (cookie.key, cookie.value, cookie["max-age"]) == (COOKIE, "", "0")
    assert asking.get("/media/x").status_code == 401
    assert "You are signed out." in fresh.client().get("/login?out").text
    assert fresh.accounts.audit(limit=1)[0].action == "sign_out"


def test_a_link_cannot_sign_anybody_out(home: House) -> None:
    asking = home.as_("vera")
    page = asking.get("/logout")
    assert "You are signed in as vera, viewer." in page.text
    assert Form(page.text).action == "/logout"
    assert asking.get("/media/x").status_code == 200
    assert home.client().get("/logout").headers["location"] == "/login"


def test_no_secret_is_in_a_page_or_the_log(fresh: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    texts = [sign_in(fresh.client(), "vera", "tell nobody of this").text]
    answer = sign_in(fresh.client(), "vera", PASSWORD)
    texts.append(answer.text)
    asking = fresh.client(given(answer).value)
    texts += [asking.get(path).text for path in ("/", "/logout", "/media/x", "/nowhere")]
    for word in ("tell nobody", PASSWORD, given(answer).value):
        assert word not in "".join(texts)
        assert word not in caplog.text


# One-time links


@pytest.fixture
def empty(tmp_path: Path) -> Any:
    with house(tmp_path, users=False) as lived_in:
        yield lived_in


def test_with_no_user_the_page_says_where_the_link_is(empty: House) -> None:
    assert "Nobody can sign in yet." in empty.client().get("/login").text
    assert sign_in(empty.client(), "admin", "admin").status_code == 401


def test_the_first_link_makes_an_admin_in_one_form_and_lands_signed_in(empty: House) -> None:
    path = f"/welcome/{empty.accounts.first_link()}"
    # Looking at it (a preview, a scanner of mails) does not use it up.
    assert empty.client().get(path).status_code == 200
    page = Form(empty.client().get(path).text)
    assert page.action == path
    assert list(page.fields) == ["username", "password", "again"]

    answer = empty.client().post(path, **form(username="ada", password=PASSWORD, again=PASSWORD))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    inside = empty.client(given(answer).value).get("/media/x").json()["inside"]
    assert ["x-vc-role", "admin"] in inside
    again = empty.client().post(path, **form(username="eve", password=PASSWORD))
    assert again.status_code == 404
    assert "no good any more" in again.text
    assert empty.client().get(path).status_code == 404
    assert [user.name for user in empty.accounts.users()] == ["ada"]


def test_without_the_second_password_the_first_one_counts(empty: House) -> None:
    path = f"/welcome/{empty.accounts.first_link()}"
    answer = empty.client().post(path, **form(username="ada", password=PASSWORD))
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"password": "short"}, "12"),
        ({"password": "passwordpassword"}, "password"),
        ({"password": PASSWORD, "again": "another one entirely"}, "differ"),
        ({"username": "", "password": PASSWORD}, "name"),
    ],
)
def test_what_is_wrong_with_a_form_is_said_and_the_link_still_good(
    empty: House, fields: dict[str, str], words: str
) -> None:
    path = f"/welcome/{empty.accounts.first_link()}"
    answer = empty.client().post(path, **form(**({"username": MARKUP} | fields)))

    assert answer.status_code == 400
    assert words in answer.text.split('role="alert"')[1].split("</div>")[0]
    assert Form(answer.text).unwelcome == []
    assert fields["password"] not in answer.text.split("<form")[1]
    assert empty.client().get(path).status_code == 200


def test_an_invitation_has_its_name_and_role(fresh: House) -> None:
    path = f"/welcome/{fresh.accounts.invite('Zoë & <Co>', Role.OPERATOR, by='test')}"
    page = fresh.client().get(path)
    assert "invited as an operator" in page.text
    assert Form(page.text).fields["username"]["value"] == "Zoë & <Co>"
    assert Form(page.text).unwelcome == []

    answer = fresh.client().post(path, **form(username="ada", password=PASSWORD + "s"))
    assert answer.status_code == 303
    made = next(user for user in fresh.accounts.users() if user.name.startswith("Zoë"))
    assert made.role is Role.OPERATOR


@pytest.mark.parametrize("secret", ["x", "a" * 43, "a" * 128, "-" * 43])
def test_a_made_up_link_is_none(home: House, secret: str) -> None:
    assert home.client().get(f"/welcome/{secret}").status_code == 404
    answer = home.client().post(f"/welcome/{secret}", **form(username="eve", password=PASSWORD))
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers
