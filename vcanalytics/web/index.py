"""The page every viewer loads first: Streamlit's own index, with the console's name and mark.

Its first script is the console's (the files of ``page/``, as one): where the server is, and what
the pages' components draw with, loaded once and kept by the browser until it changes. Overview's
holds its first panel as well (``first_view``).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import xxhash
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from vcanalytics import painted
from vcanalytics.pictures.theme import THEMES, colours
from vcanalytics.web import early
from vcanalytics.web.access import PAGES, PAINTED
from vcanalytics.web.doors import visit_of
from vcanalytics.web.headers import installed

BASE_SCRIPT: Final = "/admin/base.js"
_PAGE: Final = Path(__file__).parent / "page"
_FILES: Final = (
    "base.js",
    "theme.js",
    "first_view.js",
    "first_chart.js",
    "live.js",
    "keys.js",
)
#: Streamlit's navigation shows no focus ring of its own.
_FOCUS: Final = (
    "a:focus-visible, button:focus-visible "
    "{outline: 2px solid currentColor !important; outline-offset: 1px}"
)
_FONT: Final = "/app/static/fonts/hanken-grotesk-latin-wght-normal.woff2"


def _streamlit_index() -> str:
    return installed("streamlit", "static/index.html").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def _script() -> str:
    """The console's script: each file a room of its own."""
    texts = [(_PAGE / name).read_text(encoding="utf-8") for name in _FILES]
    return "".join(f"(() => {{\n{text}}})();\n" for text in texts)


@lru_cache(maxsize=1)
def _colours() -> str:
    """The colours of both themes as style, and the page in them: dark from the first moment on."""
    light, dark = (
        " ".join(f"--vc-{role}: {colour};" for role, colour in colours(theme).items())
        for theme in THEMES
    )
    return (
        f":root {{{light}}} "
        f"@media (prefers-color-scheme: dark) {{:root:not([data-theme=light]) {{{dark}}}}} "
        f":root[data-theme=dark] {{{dark}}} "
        "html {background: var(--vc-page)}"
    )


@lru_cache(maxsize=1)
def page() -> str:
    """The index with the console's additions."""
    version = xxhash.xxh3_64_hexdigest(_script().encode())
    head = (
        f'<head>\n    <script src="{BASE_SCRIPT}?{version}"></script>'
        '\n    <link rel="icon" type="image/svg+xml" href="/app/static/icon.svg" />'
        f'\n    <link rel="preload" href="{_FONT}" as="font" type="font/woff2" crossorigin />'
        f"\n    <style>{_FOCUS} {_colours()}</style>"
    )
    html = early.named_in(_streamlit_index()).replace("<head>", head, 1)
    return html.replace("<title>Streamlit</title>", "<title>VectorCraft console</title>", 1)


async def index(_request: Request) -> Response:
    """Any page of the console."""
    return HTMLResponse(page(), headers={"Cache-Control": "no-cache, private"})


async def overview(request: Request) -> Response:
    """Overview: its first panel comes along where its link says nothing else."""
    # Late: its caches want Streamlit's runtime.
    from vcanalytics.web import first_view  # noqa: PLC0415

    visit = visit_of(request.scope)
    if request.url.query or visit.principal is None:
        return await index(request)
    panel = await first_view.of(visit.accounts, visit.principal)
    if not panel:
        return await index(request)
    whole = page().replace("</head>", f"<style>{first_view.style()}</style></head>", 1)
    whole = whole.replace("</body>", f"{panel}</body>", 1)
    # It holds figures of the shop: no browser keeps it on its disk.
    return HTMLResponse(whole, headers={"Cache-Control": "no-store, private"})


async def base_script(_request: Request) -> Response:
    """The console's script: a page names it by its content, so that it may be kept for long."""
    return Response(
        _script(), media_type="text/javascript", headers={"Cache-Control": "public, max-age=604800"}
    )


async def first_chart(request: Request) -> Response:
    """A page's first chart is seen: what waits for that (vcanalytics.ui.first_chart) goes on."""
    painted.say(request.query_params.get("word", ""))
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


def routes() -> list[Route]:
    """The pages' paths, the script they begin with, and what it says."""
    return [
        Route(BASE_SCRIPT, base_script),
        Route(PAINTED, first_chart, methods=["POST"]),
        *(Route(path, overview if path == "/" else index) for path in PAGES),
    ]
