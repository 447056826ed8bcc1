"""The index names what a first chart needs, so that nothing of it is found out late."""

from __future__ import annotations

import re

import pytest

from vcanalytics.web import early
from vcanalytics.web.headers import installed

SCRIPTS = re.compile(
    r'<(?:link rel="modulepreload"|script type="module") crossorigin [a-z]+="([^"]+)'
)
IMPORTS = re.compile(r"""(?:\bfrom|\bimport)["']\./([\w.-]+)["']""")


@pytest.fixture(scope="module")
def own() -> str:
    return installed("streamlit", "static/index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def index(own: str) -> str:
    return early.named_in(own)


def test_what_draws_a_chart_is_named_with_all_it_imports(index: str) -> None:
    named = SCRIPTS.findall(index.split("</head>", maxsplit=1)[0])
    assert len(named) == len(set(named))
    static = installed("streamlit", "static")
    names = {address.removeprefix("./static/js/") for address in named}
    for needed in ("ArrowVegaLiteChart", "embed", "vega-interpreter", "BidiComponent", "Metric"):
        assert any(name.startswith(f"{needed}.") for name in names), needed
    for address in named:
        assert address.startswith("./static/js/")
        text = (static / address).read_text("utf-8")
        assert set(IMPORTS.findall(text)) <= names, address


def test_the_icons_font_is_named_and_no_font_that_is_not_used(index: str) -> None:
    preloads = re.findall(r'rel="preload"\s+href="\./(static/media/[^"]+)"', index)
    assert [name.split(".")[0] for name in preloads] == ["static/media/MaterialSymbols-Rounded"]
    assert (installed("streamlit", "static") / preloads[0]).is_file()


def test_all_else_of_the_index_stays_as_it_is(own: str, index: str) -> None:
    added = [line for line in index.splitlines() if line not in own.splitlines()]
    assert all('rel="modulepreload"' in line or "MaterialSymbols" in line for line in added)
    lost = [line for line in own.splitlines() if line not in index.splitlines()]
    assert len(lost) == 1
    assert "SourceSansVF" in lost[0]


def test_an_index_without_these_places_is_left_alone() -> None:
    assert early.named_in("<p>another Streamlit</p>") == "<p>another Streamlit</p>"
