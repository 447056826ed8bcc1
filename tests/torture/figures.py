"""The shop's figures, recounted from its rows in plain Python, against the console's."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.shop import open_shop
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.revenue import revenue
from vcanalytics.model.windows import Grain
from vcanalytics.store import Segments, Snapshot

ZONE: Final = ZoneInfo("Asia/Kolkata")
_NAMES: Final = ("attempts", "captured", "refunded", "failed", "gross", "refunds")
_BUDGET_S: Final = 60

Days = dict[date, dict[str, Decimal]]


def differences(shop: Path, segments: Segments, snapshot: Snapshot, now: datetime) -> Iterator[str]:
    """Days whose figures are not the recount's."""
    with closing(Engine(_BUDGET_S, segments=segments.root)) as engine:
        real, told = recount(shop), _told(engine, snapshot, now)
    for day in sorted(real.keys() | told.keys()):
        if real.get(day) != told.get(day):
            yield f"figures of {day}: {told.get(day)}, by recount {real.get(day)}"


def recount(shop: Path) -> Days:
    """Figures by day in ZONE, of days on which anything happened."""
    days: dict[date, Counter[str]] = {}
    for figure, moment, amount in _events(shop):
        day = days.setdefault(_utc(moment).astimezone(ZONE).date(), Counter())
        day[figure] += 1
        if figure in {"captured", "refunded"}:
            day["gross" if figure == "captured" else "refunds"] += amount  # type: ignore[assignment]
    return {day: {n: Decimal(v) for n, v in found.items()} for day, found in days.items()}


def _events(shop: Path) -> Iterator[tuple[str, str, Decimal]]:
    with open_shop(shop) as opened:
        cases = dict(opened.rows("SELECT case_id, resolved_at FROM dispute_cases"))
        rows = opened.rows(
            "SELECT status, amount, metadata, created_at, completed_at FROM transactions"
        )
    for status, column, metadata, created_at, completed_at in rows:
        told: dict[str, Any] = json.loads(metadata) if metadata else {}
        # A refund overwrites what was captured; in this shop it is what the column says.
        amount = Decimal(str(told.get("amount", column)))
        yield "attempts", created_at, amount
        if status in {"completed", "refunded"}:
            yield "captured", completed_at, amount
        if status in {"failed", "error"}:
            yield "failed", created_at, amount
        if status == "refunded":
            yield "refunded", cases[told["refund_case_id"]], amount


def _told(engine: Engine, snapshot: Snapshot, now: datetime) -> Days:
    frame = revenue(
        engine,
        snapshot,
        start=now - timedelta(days=30),
        end=now + timedelta(days=2),
        grain=Grain.DAY,
        zone=ZONE,
        now=now,
    )
    found = {
        date.fromisoformat(row["window_label"][:10]): {
            name: Decimal(row[name]) for name in _NAMES if row[name]
        }
        for row in frame.to_dicts()
    }
    return {day: row for day, row in found.items() if row}


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
