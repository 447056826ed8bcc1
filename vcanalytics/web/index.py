"""The page every viewer loads first: Streamlit's own index, with the console's name and mark.

Streamlit's script guesses where the server is by asking below the page's own path first, which is
answered with 404 and costs a round trip. One line before it says where the server is.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from vcanalytics.web.access import PAGES
from vcanalytics.web.headers import installed

BASE_SCRIPT: Final = "/admin/base.js"
#: Besides, it says now and then that somebody is at the page: what goes over Streamlit's socket may
#: be the page's own doing, and must not keep an abandoned session alive.
_BASE: Final = """\
window.__streamlit = { BACKEND_BASE_URL: window.location.origin + "/" };
(() => {
  let told = Date.now()
  const here = () => {
    if (Date.now() - told < 60000) return
    told = Date.now()
    fetch("/admin/here", { method: "POST" }).catch(() => {})
  }
  for (const kind of ["pointerdown", "keydown", "wheel"])
    addEventListener(kind, here, { capture: true, passive: true })
})()
"""
_FONT: Final = "/app/static/fonts/hanken-grotesk-latin-wght-normal.woff2"


def _streamlit_index() -> str:
    return installed("streamlit", "static/index.html").read_text(encoding="utf-8")


@lru_cache(maxsize=1)
def page() -> str:
    """The index with the console's additions."""
    head = (
        f'<head>\n    <script src="{BASE_SCRIPT}"></script>'
        '\n    <link rel="icon" type="image/svg+xml" href="/app/static/icon.svg" />'
        f'\n    <link rel="preload" href="{_FONT}" as="font" type="font/woff2" crossorigin />'
    )
    html = _streamlit_index().replace("<head>", head, 1)
    return html.replace("<title>Streamlit</title>", "<title>VectorCraft console</title>", 1)


async def index(_request: Request) -> Response:
    """Any page of the console."""
    return HTMLResponse(page(), headers={"Cache-Control": "no-cache, private"})


async def base_script(_request: Request) -> Response:
    """Where the server is."""
    return Response(
        _BASE, media_type="text/javascript", headers={"Cache-Control": "public, max-age=3600"}
    )


def routes() -> list[Route]:
    """The pages' paths, and the script they begin with."""
    return [Route(BASE_SCRIPT, base_script), *(Route(path, index) for path in PAGES)]
