"""Links into the console: to the page of an alert, with the range its figure was told from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from vcanalytics.notify.events import Event

#: Pages of things that happened. What fires otherwise is a state, seen as it is.
_RANGED: Final = frozenset({"/transactions", "/revenue", "/performance", "/reconcile", "/system"})
#: Findings come up in the rule's window, of payments that may have been begun a day before it.
_BEGUN_BEFORE: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


def to_alert(public_url: str, event: Event) -> str:
    """To the rows behind an alert: from the beginning of its window, while it fires until now."""
    path = event.link
    if event.since is not None and path in _RANGED:
        back = event.reach + (_BEGUN_BEFORE if path == "/reconcile" else timedelta())
        params = {"from": _typed(event.since - back), "zone": "UTC"}
        if event.over:
            params["to"] = _typed(event.at + _MINUTE)
        path = f"{path}?{urlencode(params)}"
    return to_page(public_url, path)


def to_page(public_url: str, path: str) -> str:
    """Nowhere where nobody said where the console is seen; never to another host."""
    if not public_url or not path.startswith("/") or path.startswith("//"):
        return ""
    return public_url.rstrip("/") + path


def _typed(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="minutes")
