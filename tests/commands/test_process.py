"""``python -m vcanalytics`` as a process: what only a real one has."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.collectors import rig
from tests.commands.asked import Store
from tests.shop import make_shop


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("process")
    kept = Store(folder / "data")
    with make_shop(folder / "shop.db") as shop:
        shop.transaction("VC_1", email="日本@example.com")
        kept.keep(shop)
    return kept


def run(
    store: Store, *args: str, stdout: int | None = None, **env: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "vcanalytics", *args],
        cwd=rig.ROOT,
        env=rig.environment(store.data_dir, store.url, **env),
        stdout=subprocess.PIPE if stdout is None else stdout,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )


def test_a_question_is_answered_on_stdout_alone(store: Store) -> None:
    done = run(store, "transactions", "--format", "json", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    # Whatever the terminal can show: what programs read is UTF-8.
    assert json.loads(done.stdout.decode("utf-8"))[0]["email"] == "日本@example.com"


def test_a_terminal_of_few_signs_gets_a_table_it_can_show(store: Store) -> None:
    done = run(store, "transactions", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"??@example.com" in done.stdout
    assert b"-+-" in done.stdout


def _on_terminal(store: Store, columns: int, *args: str) -> list[str]:
    """What a terminal of so many columns is given, without its colours."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    # The size is asked of the terminal, where no environment says it.
    done = run(store, *args, stdout=slave, COLUMNS="", LINES="")
    os.close(slave)
    text = b""
    with contextlib.suppress(OSError):  # how a terminal's end reads
        while piece := os.read(master, 65_536):
            text += piece
    os.close(master)
    assert (done.returncode, done.stderr) == (0, b"")
    return re.sub(r"\x1b\[[0-9;]*m", "", text.decode("utf-8")).splitlines()


def test_a_terminal_too_narrow_for_a_table_gets_a_block_a_row(store: Store) -> None:
    lines = _on_terminal(store, 60, "transactions")
    assert lines[0] == "transaction_id  VC_1"
    assert "email           日本@example.com" in lines
    assert lines[-1] == "1 of 1 payments"


def test_a_wide_terminal_gets_a_table(store: Store) -> None:
    lines = _on_terminal(store, 220, "transactions")
    assert lines[0].startswith("transaction_id   created_at")
    assert lines[2].startswith("VC_1             2026-11-20 12:00:00+00:00")
    assert len(lines) == 4


def test_wrong_usage_is_status_2_and_one_line(tmp_path: Path) -> None:
    done = run(Store(tmp_path), "revenue", "--grain", "year")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)


def test_a_reader_who_has_seen_enough_is_no_error(store: Store) -> None:
    args = ("revenue", "--grain", "hour", "--format", "csv", "--from", "2024-01-01")
    process = subprocess.Popen(
        [sys.executable, "-m", "vcanalytics", *args],
        cwd=rig.ROOT,
        env=rig.environment(store.data_dir, store.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process:
        assert process.stdout.read(12) == b"window_start"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_output_that_takes_no_more_is_status_1_and_one_line(store: Store) -> None:
    with Path("/dev/full").open("wb") as full:
        done = run(store, "transactions", "--format", "csv", stdout=full.fileno())
    assert (done.returncode, done.stderr) == (1, b"vcanalytics: output: No space left on device\n")


def test_help_and_wrong_commands_import_no_engine() -> None:
    heavy = "{'duckdb', 'polars', 'pyarrow', 'sqlalchemy', 'pydantic', 'rich', 'babel'}"
    program = (
        "import sys, contextlib, vcanalytics.__main__ as m\n"
        "for args in (['--help'], ['nothing']):\n"
        "    with contextlib.suppress(SystemExit): m.main(args)\n"
        f"sys.exit(str({heavy} & set(sys.modules)) if {heavy} & set(sys.modules) else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=rig.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
