"""Which path needs which role. What is not named here is not there.

Streamlit answers any path with its page, and has endpoints of its own for metrics, agents, uploads
and its host. Here every path is shut but the ones the console uses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from vcanalytics.accounts import Role

#: The pages' own paths, and who may see them.
PAGES: Final = {
    "/": Role.VIEWER,
    "/transactions": Role.VIEWER,
    "/customers": Role.VIEWER,
    "/revenue": Role.VIEWER,
    "/performance": Role.VIEWER,
    "/endpoint": Role.VIEWER,
    "/activity": Role.VIEWER,
    "/system": Role.VIEWER,
    "/reconcile": Role.VIEWER,
    "/failures": Role.VIEWER,
    "/paypal": Role.VIEWER,
    "/alerts": Role.VIEWER,
    "/health": Role.VIEWER,
    "/cache": Role.VIEWER,
    "/users": Role.ADMIN,
}
#: The socket that carries the pages.
STREAM: Final = "/_stcore/stream"
LIVE: Final = "/admin/api/live"
EXPORTS: Final = "/admin/export/"
REPORTS: Final = frozenset({"/admin/report/day.pdf", "/admin/report/week.pdf"})
API: Final = "/admin/api/"
INGEST: Final = "/admin/api/ingest/"
#: Where Streamlit's page puts a file that somebody picked, and takes it away again.
UPLOADS: Final = "/_stcore/upload_file/"
UPLOAD_METHODS: Final = frozenset({"PUT", "DELETE"})
METRICS: Final = "/metrics"
#: Where a page says that its first chart is seen.
PAINTED: Final = "/admin/painted"

#: Open to all, exactly as written.
_OPEN: Final = frozenset(
    {
        "/healthz",
        "/login",
        "/logout",
        "/login/style.css",
        "/app/static/icon.svg",
    }
)
_OPEN_PATTERNS: Final = (
    re.compile(r"/welcome/[A-Za-z0-9_-]{1,128}"),
    re.compile(r"/app/static/fonts/[A-Za-z0-9-]+\.woff2"),
)
#: What needs more than a viewer.
_ADMIN: Final = frozenset(
    {"/admin/export/audit.csv", "/admin/export/audit.parquet", "/admin/api/cache/clear"}
)
#: What viewers read and operators write, under one path.
_OPERATOR_POSTS: Final = frozenset({"/admin/api/notes"})
_OPERATOR_PREFIXES: Final = (INGEST, UPLOADS)
#: What a page loads once its viewer is signed in.
_VIEWER: Final = REPORTS | {
    STREAM,
    METRICS,
    "/admin/base.js",
    "/admin/here",
    PAINTED,
    "/favicon.png",
}
_VIEWER_PREFIXES: Final = (
    API,
    EXPORTS,
    "/static/",
    "/app/static/",
    "/media/",
    "/component/",
    "/_stcore/bidi-components/",
)
#: No escapes left, no empty or dotted segments, nothing that two readers read differently.
_PLAIN_PATH: Final = re.compile(r"(/[A-Za-z0-9_@+~-][A-Za-z0-9._@+~-]*)*/?")
PATH_BYTES_MAX: Final = 1_024


@dataclass(frozen=True, slots=True)
class Access:
    """What a path needs: ``role`` None is open to all."""

    role: Role | None


def is_plain(raw_path: bytes) -> bool:
    """Whether a path, as it was sent, can mean one thing only."""
    text = raw_path.decode("latin-1")
    return len(text) <= PATH_BYTES_MAX and _PLAIN_PATH.fullmatch(text) is not None


def needed(path: str, method: str = "GET") -> Access | None:
    """What ``path`` needs, asked by ``method``; None where there is no such path."""
    if path in PAGES:
        return Access(PAGES[path])
    if path in _OPEN or any(pattern.fullmatch(path) for pattern in _OPEN_PATTERNS):
        return Access(None)
    if path in _ADMIN:
        return Access(Role.ADMIN)
    if path.startswith(_OPERATOR_PREFIXES) or (method == "POST" and path in _OPERATOR_POSTS):
        return Access(Role.OPERATOR)
    if path in _VIEWER or path.startswith(_VIEWER_PREFIXES):
        return Access(Role.VIEWER)
    return None


def is_file(path: str) -> bool:
    """Whether ``path`` is a file that a link of a page leads to: a table, a picture, a report."""
    return path.startswith(EXPORTS) or path in REPORTS


def is_for_programs(path: str) -> bool:
    """Whether refusals of ``path`` are JSON, as the contract has it, and not a page."""
    return path.startswith(API) or path == METRICS
