"""Figures of generated shops against a recount written apart, in zones whose clocks change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from collectors.simulator.shop import Simulator, make_ready
from tests.analytics.odd_shop import OddShop
from tests.analytics.recount import Recount
from tests.stored import keep
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind, latency
from vcanalytics.analytics.reconcile import reconcile
from vcanalytics.analytics.revenue import revenue, totals
from vcanalytics.model.windows import Grain
from vcanalytics.settings import CAPTURED_ERRORS
from vcanalytics.store import Catalogue, Reader, Snapshot

ZONES: Final = ("America/New_York", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe")
SAMPLES: Final = ("TEST_", "TXN_")
COLUMNS: Final = (
    *("window_start", "currency", "attempts", "captured", "refunded", "failed"),
    *("gross", "refunds", "net", "average", "success_rate", "complete"),
)
DAY: Final = timedelta(days=1)


@dataclass
class Generated:
    """A shop that was read twice, by the console and by the recount."""

    recount: Recount
    snapshot: Snapshot
    now: datetime
    start: datetime
    end: datetime


def _simulated(folder: Path, until: datetime, days: int, zone: str, seed: int) -> Path:
    path = folder / "shop.db"
    history = timedelta(days=days)
    shop = Simulator(path, payments_per_minute=0, zone=ZoneInfo(zone), seed=seed, history=history)
    make_ready(shop, until)
    return path


def _read(path: Path, folder: Path, local: str, looks: Iterator[datetime]) -> Generated:
    zone = ZoneInfo(local)
    catalogue, recount = Catalogue.open(folder / "data"), Recount(path, zone)
    now = datetime.min.replace(tzinfo=UTC)
    for now in looks:
        keep(path, catalogue, now, zone)
        recount.look(now)
    snapshot = Reader(catalogue).snapshot()
    catalogue.close()
    return Generated(recount, snapshot, now, now - 11 * DAY, now + DAY / 2)


def _odd(changes_at: str, local: str, seed: int, folder: Path) -> Generated:
    change = datetime.fromisoformat(changes_at)
    odd = OddShop(folder / "shop.db", change, ZoneInfo(local), seed)

    def looks() -> Iterator[datetime]:
        odd.open()
        yield change + 3 * DAY
        odd.go_on()
        yield change + 5 * DAY + timedelta(hours=3, minutes=20)

    generated = _read(odd.shop.path, folder, local, looks())
    odd.shop.close()
    return generated


def _autumn(folder: Path) -> Generated:
    """Two weeks and more in which Berlin's clocks went back, then New York's."""
    until = datetime(2026, 11, 2, 17, 23, tzinfo=UTC)
    path = _simulated(folder, until, 16, "America/New_York", seed=7)
    return _read(path, folder, "America/New_York", iter([until]))


def _spring(folder: Path) -> Generated:
    """Sixteen days in which Berlin's clocks went forward, then Lord Howe's back by half an hour."""
    until = datetime(2026, 4, 6, 3, 1, tzinfo=UTC)
    path = _simulated(folder, until, 16, "Australia/Lord_Howe", seed=8)
    return _read(path, folder, "Australia/Lord_Howe", iter([until]))


SHOPS: Final[dict[str, Callable[[Path], Generated]]] = {
    "simulated autumn": _autumn,
    "simulated spring": _spring,
    "odd, New York back": partial(_odd, "2026-11-01T06:00Z", "America/New_York", 1),
    "odd, New York forward": partial(_odd, "2026-03-08T07:00Z", "America/New_York", 2),
    "odd, Berlin forward": partial(_odd, "2026-03-29T01:00Z", "Europe/Berlin", 3),
    "odd, Lord Howe forward": partial(_odd, "2026-10-03T15:30Z", "Australia/Lord_Howe", 4),
}


@pytest.fixture(scope="module", params=SHOPS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generated:
    return SHOPS[request.param](tmp_path_factory.mktemp("shop"))


@cache
def _throwaway() -> frozenset[str]:
    text = (resources.files("vcanalytics.analytics") / "throwaway_domains.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def _plain(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Windows with their start on the zone's clock."""
    starts = frame.drop("window_start").rename({"window_label": "window_start"})
    return starts.select(COLUMNS).to_dicts()


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("grain", list(Grain))
def test_every_window_is_the_recount_s(
    engine: Engine, made: Generated, zone: str, grain: Grain
) -> None:
    # Once whole, once cut on both sides in the middle of an hour; by the books and by the rows.
    cut = timedelta(days=1, minutes=7, seconds=1)
    assert made.snapshot.books is not None
    for start, end in ((made.start, made.end), (made.start + cut, made.end - cut)):
        expected = made.recount.revenue(start, end, grain.value, ZoneInfo(zone), made.now, "sunday")
        assert expected
        for snapshot in (made.snapshot, replace(made.snapshot, books=None)):
            frame = revenue(
                engine,
                snapshot,
                start=start,
                end=end,
                grain=grain,
                zone=ZoneInfo(zone),
                now=made.now,
                week_start="sunday",
                sample_prefixes=SAMPLES,
            )
            assert _plain(frame) == [{name: row[name] for name in COLUMNS} for row in expected]


