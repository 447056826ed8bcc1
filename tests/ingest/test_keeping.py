"""A batch into the store: once and whole, and seen by every question as the source's rows are."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.ingest.test_reading import LEAST
from tests.store.full import full_beyond
from vcanalytics import ingest
from vcanalytics.analytics import activity, health, logs, performance, system
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.latency import Kind, latency
from vcanalytics.errors import NoRoom
from vcanalytics.ingest import BadEvent, Kept, KeyReused
from vcanalytics.model.streams import ACTIVITY, STREAMS
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.batches import make_batch
from vcanalytics.store.checking.check import check
from vcanalytics.store.forget import forget
from vcanalytics.store.sealer import seal

NOW = datetime(2026, 11, 27, 12, 0, 30, tzinfo=UTC)
START, END = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
ADDED, AGAIN = Kept(1, duplicate=False), Kept(0, duplicate=True)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    opened = Catalogue.open(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def engine(catalogue: Catalogue) -> Iterator[Engine]:
    root = Segments(catalogue.path.parent).root
    opened = Engine(60.0, threads=1, segments=root)
    yield opened
    opened.close()


def batch(stream: str, **more: Any) -> ingest.Batch:
    return ingest.read(stream, json.dumps([LEAST[stream] | more]).encode())


def test_the_same_key_twice_adds_nothing_and_says_so(catalogue: Catalogue) -> None:
    for expected in (ADDED, AGAIN, AGAIN):
        assert ingest.keep(catalogue, "k", batch("requests"), NOW) == expected
    assert catalogue.states()["requests"].rows == 1


def test_the_same_key_with_other_events_is_refused(catalogue: Catalogue) -> None:
    ingest.keep(catalogue, "k", batch("requests"), NOW)
    for other in (batch("requests", value_ms=1), batch("logs")):
        with pytest.raises(KeyReused):
            ingest.keep(catalogue, "k", other, NOW)
    assert [s.rows for s in catalogue.states().values() if s.rows] == [1]


def test_keys_are_apart_from_those_of_collectors(catalogue: Catalogue) -> None:
    catalogue.append("requests", "vectorcraft", "k", batch("requests").rows)
    assert ingest.keep(catalogue, "k", batch("requests"), NOW) == ADDED
    assert catalogue.states()["requests"].rows == 2


def test_many_who_send_the_same_at_once_add_it_once(tmp_path: Path) -> None:
    """Two consoles, several threads each, and a collector that writes meanwhile."""
    consoles = [Catalogue.open(tmp_path / "data") for _ in range(3)]
    found: list[Kept] = []

    def send(console: Catalogue) -> None:
        found.extend(
            ingest.keep(console, f"key {number}", batch("requests", value_ms=number), NOW)
            for number in range(4)
        )

    def collect() -> None:
        for number in range(8):
            consoles[2].append("requests", "vectorcraft", f"{number}", batch("requests").rows)

    threads = [threading.Thread(target=send, args=[consoles[n % 2]]) for n in range(6)]
    threads.append(threading.Thread(target=collect))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept.added for kept in found) == [0] * 20 + [1] * 4
    assert consoles[0].states()["requests"].rows == 12
    assert check(consoles[0]) == []
    for console in consoles:
        console.close()


@pytest.mark.parametrize(
    ("moment", "days", "reason"),
    [
        ("1999-12-31T23:59:59Z", None, "lies before 2000-01-01"),
        ("0001-01-02T00:00:00Z", None, "lies before 2000-01-01"),
        ("9999-12-31T00:00:00Z", None, "in the future"),
        ("2026-11-27T13:00:31Z", None, "in the future"),
        ("2026-08-01T00:00:00Z", 90, "rows are kept for 90 days"),
    ],
)
def test_a_time_that_cannot_be_is_refused_with_its_index(
    catalogue: Catalogue, moment: str, days: int | None, reason: str
) -> None:
    events = [LEAST["requests"], LEAST["requests"] | {"happened_at": moment}]
    sent = ingest.read("requests", json.dumps(events).encode())
    with pytest.raises(BadEvent) as bad:
        ingest.keep(catalogue, "k", sent, NOW, kept_days=days)
    assert (bad.value.index, bad.value.field) == (1, "happened_at")
    assert reason in bad.value.reason
    assert not any(state.rows for state in catalogue.states().values())
    # The key was not used up by it.
    assert ingest.keep(catalogue, "k", batch("requests"), NOW) == ADDED


def test_a_batch_that_has_grown_too_old_meanwhile_is_still_known(catalogue: Catalogue) -> None:
    ingest.keep(catalogue, "k", batch("requests"), NOW, kept_days=90)
    later = NOW + timedelta(days=100)
    assert ingest.keep(catalogue, "k", batch("requests"), later, kept_days=90) == AGAIN


def test_no_events_are_nothing(catalogue: Catalogue) -> None:
    assert ingest.keep(catalogue, "k", ingest.read("logs", b"[]"), NOW).added == 0
    assert ingest.keep(catalogue, "k", batch("logs"), NOW) == ADDED


def test_without_room_nothing_is_added_and_the_same_is_added_later(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest.keep(catalogue, "before", batch("requests"), NOW)
    size = catalogue.path.with_name("catalogue.db-wal").stat().st_size
    long = batch("logs", message="".join(f"{number:x}" for number in range(2_000)))
    with monkeypatch.context() as patched:
        # The kernel's refusal is an error like any other, but for the disk that is full.
        patched.setattr("vcanalytics.store.catalogue._is_full", lambda _: True)
        with full_beyond(size), pytest.raises(NoRoom, match="the disk is full"):
            ingest.keep(catalogue, "k", long, NOW)
    usage = shutil.disk_usage("/")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000))
        with pytest.raises(NoRoom):
            ingest.keep(catalogue, "k", long, NOW)
    assert catalogue.states()["logs"].rows == 0
    assert check(catalogue) == []
    assert ingest.keep(catalogue, "k", long, NOW) == ADDED


def ask(engine: Engine, reader: Reader) -> dict[str, Any]:
    """What the pages would show of everything that was sent."""
    seen = reader.snapshot()
    times = latency(engine, seen, kind=Kind.REQUEST, start=START, end=END)
    done = activity.totals(engine, seen, start=START, end=END).row(0, named=True)
    by_strategy = performance.strategies(engine, seen, start=START, end=END)
    cpu = system.newest(engine, seen, now=NOW).select("host", "measure", "value").rows()
    return {
        "requests": times.select("endpoint", "count", "max_ms").rows(),
        "activity": (done["people"], done["vectorisations"], done["failed"]),
        "strategies": by_strategy.select("strategy", "count", "failed").rows(),
        "system": cpu,
        "health": health.components(engine, seen, now=NOW).select("component", "status").rows(),
        "logs": logs.errors(engine, seen, start=START, end=END)
        .select("component", "message", "count")
        .rows(),
    }


def test_what_is_sent_is_in_the_same_questions_as_the_sources_rows(
    catalogue: Catalogue, engine: Engine
) -> None:
    reader = Reader(catalogue)
    for stream in LEAST:
        assert ingest.keep(catalogue, stream, batch(stream), NOW) == ADDED
    failed = batch("activity", outcome="failed", strategy="fine", email=" Ada@shop.test ")
    ingest.keep(catalogue, "failed", failed, NOW)

    found = ask(engine, reader)
    assert found == {
        "requests": [("/pay", 1, 12.5)],
        "activity": (1, 2, 1),
        "strategies": [("fine", 1, 1), (None, 1, 0)],
        "system": [("web1", "cpu_percent", 12.3)],
        "health": [("cache", "healthy")],
        "logs": [("web", "it broke", 1)],
    }
    assert check(catalogue) == []

    # Sealed, they are the same, and a key is known as before.
    segments = Segments(catalogue.path.parent)
    for stream in LEAST:
        seal(catalogue, segments, STREAMS[stream], NOW)
    assert ask(engine, reader) == found
    assert check(catalogue) == []
    assert ingest.keep(catalogue, "requests", batch("requests"), NOW) == AGAIN


def test_what_the_source_tells_of_as_well_is_counted_once(
    catalogue: Catalogue, engine: Engine
) -> None:
    told = batch("activity", email="ada@shop.test", outcome="done")
    ingest.keep(catalogue, "k", told, NOW)
    own = told.rows.to_pylist()[0] | {"source": "user_uploads", "source_id": 7}
    catalogue.append("activity", "vectorcraft", "1", make_batch(ACTIVITY, [own]))
    assert ask(engine, Reader(catalogue))["activity"] == (1, 1, 0)


def test_who_was_forgotten_does_not_come_back_by_being_sent(catalogue: Catalogue) -> None:
    ingest.keep(catalogue, "a", batch("logs", user_email="ada@shop.test"), NOW)
    forget(catalogue, "ada@shop.test", NOW)
    ingest.keep(catalogue, "b", batch("logs", user_email="ada@shop.test"), NOW)
    emails = Reader(catalogue).snapshot().relation("logs").table()["user_email"].to_pylist()
    assert len(emails) == 2
    assert "ada@shop.test" not in emails
