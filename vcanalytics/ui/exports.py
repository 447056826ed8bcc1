"""Links to the CSV of a table or chart; vcanalytics.web.exports makes the files."""

from __future__ import annotations

from urllib.parse import urlencode

from vcanalytics import cached
from vcanalytics.ui.ranges import Range


def link(name: str, view: Range, **filters: str | None) -> str:
    """Where the whole of a table is had, as it stands on the screen now."""
    params = {
        "from": view.start.isoformat(),
        "to": view.end.isoformat(),
        "zone": view.zone_name,
        "grain": view.grain.value,
        "week_start": view.week_start,
        "as_of": view.now.isoformat(timespec="seconds"),
        "seen": cached.dump_version(cached.version("transactions", "disputes")),
    } | {key: value for key, value in filters.items() if value}
    return f"/admin/export/{name}.csv?{urlencode(params)}"
