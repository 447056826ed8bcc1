"""PayPal's side, cached: findings and totals beside ours, imports, and importing.

Answers are kept by the state of ``paypal.db``, so that an import is seen at once, and for payments
as they were within the last minute: matching looks at all of them. Who may import is for the caller
to know.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
import streamlit as st

from vcanalytics.analytics import paypal as _paypal
from vcanalytics.cached.books import BOOKS
from vcanalytics.cached.console import Version, once_in, open_console, settings, take_snapshot
from vcanalytics.cached.regions import REVENUE
from vcanalytics.model.windows import Grain
from vcanalytics.paypal import imports as _imports
from vcanalytics.paypal.cells import Order
from vcanalytics.paypal.database import FILE_NAME, PayPal
from vcanalytics.paypal.importing import Download, Outcome, bring_in, staged
from vcanalytics.paypal.importing import preview as _preview
from vcanalytics.store.forget import hiding

__all__ = [
    "FINDINGS",
    "SHOWN_MAX",
    "Order",
    "Outcome",
    "all_findings",
    "asides",
    "covered",
    "findings",
    "import_file",
    "imports",
    "preview",
    "totals",
]

FINDINGS: Final = _paypal.FINDINGS
#: Findings that a page looks at; a file has more.
SHOWN_MAX: Final = 20_000
_BUDGET_S: Final = 20.0
#: What an upload may come to, unpacked: half a minute's work. Longer ones are the command's.
_BYTES_MAX: Final = 300 << 20
_HELD: Final = timedelta(minutes=1)
#: So many rows are kept between two questions, for so long: 150 MB at most.
_KEPT_ROWS: Final = 1_000_000
_KEPT: Final = timedelta(minutes=5)
Spans = tuple[tuple[datetime, datetime], ...]


@st.cache_resource(show_spinner=False)
def _open() -> PayPal:
    return PayPal.open(settings().store_dir)


def _opened() -> PayPal | None:
    """The file; it is not made by looking."""
    return _open() if (settings().store_dir / FILE_NAME).exists() else None


def _state() -> str:
    """Moves whenever anything was imported, or anybody forgotten."""
    database = _opened()
    return "" if database is None else repr(database.token())


@st.cache_resource(max_entries=1, ttl=_KEPT, show_spinner=False)
def _every_row(state: str) -> pl.DataFrame:  # noqa: ARG001 - the key
    """All rows, for findings and totals alike; they are looked at and never changed."""
    with _open().read() as connection:
        return _imports.rows(connection)


def _rows(start: datetime | None, end: datetime | None) -> tuple[pl.DataFrame, Spans]:
    """PayPal's rows in the range and around it, and the times that imports cover."""
    database = _opened()
    if database is None:
        return _imports.ROWS.to_frame(), ()
    first = None if start is None else start - _paypal.AROUND
    last = None if end is None else end + _paypal.AROUND
    with database.read() as connection:
        spans = tuple(_imports.covered(connection))
        if _imports.count(connection) > _KEPT_ROWS:
            return _imports.rows(connection, first, last), spans
    rows = _every_row(_state())
    if first is not None:
        rows = rows.filter(pl.col("happened_at") >= first)
    if last is not None:
        rows = rows.filter(pl.col("happened_at") < last)
    return rows, spans


def _find(start: datetime | None, end: datetime | None, limit: int) -> pl.DataFrame:
    rows, spans = _rows(start, end)
    return _paypal.findings(
        open_console().engine,
        take_snapshot(),
        rows,
        spans,
        start=start,
        end=end,
        sample_prefixes=settings().sample_prefixes,
        limit=limit,
        budget_s=_BUDGET_S,
    )


@REVENUE.keep(entries=8)
def _shown(
    start: datetime | None,
    end: datetime | None,
    state: str,  # noqa: ARG001 - part of the key
    at: Version,  # noqa: ARG001 - part of the key
) -> pl.DataFrame:
    return _find(start, end, SHOWN_MAX)


