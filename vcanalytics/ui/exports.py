"""Links to the files of a table or chart; vcanalytics.web.exports makes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from vcanalytics import cached
from vcanalytics.display.ranges import Range
from vcanalytics.ui import agents

#: Streams that move every second: charts of them are made anew less often.
_PACED: Final = frozenset({"requests", "system"})


def link(
    name: str, view: Range, *, streams: Sequence[str] = cached.BOOKS, **filters: str | None
) -> str:
    """Where the whole of a table is had, as it stands on the screen now.

    ``streams`` are those it was read from: the link carries their version.
    """
    if _PACED.isdisjoint(streams):
        seen = cached.version(*streams)
    else:
        seen = cached.paced(*streams, length=view.end - view.start, now=view.now)
    params = {
        "from": view.start.isoformat(),
        "to": view.end.isoformat(),
        "zone": view.zone_name,
        "grain": view.grain.value,
        "range": view.preset or "fixed",
        "compare": view.compare,
        "week_start": view.week_start,
        "as_of": view.now.isoformat(timespec="seconds"),
        "seen": cached.dump_version(seen),
        **filters,
    }
    told = {key: value for key, value in params.items() if value}
    return f"/admin/export/{name}.csv?{urlencode(told)}"


def files(csv: str, picture: str = "") -> str:
    """The ways to a table's files in Markdown: for a spreadsheet, and, but on phones, programs.

    With the name of a ``picture``, its chart too.
    """
    if agents.phone():
        return f"[CSV]({csv})"
    links = [f"[CSV]({csv})", f"[Parquet]({csv.replace('.csv?', '.parquet?', 1)})"]
    if picture:
        asked = csv.partition("?")[2]
        links += [
            f"[{form.upper()}](/admin/export/{picture}.{form}?{asked})" for form in ("png", "svg")
        ]
    return "\u2002".join(links)


def reports(view: Range) -> str:
    """Links to the day and the week that a range ends in, as a PDF."""
    last = max(view.until - timedelta(microseconds=1), view.start)
    asked = urlencode({"date": last.astimezone(view.zone).date(), "zone": view.zone_name})
    return "\u2002".join(
        f"[{name} as PDF](/admin/report/{kind}.pdf?{asked})"
        for kind, name in (("day", "Day"), ("week", "Week"))
    )