def test_totals_are_the_recount_s(engine: Engine, made: Generated) -> None:
    zone = ZoneInfo("UTC")
    start, end = made.start - 60 * DAY, made.end + 60 * DAY
    frame = totals(
        engine,
        made.snapshot,
        start=start,
        end=end,
        zone=zone,
        now=made.now,
        sample_prefixes=SAMPLES,
    )
    names = ("attempts", "captured", "refunded", "failed", "gross", "refunds", "net")
    sums: dict[str, dict[str, Any]] = {}
    for row in made.recount.revenue(start, end, "month", zone, made.now):
        total = sums.setdefault(row["currency"], dict.fromkeys(names, 0))
        for name in names:
            total[name] += row[name]
    assert {r["currency"]: {n: r[n] for n in names} for r in frame.to_dicts()} == sums
    assert sum(total["captured"] for total in sums.values()) > 30


def test_findings_are_the_recount_s(engine: Engine, made: Generated) -> None:
    frame = reconcile(
        engine,
        made.snapshot,
        as_of=made.now,
        captured_errors=CAPTURED_ERRORS,
        sample_prefixes=SAMPLES,
    )
    columns = ("finding", "transaction_id", "amount", "currency", "since")
    expected = made.recount.findings(made.now, set(_throwaway()))
    assert _in_order(frame.select(columns).rows()) == _in_order(expected)
    assert len({name for name, *_ in expected}) >= 7


def _in_order(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=lambda row: (row[0], row[1], row[4]))


@pytest.mark.parametrize("hours", [1, 24, 240])
def test_percentiles_are_the_recount_s(engine: Engine, made: Generated, hours: int) -> None:
    # The hours around a change of clocks are among them.
    end = made.now - timedelta(days=1, hours=4)
    for kind in (Kind.REQUEST, Kind.QUERY):
        start = end - timedelta(hours=hours)
        frame = latency(engine, made.snapshot, kind=kind, start=start, end=end)
        expected = made.recount.latency(kind.value, start, end)
        names = ("count", "errors", "mean_ms", "p50_ms", "p95_ms", "p99_ms", "max_ms")
        rows = {row["endpoint"]: row for row in frame.to_dicts()}
        assert rows.keys() == expected.keys()
        for endpoint, figures in expected.items():
            row = rows[endpoint]
            assert row["method"] == ("exact" if hours <= 24 else "sketch")
            for name in names:
                rel = row["error_bound"] if name in {"p50_ms", "p95_ms", "p99_ms"} else 0
                assert row[name] == pytest.approx(figures[name], rel=max(rel, 1e-12)), name
