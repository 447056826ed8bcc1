"""kill -9 at each step of merging and letting go: nothing lost, nothing double, and it goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.collectors.rig import environment
from tests.store.rows import requests
from tests.torture.nursery import Nursery
from tests.torture.upkeep import NOW, STEPS
from vcanalytics.model.streams import REQUESTS
from vcanalytics.store import Catalogue, Reader, Segments
from vcanalytics.store.checking.check import check
from vcanalytics.store.manifest import manifest
from vcanalytics.store.sealer import seal

AGES = (*range(84, 100, 2), 40)


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a file of each age. Copied, not written to."""
    folder = tmp_path_factory.mktemp("sealed")
    with closing(Catalogue.open(folder)) as opened:
        for age in AGES:
            at = NOW - timedelta(days=age)
            opened.append("requests", "t", str(age), requests(age, at=at), now=at)
            seal(opened, Segments(folder), REQUESTS, at)
    return folder


@pytest.fixture
def catalogue(sealed: Path, tmp_path: Path) -> Iterator[Catalogue]:
    shutil.copytree(sealed, tmp_path / "data")
    with closing(Catalogue.open(tmp_path / "data")) as opened:
        yield opened


Run = Callable[..., int]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Does a job in a process of its own up to the nth time of a step; how it ended."""
    folder = tmp_path_factory.mktemp("nursery")
    plain = environment(folder, "sqlite:////none")
    nursery = Nursery(plain, folder / "log", of="tests.torture.upkeep")

    def ran(folder: Path, job: str, step: str, nth: int = 1) -> int:
        ended = nursery.start([str(folder), job, step, f"--nth={nth}"]).wait(60)
        assert nursery.log.read_text() == ""
        return ended

    yield ran
    nursery.close()


def kept(reader: Reader) -> list[int]:
    table = reader.snapshot(["requests"]).table("requests")
    return sorted(table.column("source_id").to_pylist())


@pytest.mark.parametrize("step", STEPS["merge"])
def test_a_merge_that_is_killed(catalogue: Catalogue, run: Run, step: str) -> None:
    folder, reader = catalogue.path.parent, Reader(catalogue)
    before = reader.snapshot(["requests"])

    assert run(folder, "merge", step) == -9

    assert kept(reader) == kept(Reader(catalogue)) == sorted(AGES)
    assert run(folder, "merge", "never") == 0
    assert kept(reader) == sorted(AGES)
    assert before.table("requests").num_rows == len(AGES)
    with catalogue.read() as connection:
        assert [s.rows for s in manifest(connection, "requests")] == [8, 1]
    assert check(catalogue) == []


@pytest.mark.parametrize("nth", [1, 3])
@pytest.mark.parametrize("step", STEPS["let_go"])
def test_letting_go_that_is_killed(catalogue: Catalogue, run: Run, step: str, nth: int) -> None:
    folder, reader = catalogue.path.parent, Reader(catalogue)
    before = reader.snapshot(["requests"])

    assert run(folder, "let_go", step, nth) == -9

    # Whole files went, each with all that is counted of it, or none of it.
    gone = nth if step == "committed" else nth - 1
    assert kept(reader) == sorted(AGES, reverse=True)[gone:][::-1]
    assert catalogue.states()["requests"].rows == len(AGES) - gone
    assert run(folder, "let_go", "never") == 0
    assert kept(reader) == [40, 84, 86, 88, 90]
    assert before.table("requests").num_rows == len(AGES)
    assert catalogue.states()["requests"].first_at == NOW - timedelta(days=90)
    assert check(catalogue) == []
