"""The way from an alert to the rows behind its figure: page, range around it, filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from vcanalytics import cached
from vcanalytics.analytics import search
from vcanalytics.analytics.books import STATUSES
from vcanalytics.cached import course
from vcanalytics.cached.alerts import Alert
from vcanalytics.display import words
from vcanalytics.display.ranges import Range
from vcanalytics.errors import SettingError
from vcanalytics.ui.panels import Link

#: Pages an alert may lead to, by their path.
_PAGES: Final = frozenset(
    {
        "transactions",
        "revenue",
        "performance",
        "activity",
        "system",
        "reconcile",
        "health",
        "cache",
    }
)
_LABEL: Final = "The rows behind it"
_MINUTE: Final = timedelta(minutes=1)
#: What Performance calls kinds and figures, by the two parts of a measure's name.
_KINDS: Final = {
    "response": "request_time",
    "query": "database_query",
    "paypal": "paypal_api_response_time",
}
_FIGURES: Final = {"p95": "percentiles", "mean": "mean", "errors": "errors"}
_HOSTS: Final = frozenset({"cpu", "memory", "disk", "disk_full_in"})
_DISKS: Final = frozenset({"disk", "disk_full_in"})
_UNSERVED: Final = frozenset({"paid_not_mailed", "paid_no_account"})


def way(alert: Alert, view: Range) -> Link | None:
    """Where the rows behind an alert are seen, None where its rule names none of the pages."""
    parts = urlsplit(str(alert.detail.get("page", "")))
    name = parts.path.strip("/")
    if parts.scheme or parts.netloc or name not in _PAGES:
        return None
    found = _FILTERS.get(name, _none)(str(alert.detail.get("measure", "")), _series(alert))
    params = _around(alert, view) | dict(parse_qsl(parts.query)) | found
    return Link(f"pages/{name}.py", _LABEL, params)


def _around(alert: Alert, view: Range) -> dict[str, str]:
    """The range: from what its figure was first told from, to its end; open while it goes on."""
    start = _floor(alert.started_at - _reach(alert))
    over = alert.resolved_at
    end = view.now if over is None else over
    shown = replace(
        view,
        preset=None,
        start=start,
        end=max(_floor(end) + _MINUTE, start + _MINUTE),
        grain_by_hand=False,
    )
    left_out = {"compare"} if over is not None else {"compare", "to"}
    return {key: value for key, value in shown.params().items() if key not in left_out}


def _reach(alert: Alert) -> timedelta:
    """How long before it began its rows may have: pages of payments go by when they were begun."""
    measure, told = alert.detail.get("measure"), cached.settings()
    try:
        back = course.looks_back(alert)
    except SettingError:
        back = timedelta(hours=1)
    if measure == "stuck_share":
        return back + timedelta(minutes=told.stuck_minutes)
    if measure in _UNSERVED:
        return back + timedelta(hours=told.abandoned_hours, minutes=told.grace_minutes)
    return back


def _floor(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _series(alert: Alert) -> str:
    """The series whole; empty where the alert is of several, or its name was too long to keep."""
    cut = alert.series.endswith("\u2026")
    return "" if cut or alert.series == course.OTHERS else alert.series


def _none(measure: str, series: str) -> dict[str, str]:  # noqa: ARG001 one shape
    return {}


def _transactions(measure: str, series: str) -> dict[str, str]:  # noqa: ARG001 one shape
    failed = {"status": search.join(tuple(STATUSES["failed"]))}
    return failed if measure == "failure_share" else {}


def _reconcile(measure: str, series: str) -> dict[str, str]:  # noqa: ARG001 one shape
    finding = "stuck" if measure == "stuck_share" else measure
    return {"finding": finding} if finding in words.FINDING else {}


def _performance(measure: str, series: str) -> dict[str, str]:
    of, _, figure = measure.partition("_")
    if of not in _KINDS or figure not in _FIGURES:
        return {}
    found = {"kind": _KINDS[of], "measure": _FIGURES[figure]}
    return found | ({"endpoint": series} if series else {})


def _system(measure: str, series: str) -> dict[str, str]:
    # The disk stands after the host's name, as alerts name it.
    host = series.partition(":")[0] if measure in _DISKS else series
    return {"host": host} if measure in _HOSTS and host else {}


def _health(measure: str, series: str) -> dict[str, str]:
    return {"component": series} if measure == "error_logs" and series else {}


_FILTERS: Final[Mapping[str, Callable[[str, str], dict[str, str]]]] = {
    "transactions": _transactions,
    "reconcile": _reconcile,
    "performance": _performance,
    "system": _system,
    "health": _health,
}
