"""What a run leaves in memory goes with it, or with the next."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import in_memory


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(in_memory, "_MEMORY", tmp_path)
    monkeypatch.setattr(in_memory, "_FREE_BYTES_LEAST", 0)
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_run_that_was_killed_is_swept_and_one_that_goes_on_is_not(memory: Path) -> None:
    for name in ("console-tests-killed", "console-tests-going", "somebody"):
        (memory / name).mkdir()
        (memory / name / ".run").touch()
    with (memory / "console-tests-going" / ".run").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        in_memory._sweep()
    assert {path.name for path in memory.iterdir()} == {"console-tests-going", "somebody"}


@pytest.mark.parametrize("reason", ["no room", "chosen already"])
def test_what_is_passing_stays_where_it_was(
    memory: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    if reason == "no room":
        monkeypatch.setattr(in_memory, "_FREE_BYTES_LEAST", 1 << 60)
    else:
        monkeypatch.setenv("TMPDIR", "/elsewhere")
    in_memory.choose()
    assert os.environ.get("TMPDIR") == (None if reason == "no room" else "/elsewhere")
    assert list(memory.iterdir()) == []


def test_a_run_takes_its_folder_away(memory: Path) -> None:
    code = f"""
import tempfile
from pathlib import Path
from tests import in_memory
in_memory._MEMORY, in_memory._FREE_BYTES_LEAST = Path({str(memory)!r}), 0
in_memory.choose()
print(tempfile.mkdtemp())
"""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"{memory}/console-tests-")
    assert list(memory.iterdir()) == []
