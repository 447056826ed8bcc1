"""Analytics' questions, cached: what pages and HTTP both ask.

A key carries the version (newest sequence number) of every stream an answer was read from, so that
new data is never hidden by a TTL; "now" is keyed to the minute. Answers are each caller's own copy.

Payments and response times are asked here; the other subjects have a module each:
``cached.activity``, ``cached.system``, ``cached.health``.
"""

from vcanalytics.cached import activity, health, regions, system
from vcanalytics.cached.books import (
    BOOKS,
    Page,
    all_payments,
    by_status,
    feed,
    findings,
    open_work,
    payment,
    payments,
    price_points,
    revenue,
    takings,
    timeline,
    totals,
    waiting,
)
from vcanalytics.cached.collectors import (
    daemons,
    demo,
    kept_aside,
    missing,
    room,
    trouble,
    upkeep,
)
from vcanalytics.cached.console import (
    Answer,
    Version,
    dump_version,
    grace,
    hours_alone,
    load_version,
    minute,
    paced,
    settings,
    streams,
    version,
)
from vcanalytics.cached.performance import (
    RESPONSE_BANDS_MS,
    endpoints,
    heat_windows,
    performance_summary,
    response_heat,
    response_times,
    strategies,
)

__all__ = [
    "BOOKS",
    "RESPONSE_BANDS_MS",
    "Answer",
    "Page",
    "Version",
    "activity",
    "all_payments",
    "by_status",
    "daemons",
    "demo",
    "dump_version",
    "endpoints",
    "feed",
    "findings",
    "grace",
    "health",
    "heat_windows",
    "hours_alone",
    "kept_aside",
    "load_version",
    "minute",
    "missing",
    "open_work",
    "paced",
    "payment",
    "payments",
    "performance_summary",
    "price_points",
    "regions",
    "response_heat",
    "response_times",
    "revenue",
    "room",
    "settings",
    "strategies",
    "streams",
    "system",
    "takings",
    "timeline",
    "totals",
    "trouble",
    "upkeep",
    "version",
    "waiting",
]
