"""Taking customers out of what people wrote: notes on the axis, of cases, of alerts, messages."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import JSON, Text

from vcanalytics.journal import notes
from vcanalytics.journal.journal import Journal
from vcanalytics.journal.record import metadata


def forget(journal: Journal, hide: Callable[[str], str]) -> int:
    """Put ``hide`` of it in the place of every text; how many changed.

    Raises StoreError where the file cannot be written.
    """
    texts = [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, (Text, JSON))
    ]
    changed = journal.rewrite(texts, hide)
    if changed:
        with journal.write() as connection:
            # Open pages hold them, and ask anew.
            notes.touch(connection)
    return changed
