"""Answers from cells against the rows themselves: percentiles within their bound, else exact."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.analytics import moments
from tests.analytics.moments import NOON, Row, ago, request, sample
from tests.analytics.sealed_store import Store
from vcanalytics.analytics import performance, system
from vcanalytics.analytics.engine import Engine, sql
from vcanalytics.analytics.latency import Kind, latency
from vcanalytics.analytics.sources import hours_alone
from vcanalytics.model import buckets
from vcanalytics.model.windows import Grain
from vcanalytics.store import Snapshot
from vcanalytics.store.cells.counting import FINE, REQUEST_CELLS, exact_sum

shared = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=14, deadline=None
)
START, END = ago(days=5, hours=1, minutes=17), ago(minutes=31)
PERCENTILES = ("p50_ms", "p95_ms", "p99_ms")
#: Ugly ones: nothing, next to nothing, ties, edges of bands, beyond all reason.
VALUES = st.one_of(
    st.sampled_from([0.0, 1e-9, 0.1, 1.0, 50.0, 50.000001, 100.0, 1e9, 1.7e308, 2.3e-308]),
    st.floats(0, 1e9, allow_subnormal=False),
    st.floats(0, 1.7e308, allow_subnormal=False),
    st.floats(20, 300).map(lambda value: round(value, 3)),
)
DRAWN = st.lists(
    st.tuples(
        VALUES,
        st.integers(0, 5 * 86_400 + 7_200),
        st.sampled_from(["/often", "/often", "/often", "/rare"]),
        st.sampled_from(["success", "error"]),
        # Of which batch: sealed, sealed later, hot.
        st.integers(0, 2),
    ),
    max_size=80,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    yield opened
    opened.close()


def exact(
    store: Store, start: datetime, end: datetime, snapshot: Snapshot | None = None
) -> dict[str, Row]:
    """The same figures from every row."""
    snapshot = snapshot or store.look()
    frame = store.engine.ask(
        sql("latency"),
        {"kind": "request_time", "from": start, "to": end, "fine": list(FINE)},
        {"requests": snapshot.relation("requests", start, end)},
    )
    return {row["endpoint"]: row for row in frame.to_dicts()}


def holds(found: dict[str, Row], wanted: dict[str, Row]) -> None:
    assert found.keys() == wanted.keys()
    for name, row in wanted.items():
        mine = found[name]
        assert mine["method"] == "sketch"
        for column in ("count", "errors", "max_ms"):
            assert mine[column] == row[column], column
        if math.isfinite(float(str(row["mean_ms"]))):
            assert mine["mean_ms"] == pytest.approx(row["mean_ms"], rel=1e-14)
        for column in PERCENTILES:
            assert mine["error_bound"] == 0.01
            assert mine[column] == pytest.approx(row[column], rel=0.01, abs=0), column


@shared
@given(DRAWN)
def test_a_percentile_from_cells_lies_within_its_bound(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[float, int, str, str, int]]
) -> None:
    store = Store(tmp_path_factory.mktemp("cells"))
    batches: list[list[Row]] = [[], [], []]
    for value, second, endpoint, status, batch in drawn:
        when = START - timedelta(hours=1) + timedelta(seconds=second)
        batches[batch].append(request(value, when, endpoint=endpoint, status=status))
    store.keep("requests", *batches)
    frame = latency(store.engine, store.look(), kind=Kind.REQUEST, start=START, end=END)
    holds({row["endpoint"]: row for row in frame.to_dicts()}, exact(store, START, END))
    store.close()


@given(st.lists(st.floats(allow_nan=False, allow_subnormal=False), min_size=1, max_size=50))
@shared
def test_sql_numbers_buckets_as_cells_do(engine: Engine, values: list[float]) -> None:
    frame = pl.DataFrame({"value": values})
    numbered = engine.ask(
        "SELECT CASE WHEN value = 0 THEN 0 WHEN value > $largest THEN $beyond"
        " WHEN value < -$largest THEN -$beyond"
        " WHEN value > 0 THEN CAST($first + ceil(ln(value) / $log_width) AS INTEGER)"
        " ELSE -CAST($first + ceil(ln(-value) / $log_width) AS INTEGER) END AS bucket FROM given",
        buckets.NUMBERING,
        {"given": frame},
    )
    mine = frame.select(buckets.bucket(pl.col("value"))).to_series().to_list()
    assert numbered["bucket"].to_list() == mine
    # Greater values never lie in lesser buckets.
    assert [n for _, n in sorted(zip(values, mine, strict=True))] == sorted(mine)


@given(st.lists(st.floats(-1e12, 1e12), max_size=30), st.integers(0, 30))
def test_sums_do_not_hang_on_how_rows_are_put_together(values: list[float], cut: int) -> None:
    parts = [exact_sum(values[:cut]), exact_sum(values[cut:])]
    total, rest = exact_sum([number for part in parts for number in part])
    noise = 1e-28 * math.fsum(abs(value) for value in values)
    assert math.isclose(total + rest, math.fsum(values), rel_tol=3e-16, abs_tol=noise)


def test_no_bound_is_given_between_a_value_below_zero_and_one_above(store: Store) -> None:
    rows = [request(value, ago(days=3)) for value in (-100.0, 100.0)]
    rows += [request(value, ago(days=3), endpoint="/fine") for value in (-3.0, -2.0, -1.0)]
    store.keep("requests", rows, [])
    frame = latency(store.engine, store.look(), kind=Kind.REQUEST, start=START, end=END)
    by = {row["endpoint"]: row for row in frame.to_dicts()}
    assert by["/a"]["error_bound"] is None
    assert by["/a"]["count"] == 2
    assert by["/fine"]["error_bound"] == 0.01
    assert by["/fine"]["p50_ms"] == pytest.approx(-2.0, rel=0.01)


def hourly(days: int, step: timedelta = timedelta(minutes=7)) -> list[Row]:
    count = int(timedelta(days=days) / step)
    return [
        request(20.0 + i * 37 % 400, START + step * i, endpoint=f"/{i % 2}") for i in range(count)
    ]


@dataclass(frozen=True)
class Around:
    """A store with rows from before ``start`` until after ``end``, around a change of clocks."""

    store: Store
    rows: list[Row]
    start: datetime
    end: datetime


@pytest.fixture(scope="module", params=["2026-11-01T06:00+00:00", "2026-04-04T15:00+00:00"])
def around(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Around]:
    clocks = datetime.fromisoformat(request.param)
    start, end = clocks - timedelta(days=2, minutes=17), clocks + timedelta(days=2, minutes=11)
    step = timedelta(minutes=7)
    rows = [
        moments.request(20.0 + i * 37 % 400, start - step + step * i)
        for i in range(int((end - start) / step) + 3)
    ]
    store = Store(tmp_path_factory.mktemp("around"))
    store.keep("requests", rows[::3], rows[1::3], rows[2::3])
    yield Around(store, rows, start, end)
    store.close()


@pytest.mark.parametrize(
    ("zone", "grain"),
    [
        ("UTC", Grain.HOUR),
        ("UTC", Grain.DAY),
        ("Asia/Kolkata", Grain.HOUR),
        ("Asia/Kolkata", Grain.DAY),
        ("Asia/Kathmandu", Grain.DAY),
        ("America/New_York", Grain.DAY),
        ("America/New_York", Grain.WEEK),
        ("Australia/Lord_Howe", Grain.HOUR),
    ],
)
def test_windows_from_cells_are_those_of_rows(around: Around, zone: str, grain: Grain) -> None:
    """Around a change of clocks, in zones that are half an hour off, with ragged ends."""
    store, start, end, snapshot = around.store, around.start, around.end, around.store.look()
    frame = performance.over_time(
        store.engine,
        snapshot,
        kind=Kind.REQUEST,
        start=start,
        end=end,
        zone=ZoneInfo(zone),
        now=NOON,
        grain=grain,
    )
    assert set(frame["method"]) == {"sketch"}
    assert frame["count"].sum() == len([r for r in around.rows if start <= _when(r) < end])
    for row in frame.iter_rows(named=True):
        low, high = max(row["window_start"], start), min(row["window_end"], end)
        wanted = exact(store, low, high, snapshot)
        if not wanted:
            assert (row["count"], row["p95_ms"]) == (0, None)
            continue
        holds({"/a": row}, wanted)


def _when(row: Row) -> datetime:
    assert isinstance(row["happened_at"], datetime)
    return row["happened_at"]


def test_kinds_and_bands_are_counted_exactly(store: Store) -> None:
    values = [0.0, 0.1, 0.10001, 49.9, 50.0, 50.0, 50.00001, 100.0, 1e5, 1e6]
    rows = [request(value, ago(days=2, hours=i)) for i, value in enumerate(values)]
    store.keep("requests", rows[:4], rows[4:8], rows[8:])
    snapshot = store.look()
    summary = performance.summary(store.engine, snapshot, start=START, end=END)
    assert summary.select("kind", "count", "slow").rows() == [("request_time", 10, 4)]
    heat = performance.heat(
        store.engine,
        snapshot,
        kind=Kind.REQUEST,
        start=START,
        end=END,
        zone=ZoneInfo("UTC"),
        now=NOON,
    )
    bands = heat.group_by("low_ms", "high_ms").agg(pl.col("count").sum()).sort("low_ms")
    assert bands.rows() == [
        (0.0, 0.1, 2),
        (0.1, 0.2, 1),
        (20.0, 50.0, 3),
        (50.0, 100.0, 2),
        (50_000.0, 100_000.0, 1),
        (100_000.0, math.inf, 1),
    ]


def test_more_rows_than_may_be_exact_are_counted_from_cells(store: Store) -> None:
    store.keep("requests", hourly(5), [])
    snapshot = store.look()
    day = {"kind": Kind.REQUEST, "start": ago(days=2), "end": ago(days=1)}
    for rows, method in ((205, "exact"), (204, "sketch")):
        frame = latency(store.engine, snapshot, exact_rows=rows, **day)  # type: ignore[arg-type]
        assert frame["count"].sum() == 205
        assert set(frame["method"]) == {method}


def test_cells_answer_for_rows_that_were_let_go(store: Store) -> None:
    rows = hourly(5)
    store.keep("requests", rows, [])
    start, end = ago(days=4, minutes=20), ago(days=3, hours=1, minutes=10)
    ask = {"kind": Kind.REQUEST, "start": start, "end": end}
    before = latency(store.engine, store.look(), **ask)  # type: ignore[arg-type]
    assert set(before["method"]) == {"exact"}
    assert not hours_alone(store.look(), "requests", start, end)
    store.let_go("requests", ago(days=2))

    snapshot = store.look()
    after = latency(store.engine, snapshot, **ask)  # type: ignore[arg-type]
    # Whole hours: those that begin within the range.
    first, last = ago(days=4), ago(days=3, hours=1)
    counted = [row for row in rows if first <= _when(row) < last]
    assert after["count"].sum() == len(counted)
    assert set(after["method"]) == {"sketch"}
    assert hours_alone(snapshot, "requests", start, end)
    assert not hours_alone(snapshot, "requests", first, last)


def test_samples_of_hosts_are_the_same_from_cells(store: Store) -> None:
    step = timedelta(minutes=5)
    rows = [
        sample(START + step * i, measure, float(i * 31 % 97) + 0.5, item)
        for i in range(5 * 24 * 12)
        for measure, item in (("cpu_percent", ""), ("disk_percent", "data"))
    ]
    whole = Store(store.catalogue.path.parent / "hot")
    whole.keep("system", rows)
    store.keep("system", rows[::3], rows[1::3], rows[2::3])
    for grain, zone in ((Grain.HOUR, "Asia/Kolkata"), (Grain.DAY, "Europe/Berlin"), (None, "UTC")):
        answers = [
            system.over_time(
                one.engine,
                one.look(),
                measures=["cpu_percent"],
                start=START,
                end=END,
                zone=ZoneInfo(zone),
                now=NOON,
                grain=grain,
                percentile=True,
            )
            for one in (whole, store)
        ]
        assert_frame_equal(answers[1], answers[0], rel_tol=1e-12)
    filled = [system.disks(one.engine, one.look(), now=NOON) for one in (whole, store)]
    assert_frame_equal(filled[1], filled[0], abs_tol=1e-9)
    assert filled[0].height == 1
    whole.close()


def test_a_p95_of_samples_lies_within_1_percent(store: Store) -> None:
    values = [float(i * i % 1_009) / 10 for i in range(600)]
    rows = [
        sample(ago(days=2) + timedelta(seconds=i), "cpu_percent", v) for i, v in enumerate(values)
    ]
    store.keep("system", rows, [])
    frame = system.over_time(
        store.engine,
        store.look(),
        measures=["cpu_percent"],
        start=START,
        end=END,
        zone=ZoneInfo("UTC"),
        now=NOON,
        grain=Grain.DAY,
        percentile=True,
    ).filter(pl.col("samples") > 0)
    (row,) = frame.to_dicts()
    wanted = pl.Series(values).quantile(0.95, "linear")
    assert row["p95"] == pytest.approx(wanted, rel=0.01)
    assert (row["samples"], row["most"]) == (600, max(values))


def test_a_broken_file_of_cells_is_stood_in_for_by_its_rows(store: Store) -> None:
    store.keep("requests", hourly(5), [])
    wanted = exact(store, START, END)
    for name in REQUEST_CELLS.series:
        for key in [key for key in store.segments.files() if key.startswith(f"{name}/")][:2]:
            store.segments.local(key).write_bytes(b"short")
    snapshot = store.look()
    assert snapshot.damage == ()
    frame = latency(store.engine, snapshot, kind=Kind.REQUEST, start=START, end=END)
    holds({row["endpoint"]: row for row in frame.to_dicts()}, wanted)


def test_golden_figures(store: Store) -> None:
    rows = [request(float(i), ago(days=3) + timedelta(minutes=i)) for i in range(1, 1_001)]
    store.keep("requests", rows, [])
    frame = latency(store.engine, store.look(), kind=Kind.REQUEST, start=START, end=END)
    (row,) = frame.to_dicts()
    told = {name: round(value, 2) for name, value in row.items() if name.endswith("_ms")}
    # The middles of buckets, 1.02**n * 2 / 2.02. Exactly they are 500.5, 950.05 and 990.01.
    assert told == {
        "mean_ms": 500.5,
        "p50_ms": 496.74,
        "p95_ms": 954.86,
        "p99_ms": 993.43,
        "max_ms": 1000.0,
    }
