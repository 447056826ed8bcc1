"""Whether one snapshot is whole: the plan's first pieces of each writer, to the row and the cent.

How far each writer has come is read off the rows themselves; everything else, counts, sums, the
rows that stand and every figure of the pages, must then be what the plan says of so many pieces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from tests.torture.plan import BEGUN, PAST, Figures, origin
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind, latency
from vcanalytics.analytics.revenue import revenue
from vcanalytics.model.payments import SAMPLE_PREFIXES
from vcanalytics.model.windows import Grain
from vcanalytics.store import Snapshot

STREAMS: Final = ("transactions", "disputes", "requests")
_FROM: Final = BEGUN - PAST - timedelta(days=1)
_TO: Final = BEGUN + timedelta(days=3)
_MONEY: Final = frozenset({"gross", "refunds"})
_FIGURES: Final = ("attempts", "captured", "refunded", "failed", "gross", "refunds")
_BUDGET_S: Final = 60.0


class Eye:
    """Looks at one snapshot after the other, each of which must stand further on, or as far."""

    def __init__(self, seed: int, engine: Engine) -> None:
        self._engine = engine
        self.figures = Figures(seed)
        self.wrong: Counter[str] = Counter()
        self.looked = 0

    def look(self, snapshot: Snapshot, at_least: Mapping[int, int] | None = None) -> list[str]:
        """What is wrong with it. ``at_least``: by writer, the last piece that was acknowledged."""
        self.looked += 1
        floor = _floor(snapshot)
        requests = pl.DataFrame(pl.from_arrow(snapshot.table("requests")))
        reached = self._reached(requests["source_id"].to_numpy())
        found = []
        for writer in reached.keys() | (at_least or {}).keys() | self.figures.pieces.keys():
            wanted = max((at_least or {}).get(writer, 0), self.figures.pieces[writer])
            if reached.get(writer, 0) < wanted:
                self.wrong["lost"] += 1
                found.append(
                    f"writer {writer}: piece {wanted} was acknowledged or seen before, and"
                    f" {reached.get(writer, 0)} is the last there is"
                )
            self.figures.advance(writer, reached.get(writer, 0))
        if found:
            return found
        found += self._requests(snapshot, requests, floor)
        found += self._versions(snapshot)
        found += self._standing(snapshot.current("transactions"))
        return found + self._revenue(snapshot)

    @staticmethod
    def _reached(ids: Any) -> dict[int, int]:
        reached: dict[int, int] = {}
        for one in np.unique(ids // 1_000).tolist():
            writer, number = origin(one * 1_000)
            reached[writer] = max(number, reached.get(writer, 0))
        return reached

    def _rows(self, what: str, kept: int, wanted: int, different: int) -> Iterator[str]:
        """Rows lost or doubled: told apart by how many different ones there are."""
        if kept == wanted == different:
            return
        lost, doubled = max(wanted - different, 0), kept - different
        self.wrong["lost"] += lost
        self.wrong["doubled"] += doubled
        self.wrong["half-seen"] += max(different - wanted, 0)
        yield (
            f"{what}: {kept} rows where {wanted} belong: {lost} lost, {doubled} double, after"
            f" {dict(self.figures.pieces)}"
        )

    def _differs(self, what: str, told: Any, wanted: Any) -> list[str]:
        if told == wanted:
            return []
        self.wrong["half-seen"] += 1
        return [f"{what}: {told}, by the plan {wanted} after {dict(self.figures.pieces)}"]

    def _requests(self, snapshot: Snapshot, rows: pl.DataFrame, floor: date) -> list[str]:
        # What is older may have been let go of, but is not there twice.
        kept = rows.filter(pl.col("happened_at") >= _midnight(floor))
        old = rows.height - kept.height
        wanted = self.figures.endpoints(floor)
        known = sum(one[0] for one in wanted.values())
        different = rows["source_id"].n_unique() - old
        found = list(self._rows("requests", kept.height, known, different))
        summed = int(kept["value_ms"].sum())
        found += self._differs("milliseconds", summed, sum(one[3] for one in wanted.values()))
        start = max(_FROM, _midnight(floor))
        frame = latency(self._engine, snapshot, kind=Kind.REQUEST, start=start, end=_TO)
        told = {
            row["endpoint"]: (row["count"], row["errors"], row["max_ms"])
            for row in frame.to_dicts()
        }
        return found + self._differs("latency", told, {k: v[:3] for k, v in wanted.items()})

    def _versions(self, snapshot: Snapshot) -> list[str]:
        rows = snapshot.table("transactions").select(["source_id", "notes", "captured_amount"])
        frame = pl.DataFrame(pl.from_arrow(rows))
        different = frame.select("source_id", "notes").unique().height
        found = list(self._rows("versions", frame.height, self.figures.versions["rows"], different))
        cents = _cents(sum(frame["captured_amount"].to_list(), Decimal(0)))
        found += self._differs("cents of all versions", cents, self.figures.versions["cents"])
        cases = snapshot.table("disputes").column("case_id").to_pylist()
        found += self._rows("cases", len(cases), self.figures.cases, len(set(cases)))
        return found

    def _standing(self, current: pl.DataFrame) -> list[str]:
        told: Counter[tuple[str, str]] = Counter()
        rows = current.filter(~pl.col("deleted")).group_by("status")
        summed = rows.agg(pl.len(), pl.col("captured_amount").sum())
        for row in summed.to_dicts():
            told[row["status"], "rows"] = row["len"]
            told[row["status"], "cents"] = _cents(row["captured_amount"])
        return self._differs("the rows that stand", _some(told), _some(self.figures.standing))

    def _revenue(self, snapshot: Snapshot) -> list[str]:
        """As the books have it, where they are whole, and by a recount of the rows."""
        return [
            *self._revenue_by(snapshot, "as it is booked", SAMPLE_PREFIXES),
            *self._revenue_by(snapshot, "by recount", ()),
        ]

    def _revenue_by(self, snapshot: Snapshot, how: str, prefixes: Sequence[str]) -> list[str]:
        frame = revenue(
            self._engine,
            snapshot,
            start=_FROM,
            end=_TO,
            grain=Grain.HOUR,
            zone=ZoneInfo("UTC"),
            now=_TO,
            sample_prefixes=prefixes,
        )
        told = _some(
            {
                (row["window_start"], name): _cents(row[name]) if name in _MONEY else row[name]
                for row in frame.to_dicts()
                for name in _FIGURES
            }
        )
        wanted = _some(self.figures.revenue)
        strange = {key for key in told.keys() | wanted.keys() if told.get(key) != wanted.get(key)}
        some = sorted(strange)[:3]
        return self._differs(
            f"revenue {how}, {len(strange)} cells",
            {key: told.get(key) for key in some},
            {key: wanted.get(key) for key in some},
        )


def _floor(snapshot: Snapshot) -> date:
    """The first day of which no response time was let go of."""
    told = (snapshot.facts.get("let_go") or {}).get("requests")
    return date.fromisoformat(told) if told else _FROM.date()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _some(counted: Mapping[Any, int]) -> dict[Any, int]:
    return {key: count for key, count in counted.items() if count}


def _cents(amount: Decimal | None) -> int:
    cents = (amount or Decimal(0)) * 100
    return int(cents) if cents == int(cents) else -1


def engine(segments: Any = None) -> Engine:
    """An engine that a busy machine does not hurry."""
    return Engine(_BUDGET_S, segments=segments)


def named(findings: Iterable[str], who: str) -> list[str]:
    return [f"{who}: {one}" for one in findings]
