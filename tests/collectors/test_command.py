"""``python -m collectors`` as a process: wrong usage, and two on one data directory."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.rig import command, environment, eventually, running
from tests.shop import Shop, make_shop
from vcanalytics.store import Catalogue


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with make_shop(tmp_path / "shop.db") as shop:
        shop.transaction("VC_1")
        yield shop


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--bogus", "No such option '--bogus'. See `python -m collectors --help`"),
        ("bogus", "Got unexpected extra argument (bogus). See `python -m collectors --help`"),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(
    shop: Shop, tmp_path: Path, option: str, words: str
) -> None:
    done = command(tmp_path / "data", shop.url, option)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"collectors: {words}\n"
    assert not (tmp_path / "data").exists()


def test_a_second_one_is_refused_in_one_line_or_ends_with_the_console_it_waits_for(
    shop: Shop, tmp_path: Path
) -> None:
    environ = environment(tmp_path / "data", shop.url)
    with running(environ) as first:
        eventually(lambda: _beats(tmp_path / "data"), "the first is at work")
        with running(environ, "--with-parent", stdin=subprocess.PIPE) as waiting:
            refused = command(tmp_path / "data", shop.url, "--once")
            # Closes its end of the pipe, as the end of the console does.
            _, told = waiting.communicate(timeout=15)
        assert first.poll() is None
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("collectors: ")
    assert "collectors are running already" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert (waiting.returncode, len(told.splitlines())) == (0, 1)


def test_that_of_a_second_console_waits_says_so_once_and_takes_over(
    shop: Shop, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    environ = environment(data, shop.url)
    with running(environ) as first:
        eventually(lambda: _beats(data), "the first is at work")
        with running(environ, "--with-parent", stdin=subprocess.PIPE) as second:
            assert second.stderr is not None
            line = second.stderr.readline()
            assert "running already on this data directory; waiting for them to end" in line
            first.terminate()
            first.wait(10)
            eventually(lambda: _beats(data) == second.pid, "the second is at work")
            second.terminate()
            _, told = second.communicate(timeout=10)
    assert second.returncode == 0
    assert "running already" not in told


def _beats(data_dir: Path) -> int | None:
    """The process whose collectors are at work."""
    if not (data_dir / "catalogue.db").exists():
        return None
    catalogue = Catalogue.open(data_dir)
    fact = catalogue.fact("supervisor") or {}
    catalogue.close()
    return None if fact.get("stopped", True) else int(fact["pid"])
