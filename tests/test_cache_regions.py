"""The cache's regions: what they hold, how long, how much of it, and clearing them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.runtime.caching import cache_utils

from tests.analytics.moments import NOON, ago, event
from tests.pages.console import ELSEWHERE, console_on
from vcanalytics import cached, measured
from vcanalytics.cached import console, lately, regions
from vcanalytics.errors import BudgetExceeded, StoreError, UsageError
from vcanalytics.model.streams import STREAMS
from vcanalytics.store import Catalogue
from vcanalytics.store.batches import make_batch


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    with console_on(tmp_path / "data", source_url=ELSEWHERE, cache_activity_s="90"):
        yield console.open_console().catalogue
        console.open_console().engine.close()


def put(catalogue: Catalogue, *who: str) -> None:
    seq = catalogue.seqs().get("activity", 0)
    rows = [event(ago(minutes=5), "sign_in", name) for name in who]
    with catalogue.write(NOON) as writer:
        writer.append("activity", "test", f"{seq}", make_batch(STREAMS["activity"], rows))


def people() -> int:
    answer = cached.activity.totals(ago(hours=1), NOON)
    return int(answer.frame["people"].item())


def region(name: str) -> regions.Kept:
    return next(kept for kept in cached.regions.regions() if kept.region == name)


def test_regions_live_as_long_as_their_settings_say(catalogue: Catalogue) -> None:
    assert {kept.region: kept.ttl_s for kept in cached.regions.regions()} == {
        "live": 30,
        "health": 30,
        "activity": 90,
        "revenue": 300,
    }
    assert sum(kept.bytes_max for kept in cached.regions.regions()) == 128_000_000


def test_entries_bytes_hits_and_misses_are_counted_where_they_belong(catalogue: Catalogue) -> None:
    put(catalogue, "ann@x")
    before = {kept.region: kept for kept in cached.regions.regions()}
    people(), people(), people()
    after = region("activity")

    assert (after.entries, after.misses - before["activity"].misses) == (1, 1)
    assert after.hits - before["activity"].hits == 2
    assert 200 < after.bytes < 20_000
    assert region("revenue") == before["revenue"]
    assert after.hit_ratio is not None
    assert 0 < after.hit_ratio < 1


def test_an_entry_ages_and_goes_with_its_region(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr(cache_utils, "TTLCACHE_TIMER", lambda: clock[0])
    put(catalogue, "ann@x")
    people()
    clock[0] += 60
    put(catalogue, "bob@x")
    people()
    kept = region("activity")
    assert (kept.entries, kept.oldest_s, kept.newest_s) == (2, 60.0, 0.0)

    clock[0] += 31
    assert region("activity").entries == 1
    clock[0] += 60
    kept = region("activity")
    assert (kept.entries, kept.bytes, kept.oldest_s) == (0, 0, None)


def test_newer_data_is_never_hidden_by_a_time_to_live(catalogue: Catalogue) -> None:
    for number in range(1, 4):
        put(catalogue, f"{number}@x")
        assert people() == number


@pytest.mark.parametrize(
    ("what", "left"),
    [
        ("activity", {"revenue"}),
        ("revenue", {"activity"}),
        ("live", {"activity", "revenue"}),
        ("aggregated", set()),
        ("all", set()),
    ],
)
def test_clearing_takes_what_is_named_and_nothing_else(
    catalogue: Catalogue, what: str, left: set[str]
) -> None:
    put(catalogue, "ann@x")
    people()
    cached.takings(ago(hours=1), NOON, currency="USD")

    assert cached.regions.clear(what) == 2 - len(left)
    assert {kept.region for kept in cached.regions.regions() if kept.entries} == left
    assert people() == 1


def test_a_part_that_is_none_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(UsageError, match="no part 'everything'") as refused:
        cached.regions.clear("everything")
    assert refused.value.hint == ("It is one of all, live, aggregated, health, activity, revenue")


def test_twenty_who_ask_at_once_cost_one_question(catalogue: Catalogue) -> None:
    put(catalogue, "ann@x")
    before, together = measured.questions(), threading.Barrier(20)

    def ask(_: int) -> int:
        together.wait(10)
        return people()

    with ThreadPoolExecutor(20) as pool:
        assert set(pool.map(ask, range(20))) == {1}
    assert measured.questions() - before == 1


def test_a_region_takes_no_more_room_than_its_share(tmp_path: Path) -> None:
    own = regions.Region("own", "live", "cache_live_s")

    @own.keep()
    def blank(size: int) -> bytes:
        return bytes(size)

    with console_on(tmp_path / "data", source_url=ELSEWHERE, cache_mb="1"):
        for size in range(60_000, 60_010):
            blank(size)
        kept = own.kept()
        console.open_console().engine.close()
    # Of ten the four asked last.
    assert (kept.entries, kept.bytes_max) == (4, 250_000)
    assert 240_000 < kept.bytes < 250_000


def test_without_room_everything_is_asked_anew(tmp_path: Path) -> None:
    with console_on(tmp_path / "data", source_url=ELSEWHERE, cache_mb="0"):
        put(console.open_console().catalogue, "ann@x")
        before = measured.questions()
        assert [people(), people()] == [1, 1]
        assert measured.questions() - before == 2
        assert region("activity").entries == 0
        console.open_console().engine.close()


def test_what_fails_is_answered_with_what_it_last_was_where_that_is_said(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(catalogue, "ann@x", "bob@x")
    with lately.shown() as old:
        assert people() == 2
    assert old == []
    put(catalogue, "cy@x")

    def fails(*_: object, **__: object) -> None:
        raise BudgetExceeded("the question took longer than 2 s")

    monkeypatch.setattr(console.open_console().engine, "ask", fails)
    with lately.shown() as old:
        assert people() == 2
    assert [one.why.what for one in old] == ["the question took longer than 2 s"]
    # A file, or a program, is never given yesterday's figures for today's.
    with pytest.raises(BudgetExceeded):
        people()
    # What was never good stays what it is.
    lately.forget()
    with lately.shown(), pytest.raises(BudgetExceeded):
        people()


def test_a_store_that_cannot_be_read_for_a_moment_leaves_the_streams_as_they_last_were(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(catalogue, "ann@x")
    with lately.shown():
        seen = cached.version("activity")

    def fails() -> None:
        raise StoreError("the store is locked")

    monkeypatch.setattr(console.open_console().latest, "head", fails)
    with lately.shown() as old:
        assert cached.version("activity") == seen
    assert len(old) == 1
    with pytest.raises(StoreError):
        cached.version("activity")


@pytest.mark.parametrize(("minutes", "helps"), [(14, True), (16, False)])
def test_an_answer_stands_in_for_a_quarter_of_an_hour(minutes: int, helps: bool) -> None:
    kept: lately.Lately[int] = lately.Lately(1)
    good_at = datetime.now(UTC) - timedelta(minutes=minutes)

    def fails() -> int:
        raise StoreError("the store is locked")

    with lately.shown() as old:
        kept.ask("key", lambda: 7, lambda _: good_at)
        if helps:
            assert kept.ask("key", fails, lambda _: good_at) == 7
        else:
            with pytest.raises(StoreError):
                kept.ask("key", fails, lambda _: good_at)
    assert len(old) == int(helps)


def test_what_a_kept_question_asks_in_turn_is_never_old() -> None:
    inner: lately.Lately[int] = lately.Lately(1)
    outer: lately.Lately[int] = lately.Lately(1)
    now = datetime.now(UTC)

    def fails() -> int:
        raise StoreError("the store is locked")

    with lately.shown() as old:
        inner.ask("key", lambda: 1, lambda _: now)
        outer.ask("key", lambda: 2, lambda _: now)
        # Else the outer one would keep what was put together of an old answer as if it were fresh.
        found = outer.ask("key", lambda: inner.ask("key", fails, lambda _: now), lambda _: now)
    assert found == 2
    assert len(old) == 1
