"""Answers about files that are kept: bounded, made once for all, and never other than made anew."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.analytics.moments import NOON, Row, ago, request
from tests.analytics.sealed_store import Store
from vcanalytics.analytics import performance
from vcanalytics.analytics.engine import Engine
from vcanalytics.analytics.kept import Kept, Key, Made, Sized
from vcanalytics.analytics.latency import Kind
from vcanalytics.errors import BudgetExceeded
from vcanalytics.model.windows import Grain
from vcanalytics.store.cells.counting import REQUEST_CELLS

START = ago(days=4, hours=1, minutes=17)


@dataclass(frozen=True)
class Word:
    text: str
    nbytes: int = 400


def key(text: str, *files: str) -> Key:
    return Key("words", files or ("a",), text)


def made(keys: list[Key]) -> Made:
    for one in keys:
        yield one, Word(str(one.params))


def no_waiting(_begun: Future[Sized | None]) -> Sized | None:
    raise AssertionError("nobody else is making anything")


def test_what_is_kept_is_not_made_again_and_the_least_used_goes() -> None:
    kept, asked = Kept(bytes_max=3_000), list[Key]()

    def make(keys: list[Key]) -> Made:
        asked.extend(keys)
        return made(keys)

    # Three fit. "one" is used again, so that "two" goes for "four".
    for word in ("one", "two", "three", "one", "four", "one", "two"):
        found = kept.answers([key(word)], make, no_waiting)
        assert found == {key(word): Word(word)}
        assert kept.nbytes <= 3_000
    assert [one.params for one in asked] == ["one", "two", "three", "four", "two"]


def test_what_files_that_are_gone_came_to_goes_with_them() -> None:
    kept = Kept()
    kept.answers([key("one", "a"), key("two", "a", "b"), key("three", "c")], made, no_waiting)
    kept.only("words", ["a", "c"])
    assert kept.files == {"a", "c"}
    kept.only("words", [])
    assert (kept.files, kept.nbytes) == (set(), 0)


def test_many_who_ask_at_once_have_it_made_once(engine: Engine) -> None:
    begun, go, asked = threading.Barrier(2), threading.Event(), list[Key]()

    def slowly(keys: list[Key], _deadline: float) -> Made:
        asked.extend(keys)
        begun.wait(20)
        go.wait(20)
        yield from made(keys)

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(engine.known, [key("shared")], slowly)
        begun.wait(20)
        others = [
            pool.submit(
                engine.known, [key("shared"), key(word)], lambda keys, _deadline: made(keys)
            )
            for word in ("left", "right")
        ]
        go.set()
        assert first.result(20)[key("shared")] == Word("shared")
        assert all(other.result(20)[key("shared")] == Word("shared") for other in others)
    assert asked == [key("shared")]


def test_what_was_made_before_a_failure_stays_and_others_make_the_rest(engine: Engine) -> None:
    begun, go = threading.Barrier(2), threading.Event()

    def fails(keys: list[Key], _deadline: float) -> Made:
        begun.wait(20)
        go.wait(20)
        yield keys[0], Word("of the first")
        raise BudgetExceeded("stopped")

    def makes(keys: list[Key], _deadline: float) -> Made:
        assert keys == [key("fine, then")]
        return made(keys)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(engine.known, [key("early"), key("fine, then")], fails)
        begun.wait(20)
        second = pool.submit(engine.known, [key("early"), key("fine, then")], makes)
        go.set()
        with pytest.raises(BudgetExceeded):
            first.result(20)
        assert second.result(20)[key("early")] == Word("of the first")
        assert second.result(20)[key("fine, then")] == Word("fine, then")


def rows(count: int, offset: int) -> list[Row]:
    step = timedelta(days=4) / count
    return [
        request(
            float((i * 37 + offset) % 997) / 7,
            START + step * i + timedelta(seconds=offset),
            endpoint=f"/{i % 3}",
            status="error" if i % 11 == 0 else "success",
        )
        for i in range(count)
    ]


def everything(store: Store, engine: Engine, until: timedelta) -> Iterator[pl.DataFrame]:
    """Each kind of question, the end of its range moving on."""
    snapshot = store.look()
    start, end = START + until, NOON - timedelta(hours=9) + until
    how = {"kind": Kind.REQUEST, "start": start, "end": end, "now": NOON}
    kolkata = {"zone": ZoneInfo("Asia/Kolkata"), "grain": Grain.DAY}
    yield performance.over_time(engine, snapshot, **how, **kolkata)  # type: ignore[arg-type]
    utc = {"zone": ZoneInfo("UTC"), "grain": Grain.WEEK}
    yield performance.heat(engine, snapshot, **how, **utc)  # type: ignore[arg-type]
    yield performance.summary(engine, snapshot, start=start, end=end)
    yield performance.by_endpoint(engine, snapshot, kind=Kind.REQUEST, start=start, end=end)


HAPPENS = st.sampled_from(["sealed late", "merged", "damaged", "broken", "let go", "hot", "moved"])


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=1, deadline=None
)
@example(["damaged", "let go", "merged"])
@given(st.lists(HAPPENS, min_size=2, max_size=2, unique=True))
def test_a_warm_answer_equals_a_cold_one(
    tmp_path_factory: pytest.TempPathFactory, happens: list[str]
) -> None:
    store = Store(tmp_path_factory.mktemp("kept"))
    store.keep("requests", rows(240, 0), rows(40, 13))
    until = timedelta()
    for number, what in enumerate(happens):
        # Asked before it happens, so that what was kept of it would be found again.
        list(everything(store, store.engine, until))
        befall(store, what, number)
        if what == "moved":
            until += timedelta(minutes=7)
        cold = Engine(60.0, threads=2, segments=store.segments.root)
        told = everything(store, store.engine, until), everything(store, cold, until)
        for warm, anew in zip(*told, strict=True):
            assert_frame_equal(warm, anew, rel_tol=1e-14, abs_tol=0)
        assert store.engine.kept.files <= there(store)
        cold.close()
    store.close()


def befall(store: Store, what: str, number: int) -> None:
    """Something becomes of the files of history, or comes to them."""
    if what in {"sealed late", "hot"}:
        store.keep("requests", rows(60, 17 + number))
        if what == "sealed late":
            store.seal("requests")
    elif what == "merged":
        # As if the month were over.
        store.merge(NOON + timedelta(days=20))
    elif what == "let go":
        store.let_go("requests", ago(days=3 - number))
    elif what in {"damaged", "broken"}:
        name = "requests" if what == "damaged" else REQUEST_CELLS.series[number % 4]
        files = sorted(key for key in store.segments.files() if key.startswith(f"{name}/"))
        store.segments.local(files[number * 3 % len(files)]).write_bytes(b"short")


def there(store: Store) -> set[str]:
    cells = store.look().cells("requests")
    return {s.key for files in (cells.rows, *cells.series.values()) for s, _ in files}
