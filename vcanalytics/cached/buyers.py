"""Suspicious buyers with their cases, cached: ``analytics.buyers``."""

from __future__ import annotations

from datetime import datetime

import polars as pl

from vcanalytics.analytics import buyers as _buyers
from vcanalytics.analytics.buyers import Buyer, Reason
from vcanalytics.cached import desk
from vcanalytics.cached.books import BOOKS
from vcanalytics.cached.console import Answer, Version, open_console, take_snapshot, version
from vcanalytics.cached.regions import LIVE

__all__ = ["Buyer", "Reason", "found", "table"]


@LIVE.keep(entries=2)
def _grouped(at: Version, number: int, _findings: pl.DataFrame) -> tuple[Buyer, ...]:  # noqa: ARG001
    mine = _findings.filter(pl.col("finding") == _buyers.FINDING)
    payments = mine["transaction_id"].unique().to_list()
    paid = _buyers.captured(open_console().engine, take_snapshot(), payments)
    return tuple(_buyers.buyers(desk.desk(mine, gone=False), paid))


def found(*, now: datetime) -> tuple[Buyer, ...]:
    """Every suspicious buyer: ``analytics.buyers.buyers``. Raises BeingCounted, BudgetExceeded."""
    findings = desk.found(now, now, now=now, whole=True, finding=_buyers.FINDING)
    return _grouped(version(*BOOKS), desk.newest(), findings)


def table(*, now: datetime) -> Answer:
    """The same as rows, one a buyer and currency: ``analytics.buyers.table``."""
    return Answer(_buyers.table(found(now=now)), now)
