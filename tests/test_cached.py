"""Cached questions: new data is never hidden, busy streams are paced, files are read."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import streamlit as st

from tests.analytics.moments import NOON, Row, ago, event, only, request, sample
from tests.app_runner import AppTest
from vcanalytics import cached
from vcanalytics.cached import console
from vcanalytics.cached.first_look import BeingCounted, FirstLook
from vcanalytics.errors import BudgetExceeded, ConsoleError, StoreError
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import Catalogue, Segments
from vcanalytics.store.batches import make_batch
from vcanalytics.store.sealer import seal

LATER = NOON + timedelta(hours=1)


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalogue]:
    """The catalogue of a console that this process has just become."""
    monkeypatch.setenv("VC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VC_SOURCE_URL", "sqlite:////elsewhere.db")
    monkeypatch.chdir(tmp_path)
    st.cache_resource.clear()
    st.cache_data.clear()
    opened = Catalogue.open(tmp_path)
    yield opened
    opened.close()
    console.open_console().catalogue.close()
    console.open_console().engine.close()
    st.cache_resource.clear()
    st.cache_data.clear()


def put(catalogue: Catalogue, stream: str, *rows: Row) -> None:
    seq = catalogue.seqs().get(stream, 0)
    with catalogue.write(NOON) as writer:
        writer.append(stream, "test", f"{stream}-{seq}", make_batch(STREAMS[stream], rows))
        writer.note_read(stream, NOON, done=0, total=0)


def test_an_answer_is_kept_until_its_stream_moves(catalogue: Catalogue) -> None:
    put(catalogue, "activity", event(ago(minutes=5), "sign_in", "ann@x"))
    first = cached.activity.totals(ago(hours=1), NOON)
    assert first.frame["people"].item() == 1
    assert cached.activity.totals(ago(hours=1), NOON).as_of == first.as_of

    put(catalogue, "activity", event(ago(minutes=4), "sign_in", "bob@x"))
    assert cached.activity.totals(ago(hours=1), NOON).frame["people"].item() == 2
    # What was on a screen can still be exported as it was.
    seen = (("activity", 1),)
    assert cached.activity.totals(ago(hours=1), NOON, seen=seen).frame["people"].item() == 1


def test_figures_of_sealed_rows_are_those_of_hot_ones(catalogue: Catalogue) -> None:
    put(catalogue, "requests", request(10.0, ago(minutes=5)), request(30.0, ago(days=2)))
    put(catalogue, "system", sample(ago(minutes=5), "cpu_percent", 12.5))

    def ask() -> list[Any]:
        st.cache_data.clear()
        start = ago(days=3)
        return [
            only(cached.endpoints(start, NOON, kind="request_time").frame, "count", "p50_ms"),
            cached.response_times(start, NOON, kind="request_time", zone="UTC", now=NOON)
            .frame["count"]
            .sum(),
            cached.system.newest(now=NOON).frame["value"].to_list(),
        ]

    hot = ask()
    # Of two days: the middles of the buckets of 10 and 30, and between.
    assert hot == [[(2, pytest.approx(20.0, rel=0.01))], 2, [12.5]]
    for stream in STREAMS.values():
        seal(catalogue, Segments(catalogue.path.parent), stream, NOON)
    assert ask() == hot


@pytest.mark.parametrize(
    ("length", "pace_s"),
    [
        (timedelta(minutes=5), 1),
        (timedelta(hours=1), 1),
        (timedelta(hours=24), 17),
        (timedelta(days=7), 60),
        (timedelta(days=3650), 60),
    ],
)
def test_the_longer_a_chart_the_rarer_it_is_made_anew(length: timedelta, pace_s: int) -> None:
    assert console.pace(length) == timedelta(seconds=pace_s)


def test_samples_of_each_second_do_not_make_a_day_anew_each_second(catalogue: Catalogue) -> None:
    def ask(seconds: int) -> int:
        now = NOON + timedelta(seconds=seconds)
        frame = cached.system.over_time(
            NOON - timedelta(hours=23), LATER, measures=("cpu_percent",), zone="UTC", now=now
        ).frame
        return int(frame["samples"].sum())

    put(catalogue, "system", sample(ago(seconds=1), "cpu_percent", 1.0))
    # Noon is the 17 s beat's own second neither here nor there: find where one begins.
    begin = -(int(NOON.timestamp()) % 17) % 17
    assert ask(begin) == 1
    put(catalogue, "system", sample(NOON, "cpu_percent", 2.0))
    assert ask(begin + 16) == 1
    assert ask(begin + 17) == 2
    # An hour's chart follows each second.
    at = console.paced("system", length=timedelta(hours=1), now=NOON)
    put(catalogue, "system", sample(NOON, "cpu_percent", 3.0))
    later = console.paced("system", length=timedelta(hours=1), now=NOON + timedelta(seconds=1))
    assert (at, later) == ((("system", 2),), (("system", 3),))


def test_an_end_that_is_now_is_keyed_by_its_minute() -> None:
    moving = NOON + timedelta(seconds=7, microseconds=5)
    assert console.whole_minute(moving) == NOON + timedelta(minutes=1)
    assert console.whole_minute(NOON) == NOON


def test_a_version_survives_a_link() -> None:
    at = (("activity", 12), ("transactions", 0))
    assert cached.load_version(cached.dump_version(at)) == at
    for nonsense in ("", "activity", "activity:x", "activity:-1", f"activity:{'9' * 16}"):
        assert cached.load_version(nonsense) is None


def test_every_question_has_an_answer_where_nothing_was_recorded(catalogue: Catalogue) -> None:
    start, activity, system, health = ago(hours=1), cached.activity, cached.system, cached.health
    heights = [
        answer.frame.height
        for answer in (
            activity.feed(now=NOON),
            activity.active_now(now=NOON),
            activity.over_time(start, NOON, zone="UTC", now=NOON),
            activity.actives(start, NOON, zone="UTC", now=NOON),
            activity.heat(start, NOON, zone="UTC"),
            activity.rhythm(start, NOON, zone="UTC"),
            activity.sign_up_funnel(start, NOON),
            activity.checkout_funnel(start, NOON),
            system.over_time(start, NOON, measures=("load_1m",), zone="UTC", now=NOON),
            system.newest(now=NOON),
            system.disks(now=NOON),
            health.components(now=NOON),
            health.log_rows(start, NOON),
            health.logs_over_time(start, NOON, zone="UTC", now=NOON),
            cached.performance_summary(start, NOON),
            cached.endpoints(start, NOON, kind="request_time"),
            cached.response_heat(start, NOON, kind="request_time", zone="UTC", now=NOON),
            cached.strategies(start, NOON),
        )
    ]
    assert heights == [0, 0, 240, 1, 168, 24, 5, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    assert len(cached.heat_windows(start, NOON, zone="UTC")) == 60


def test_the_store_tells_its_sizes_by_stream(catalogue: Catalogue) -> None:
    put(catalogue, "logs", {"happened_at": NOON, "level": "INFO", "component": "a", "message": "b"})
    found = cached.system.storage()
    assert found.catalogue_bytes > 0
    assert found.frame["stream"].to_list() == list(STREAMS)
    logs = found.frame.row(by_predicate=pl.col("stream") == "logs", named=True)
    assert (logs["hot_batches"], logs["hot_rows"], logs["hot_last_at"]) == (1, 1, NOON)
    assert (logs["files"], logs["file_first_at"]) == (0, None)


def _paid(number: int, email: str = "ann@example.com") -> Row:
    return {
        "source_id": number,
        "observed_at": NOON,
        "deleted": False,
        "transaction_id": f"VC_{number}",
        "created_at": ago(minutes=30 + number),
        "status": "completed",
        "email": email,
        "captured": True,
        "captured_at": ago(minutes=30),
        "currency": "USD",
        "email_sent": False,
        "user_created": True,
    }


def test_what_waits_is_of_now_however_long_history_is(catalogue: Catalogue, tmp_path: Path) -> None:
    names = ("paid_not_mailed", "suspicious", "case_without_refund")

    def ask() -> list[Any]:
        found = cached.waiting(names, now=NOON)
        assert set(found.columns) >= {"finding", "since", "detail"}
        return sorted(only(found, "finding", "transaction_id"))

    put(catalogue, "transactions", _paid(1, "x@10minutemail.com"))
    first = [("paid_not_mailed", "VC_1"), ("suspicious", "VC_1")]
    assert ask() == first
    assert cached.open_work(("paid_not_mailed",)) == 1
    seal(catalogue, Segments(tmp_path), STREAMS["transactions"], NOON)
    assert ask() == first
    put(catalogue, "transactions", _paid(2, "y@10minutemail.com"))
    both = sorted([*first, ("paid_not_mailed", "VC_2"), ("suspicious", "VC_2")])
    assert ask() == both
    case: Row = {"source_id": 1, "observed_at": NOON, "deleted": False, "case_id": "C1"}
    case |= {"transaction_id": "VC_1", "status": "lost", "created_at": NOON}
    put(catalogue, "disputes", case)
    assert ask() == sorted([*both, ("case_without_refund", "VC_1")])
    assert cached.waiting(("paid_not_mailed",), now=NOON).height == 2


def test_the_first_look_goes_on_past_its_budget_while_pages_say_so() -> None:
    looks: list[int] = []
    let_on = threading.Event()

    def look() -> None:
        looks.append(len(looks))
        if len(looks) < 3:
            raise BudgetExceeded("stopped after 20 s", heals=True)
        assert let_on.wait(30)

    first = FirstLook(look)
    assert not first.over(0)
    assert not first.over(0.01)
    let_on.set()
    assert first.over(30)
    assert looks == [0, 1, 2]
    assert first.over(0)


@pytest.mark.parametrize(
    "error", [StoreError("a segment cannot be read"), BudgetExceeded("stopped at 2GB of memory")]
)
def test_a_first_look_that_fails_is_not_tried_again_and_keeps_nobody_waiting(
    error: ConsoleError,
) -> None:
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        raise error

    assert FirstLook(look).over(30)
    assert looks == [1]


def test_pages_do_not_wait_for_the_first_look(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(catalogue, "transactions", _paid(1, "x@y.example"))
    monkeypatch.setattr(FirstLook, "over", lambda _self, _wait_s: False)
    assert cached.open_work(("paid_not_mailed",)) is None
    with pytest.raises(BeingCounted, match="once after a start"):
        cached.waiting(("paid_not_mailed",), now=NOON)


#: Longer than any test waits, if nothing stops it.
ENDLESS = """
import streamlit as st
from tests.app_runner import AppTest
from vcanalytics.cached import console

@st.cache_data
def answered():
    question = "SELECT count(*) FROM range(1000000000) a, range(1000) b WHERE a.range % 7 = b.range"
    return console.open_console().engine.ask(question, budget_s=60)

answered()
"""


def test_a_question_ends_with_the_viewer_who_asked_it(catalogue: Catalogue) -> None:
    began = time.monotonic()
    # Out of patience, it asks the script to stop, and waits until it has.
    with pytest.raises(RuntimeError, match="had not ended"):
        AppTest.from_string(ENDLESS, default_timeout=0.5).run()
    assert time.monotonic() - began < 30
