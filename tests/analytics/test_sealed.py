"""Figures are the same before, while and after their rows are sealed into files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from tests.analytics.moments import NOON, Row, ago, event, request, sample
from vcanalytics.analytics import activity, funnels, health, logs, performance, revenue, system
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind, latency
from vcanalytics.model.streams import STREAMS
from vcanalytics.model.windows import Grain
from vcanalytics.store import Catalogue, CurrentRow, Reader, Segments, Snapshot
from vcanalytics.store.batches import make_batch
from vcanalytics.store.sealer import seal

UTC_ZONE = ZoneInfo("UTC")
Question = Callable[[Engine, Snapshot], pl.DataFrame]
START, END = ago(days=3), NOON + timedelta(hours=1)


def _rows(batch: int) -> dict[str, list[Row]]:
    """Rows of three days, a third of them a batch."""
    times = [ago(hours=5 * i + batch) for i in range(14)]
    people = [f"p{i % 5}@example.com" for i in range(14)]
    return {
        "requests": [request(float(7 * i + batch), when) for i, when in enumerate(times)],
        "activity": [
            event(when, ("sign_up", "sign_in", "upload")[i % 3], people[i])
            for i, when in enumerate(times)
        ],
        "system": [
            sample(when, measure, float(i), item)
            for i, when in enumerate(times)
            for measure, item in (("cpu_percent", ""), ("disk_percent", "data"))
        ],
        "health": [
            {"happened_at": when, "component": "database", "status": f"s{i // 3}"}
            for i, when in enumerate(times)
        ],
        "logs": [
            {
                "happened_at": when,
                "level": ("INFO", "ERROR")[i % 2],
                "component": "auth",
                "message": f"{batch} {i}",
            }
            for i, when in enumerate(times)
        ],
        "transactions": [
            {
                "source_id": i,
                "observed_at": NOON,
                "deleted": False,
                "transaction_id": f"VC_{batch}_{i}",
                "created_at": when,
                "status": "completed",
                "email": people[i],
                "captured": True,
                "captured_at": when,
                "captured_amount": Decimal(i),
                "currency": "USD",
            }
            for i, when in enumerate(times)
        ],
    }


def append(catalogue: Catalogue, batch: int) -> None:
    with catalogue.write(NOON) as writer:
        for name, rows in _rows(batch).items():
            current = [
                CurrentRow(str(row["transaction_id"]), batch * 100 + i, 1)
                for i, row in enumerate(rows)
                if name == "transactions"
            ]
            writer.append(name, "test", f"{name}-{batch}", make_batch(STREAMS[name], rows), current)
            writer.note_read(name, NOON, done=0, total=0)


QUESTIONS: dict[str, Question] = {
    "revenue": lambda e, s: revenue.revenue(
        e, s, start=START, end=END, grain=Grain.DAY, zone=UTC_ZONE, now=NOON
    ),
    "latency": lambda e, s: latency(e, s, kind=Kind.REQUEST, start=START, end=END),
    "performance": lambda e, s: performance.over_time(
        e, s, kind=Kind.REQUEST, start=START, end=END, zone=UTC_ZONE, now=NOON
    ),
    "heat": lambda e, s: performance.heat(
        e, s, kind=Kind.REQUEST, start=START, end=END, zone=UTC_ZONE, now=NOON
    ),
    # One that lies in a single file, and in part of it.
    "hour": lambda e, s: latency(e, s, kind=Kind.REQUEST, start=ago(hours=31), end=ago(hours=26)),
    "activity": lambda e, s: activity.over_time(
        e, s, start=START, end=END, zone=UTC_ZONE, now=NOON
    ),
    "feed": lambda e, s: activity.feed(e, s, now=NOON, reach=timedelta(days=9), limit=99),
    "actives": lambda e, s: activity.actives(e, s, start=START, end=END, zone=UTC_ZONE, now=NOON),
    "funnel": lambda e, s: funnels.sign_up_funnel(e, s, start=START, end=END),
    "system": lambda e, s: system.over_time(
        e, s, measures=["cpu_percent"], start=START, end=END, zone=UTC_ZONE, now=NOON
    ),
    "newest": lambda e, s: system.newest(e, s, now=NOON),
    "disks": lambda e, s: system.disks(e, s, now=NOON),
    "health": lambda e, s: health.components(e, s, now=NOON),
    "logs": lambda e, s: logs.rows(e, s, start=START, end=END),
    "levels": lambda e, s: logs.over_time(e, s, start=START, end=END, zone=UTC_ZONE, now=NOON),
}


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, list[Snapshot]]]:
    """All hot; two thirds sealed; all sealed; and so to a reader that begins only then."""
    path: Path = tmp_path_factory.mktemp("sealed")
    catalogue = Catalogue.open(path)
    segments = Segments(path)
    reader = Reader(catalogue)
    for batch in range(2):
        append(catalogue, batch)
    half = Catalogue.open(tmp_path_factory.mktemp("hot"))
    for batch in range(3):
        append(half, batch)
    snapshots = [Reader(half).snapshot()]
    reader.snapshot()
    for stream in STREAMS.values():
        seal(catalogue, segments, stream, NOON)
    append(catalogue, 2)
    snapshots.append(reader.snapshot())
    for stream in STREAMS.values():
        seal(catalogue, segments, stream, NOON)
    snapshots += [reader.snapshot(), Reader(catalogue).snapshot()]
    engine = Engine(60.0, threads=2, segments=segments.root)
    yield engine, snapshots
    engine.close()
    catalogue.close()
    half.close()


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_does_not_know_where_rows_lie(
    stages: tuple[Engine, list[Snapshot]], name: str
) -> None:
    engine, snapshots = stages
    hot, *later = [QUESTIONS[name](engine, snapshot) for snapshot in snapshots]
    assert hot.height
    for answer in later:
        assert_frame_equal(answer, hot, abs_tol=1e-9)


def test_the_rows_lie_where_the_stages_say(stages: tuple[Engine, list[Snapshot]]) -> None:
    _, snapshots = stages
    where = [
        (len(relation.files) > 0, relation.hot.num_rows)
        for relation in (snapshot.relation("activity") for snapshot in snapshots)
    ]
    assert where == [(False, 42), (True, 14), (True, 0), (True, 0)]
