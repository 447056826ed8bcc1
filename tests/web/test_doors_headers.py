"""The headers every answer carries, and the policy held to the installed files."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from tests.web.rig import ORIGIN, House
from vcanalytics.web.headers import inline_hashes, installed, policy
from vcanalytics.web.index import page


def directives() -> dict[str, list[str]]:
    found = {}
    for directive in policy().split(";"):
        name, *sources = directive.split()
        found[name] = sources
    return found


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/healthz", None),
        ("/login", None),
        ("/login/style.css", None),
        ("/transactions", None),
        ("/admin/api/health", None),
        ("/welcome/nothing", None),
        ("/", "vera"),
        ("/users", "vera"),
        ("/nowhere", "vera"),
        ("/media/x", "vera"),
        ("/media/broken", "vera"),
    ],
)
def test_every_answer_carries_them_also_a_refusal(home: House, path: str, who: str | None) -> None:
    asking = home.client() if who is None else home.as_(who)
    headers = asking.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "frame-ancestors" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers
    strange = home.client(base_url="http://evil.example").get(path)
    assert strange.headers["x-content-type-options"] == "nosniff"


def test_scripts_come_from_the_console_or_are_known_by_their_hash() -> None:
    told = directives()

    assert told["default-src"] == ["'none'"]
    assert told["script-src"][:2] == ["'self'", "blob:"]
    assert all(re.fullmatch(r"'sha256-[\w+/=]{44}'", known) for known in told["script-src"][2:])
    assert not [word for word in told["script-src"] if "unsafe" in word]
    assert told["connect-src"] == ["'self'"]
    assert told["frame-ancestors"] == ["'self'"]
    assert told["form-action"] == ["'self'"]
    for name, sources in told.items():
        for source in sources:
            assert source.startswith("'") or source in {"blob:", "data:"}, (name, source)


@pytest.mark.parametrize(
    ("package", "path"),
    [
        ("streamlit", "static/index.html"),
        ("streamlit_autorefresh", "frontend/build/index.html"),
    ],
)
def test_the_hashes_are_those_of_the_installed_pages(package: str, path: str) -> None:
    html = installed(package, path).read_text(encoding="utf-8")
    scripts = re.findall(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", html, re.DOTALL)

    assert scripts
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in directives()["script-src"]
    assert re.findall(r"\son\w+=", html) == []


def test_the_consoles_own_page_has_no_other_inline_script() -> None:
    assert set(inline_hashes(page())) <= set(directives()["script-src"])
    assert len(re.findall(r"<script(?![^>]*\ssrc=)", page())) == len(inline_hashes(page()))


def test_what_is_secret_is_kept_in_no_cache(home: House) -> None:
    for path in ("/login", "/logout", "/users", "/nowhere"):
        assert home.as_("vera").get(path).headers["cache-control"] == "no-store", path
    answer = home.client().post(
        "/login", data={"username": "vera", "password": "x"}, headers={"origin": ORIGIN}
    )
    assert answer.headers["cache-control"] == "no-store"
    assert home.as_("vera").get("/").headers["cache-control"] == "no-cache, private"
