"""Single measurements of one endpoint: the slowest of a range, or the newest that failed."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind
from vcanalytics.store import Snapshot
from vcanalytics.store.cells.counting import FINE

#: So many rows a page shows; a file may have more.
SHOWN: Final = 50
LIMIT_MAX: Final = 100_000
_ORDER_BY: Final = {
    False: "value_ms DESC, happened_at DESC",
    True: "happened_at DESC, value_ms DESC",
}
# Grain: one row a measurement. Cost: one pass over the range, of which the first rows are kept: 10
# million rows in 0.2 s.
_ROWS: Final = """
SELECT happened_at, value_ms, status
FROM requests
WHERE
    kind = $kind AND endpoint = $endpoint AND happened_at >= $from AND happened_at < $to
    AND (NOT $failed OR status NOT IN $fine)
ORDER BY {order_by}
LIMIT $limit
"""


def slowest(
    engine: Engine,
    snapshot: Snapshot,
    *,
    kind: Kind,
    endpoint: str,
    start: datetime,
    end: datetime,
    failed: bool = False,
    limit: int = SHOWN,
) -> pl.DataFrame:
    """The ``limit`` slowest measurements in ``[start, end)``; ``failed``: the newest errors alone.

    Columns: ``happened_at`` (UTC), ``value_ms``, ``status``. Those that were let go of, because
    they are older than VC_KEEP_REQUESTS_DAYS, are not among them. Raises BudgetExceeded.
    """
    return engine.ask(
        _ROWS.format(order_by=_ORDER_BY[failed]),
        {
            "kind": kind.value,
            "endpoint": endpoint,
            "from": start,
            "to": end,
            "failed": failed,
            "fine": list(FINE),
            "limit": min(limit, LIMIT_MAX),
        },
        {"requests": snapshot.relation("requests", start, end)},
    )
