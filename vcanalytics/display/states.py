"""The states of payments as a picture: parts of one whole."""

from __future__ import annotations

import polars as pl

from vcanalytics.display import charts, formats, words
from vcanalytics.display.picture import Key, Picture


def picture(counts: pl.DataFrame, note: str = "") -> Picture | None:
    """A strip of what was begun by the state it is in now: of ``status``, ``count``.

    None where nothing was begun. ``note`` says which of all they are.
    """
    total = int(counts["count"].sum())
    if not total:
        return None
    rows = charts.status_rows(counts)
    keys = []
    for status, role, number in rows.select("status", "role", "value").iter_rows():
        share = formats.rate(number / total)
        keys.append(Key(words.status(status).label, role, "square", formats.count(number), share))
    told = f"{formats.count(total)} created"
    return Picture(
        "Flow",
        f"{told}, {note}" if note else told,
        "Payments by state",
        rows,
        charts.strip(),
        tuple(keys),
    )
