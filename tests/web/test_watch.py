"""The watcher: sees each change of the catalogue once for all, and keeps heartbeats quiet."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.store.rows import NOON, requests
from tests.web.waiting import until
from vcanalytics.errors import StoreError
from vcanalytics.store import Catalogue, Latest
from vcanalytics.web import watch
from vcanalytics.web.app import _state_of
from vcanalytics.web.watch import State, Watcher, watching


def test_listeners_hear_of_a_batch(catalogue: Catalogue) -> None:
    async def live() -> None:
        watcher = Watcher(catalogue.path, lambda: _state_of(Latest(catalogue)))
        async with watching(watcher):
            await until(lambda: watcher.version)
            version = watcher.version
            waiting = [asyncio.create_task(watcher.after(version)) for _ in range(3)]
            await asyncio.to_thread(catalogue.append, "requests", "t", "1", requests(1))
            heard = await asyncio.wait_for(asyncio.gather(*waiting), 5)
            assert heard == [version + 1] * 3
            assert watcher.state.seqs["requests"] == 1

    asyncio.run(live())


def test_a_heartbeat_wakes_nobody_before_its_time(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read that brought nothing new moves the age only: that can wait for two seconds."""
    monkeypatch.setattr(watch, "QUIET_EVERY_S", 1e9)
    reads = 0

    def read() -> State:
        nonlocal reads
        reads += 1
        return _state_of(Latest(catalogue))

    def beat() -> None:
        with catalogue.write(NOON, durable=False) as writer:
            writer.note_read("requests", NOON)

    async def live() -> None:
        watcher = Watcher(catalogue.path, read)
        async with watching(watcher):
            watcher._told_at = asyncio.get_running_loop().time()
            await asyncio.to_thread(catalogue.append, "requests", "t", "1", requests(1))
            await until(lambda: watcher.state.seqs.get("requests") == 1)
            version, before = watcher.version, reads
            await asyncio.to_thread(beat)
            await until(lambda: reads > before)
            for _ in range(3):
                await asyncio.sleep(watch.LOOK_EVERY_S)
            assert watcher.version == version

            monkeypatch.setattr(watch, "QUIET_EVERY_S", 0.0)
            await until(lambda: watcher.version > version)
            assert watcher.state.read_at["requests"] == NOON.timestamp() * 1000

    asyncio.run(live())


def test_while_nothing_is_written_the_catalogue_is_not_read(catalogue: Catalogue) -> None:
    reads = 0

    def read() -> State:
        nonlocal reads
        reads += 1
        return State({"requests": 1})

    async def live() -> None:
        async with watching(Watcher(catalogue.path, read)):
            await until(lambda: reads)
            await asyncio.sleep(watch.LOOK_EVERY_S * 6)

    asyncio.run(live())
    assert reads == 1


@pytest.mark.parametrize("error", [StoreError("the store is away"), RuntimeError("inside")])
def test_a_read_that_fails_is_tried_again(catalogue: Catalogue, error: Exception) -> None:
    fails = True

    def read() -> State:
        if fails:
            raise error
        return State({"requests": 3})

    async def live() -> None:
        nonlocal fails
        watcher = Watcher(catalogue.path, read)
        async with watching(watcher):
            if isinstance(error, StoreError):
                await until(lambda: watcher.state.problem)
                assert watcher.state.problem == "the store is away"
            fails = False
            await until(lambda: watcher.state.seqs == {"requests": 3})
            assert watcher.state.problem is None

    asyncio.run(live())


def test_a_problem_of_the_source_is_told(catalogue: Catalogue) -> None:
    with catalogue.write() as writer:
        writer.set_fact("source", {"problem": "the file is locked"})
    assert _state_of(Latest(catalogue)).problem == "the file is locked"


def test_a_commit_to_another_file_is_told_as_well(catalogue: Catalogue, tmp_path: Path) -> None:
    """Alerts stand in a file of their own, which may come to be later."""

    async def live() -> dict[str, int]:
        numbers = iter(range(1, 100))
        other = tmp_path / "journal.db"
        watcher = Watcher(catalogue.path, lambda: State({"alerts": next(numbers)}), other)
        async with watching(watcher):
            version = await asyncio.wait_for(watcher.after(0), 10)
            with closing(sqlite3.connect(other)) as connection:
                connection.execute("CREATE TABLE alert (id INTEGER)")
            # Well before it would look without a commit.
            await asyncio.wait_for(watcher.after(version), 4)
        return watcher.state.seqs

    assert asyncio.run(live())["alerts"] > 1