@REVENUE.keep(entries=1, whole=True)
def _whole(
    start: datetime | None,
    end: datetime | None,
    state: str,  # noqa: ARG001 - part of the key
    at: Version,  # noqa: ARG001 - part of the key
) -> pl.DataFrame:
    return _find(start, end, _paypal.LIMIT)


def findings(start: datetime | None, end: datetime | None, *, now: datetime) -> pl.DataFrame:
    """What differs: ``analytics.paypal.findings``, the first SHOWN_MAX. Raises BudgetExceeded."""
    return _shown(start, end, _state(), once_in(_HELD, *BOOKS, now=now))


def all_findings(start: datetime | None, end: datetime | None, *, now: datetime) -> pl.DataFrame:
    """The same, all of them, for a file."""
    return _whole(start, end, _state(), once_in(_HELD, *BOOKS, now=now))


@REVENUE.keep(entries=16)
def _totals(
    start: datetime | None,
    end: datetime | None,
    grain: str,
    zone: str,
    state: str,  # noqa: ARG001 - part of the key
    at: Version,  # noqa: ARG001 - part of the key
) -> pl.DataFrame:
    rows, spans = _rows(start, end)
    told = settings()
    return _paypal.totals(
        open_console().engine,
        take_snapshot(),
        rows,
        spans,
        grain=Grain(grain),
        zone=ZoneInfo(zone),
        start=start,
        end=end,
        week_start=told.week_start,
        sample_prefixes=told.sample_prefixes,
        budget_s=_BUDGET_S,
    )


def totals(
    start: datetime | None, end: datetime | None, *, grain: str, zone: str, now: datetime
) -> pl.DataFrame:
    """What came in on both sides: ``analytics.paypal.totals``. Raises BudgetExceeded."""
    return _totals(start, end, grain, zone, _state(), once_in(_HELD, *BOOKS, now=now))


def covered() -> Spans:
    """The times that imports cover, in order. Raises StoreError."""
    database = _opened()
    if database is None:
        return ()
    with database.read() as connection:
        return tuple(_imports.covered(connection))


def imports() -> pl.DataFrame:
    """What was imported, the newest first: ``paypal.imports.IMPORTS``. Raises StoreError."""
    database = _opened()
    if database is None:
        return _imports.IMPORTS.to_frame()
    with database.read() as connection:
        return _imports.listed(connection)


def asides(number: int) -> list[tuple[str, int, str]]:
    """(part, line, reason) of what an import kept aside: the first thousand."""
    database = _opened()
    if database is None:
        return []
    with database.read() as connection:
        return _imports.asides(connection, number)


@contextmanager
def _on_path(content: memoryview) -> Iterator[Path]:
    """A file's content under a path, in memory: it holds customers' addresses."""
    handle = os.memfd_create("paypal")
    try:
        with open(handle, "wb", closefd=False) as stream:
            stream.write(content)
        yield Path(f"/proc/self/fd/{handle}")
    finally:
        os.close(handle)


def _read(
    path: Path, name: str, zone: str, dates: Order | None
) -> AbstractContextManager[Download]:
    return staged(path, name, zone=ZoneInfo(zone), dates=dates, bytes_max=_BYTES_MAX)


def preview(content: memoryview, name: str, *, zone: str, dates: Order | None) -> Outcome:
    """What an import of the file would come to. Raises UsageError where it cannot be read."""
    with (
        _on_path(content) as path,
        _read(path, name, zone, dates) as download,
    ):
        return _preview(_opened(), download)


def import_file(
    content: memoryview, name: str, *, zone: str, dates: Order | None, by: str
) -> Outcome:
    """Import the file, whole or not at all. Raises UsageError, StoreError."""
    with (
        _on_path(content) as path,
        _read(path, name, zone, dates) as download,
    ):
        return bring_in(
            _open(),
            download,
            now=datetime.now(UTC),
            by=by,
            hiding=lambda: hiding(open_console().catalogue),
        )
