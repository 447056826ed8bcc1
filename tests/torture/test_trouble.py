"""Trouble befalls an actor where it was to, and only there."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.rig import environment
from tests.torture import clock, shim
from tests.torture.actor import REFUSED
from tests.torture.nursery import Nursery
from tests.torture.plan import BEGUN
from tests.torture.trouble import Trouble
from tests.torture.writing import acknowledged

WITHIN_S = 60.0


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    folder = tmp_path_factory.mktemp("nursery")
    plain = environment(folder / "data", "sqlite:////none")
    nursery = Nursery(plain | shim.built(folder), folder / "log")
    yield nursery
    nursery.close()


def write(nursery: Nursery, tmp_path: Path, trouble: Trouble | None) -> int:
    """How a writer of four pieces ends."""
    arguments = ["writer", str(tmp_path / "data"), "--now", BEGUN.isoformat()]
    arguments += ["--told", str(tmp_path / "told")]
    if trouble is not None:
        arguments += ["--trouble", trouble.dump()]
    options = {"seed": 1, "writer": 1, "pieces": 4, "pause_ms": 0, "patience_s": 0}
    for name, value in options.items():
        arguments += ["--option", name, str(value)]
    return nursery.start(arguments).wait(WITHIN_S)


@pytest.mark.parametrize(
    ("trouble", "ended", "kept"),
    [
        (None, 0, 4),
        (Trouble("kill", "committing", 3), -signal.SIGKILL, 2),
        (Trouble("kill", "acknowledged", 3), -signal.SIGKILL, 3),
        (Trouble("kill", "committing", 9), 0, 4),
        (Trouble("full", "keeping", 2), REFUSED, 1),
        (Trouble("rights", "acknowledged", 4), 0, 4),
    ],
)
def test_it_ends_where_it_was_to_end(
    nursery: Nursery, tmp_path: Path, trouble: Trouble | None, ended: int, kept: int
) -> None:
    assert write(nursery, tmp_path, trouble) == ended
    assert acknowledged(tmp_path / "acks-1") == kept
    assert (tmp_path / "told").exists() == (trouble is not None and trouble.nth < 9)


def test_an_error_of_the_disk_within_sqlite_is_told_in_a_line(
    nursery: Nursery, tmp_path: Path
) -> None:
    if not shim.built(tmp_path):
        pytest.skip("no compiler: SQLite's own calls cannot be made to fail")
    nursery.log.write_text("")
    trouble = Trouble("eio", "committing", 2, calls=1, lasting=True)
    assert write(nursery, tmp_path, trouble) == REFUSED
    (line,) = nursery.log.read_text().splitlines()
    assert "the store cannot be written: " in line
    assert "disk I/O error" in line
    # Once the disk is well again.
    assert write(nursery, tmp_path, None) == 0
    assert acknowledged(tmp_path / "acks-1") == 5


def test_a_call_that_writes_is_the_last_one(nursery: Nursery, tmp_path: Path) -> None:
    if not shim.built(tmp_path):
        pytest.skip("no compiler: single calls cannot be counted")
    assert write(nursery, tmp_path, Trouble("kill", "committing", 3, calls=2)) == -signal.SIGKILL
    assert acknowledged(tmp_path / "acks-1") == 2


def test_the_clock_is_off_by_what_the_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(clock.VARIABLE, str(tmp_path / "clock"))
    before = clock.now()
    clock.set_off(tmp_path / "clock", -3)
    assert -3.01 < (clock.now() - before).total_seconds() / 3600 < -2.99
