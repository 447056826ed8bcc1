"""The log's files: a line an event, bounded, one a process, and never in anybody's way."""

from __future__ import annotations

import json
import logging
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vcanalytics.logbook import Group, group, open_logbook, stamps
from vcanalytics.logbook.reading import GROUPS_MAX, OTHERS, merge, newest

_LOG = logging.getLogger("vcanalytics.tests")


def lines(folder: Path) -> list[dict[str, Any]]:
    found = sorted((folder / "logs").glob("*.jsonl*"))
    return [json.loads(line) for path in found for line in path.read_text("utf-8").splitlines()]


def test_an_event_is_a_line_with_its_time_level_and_place(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    with open_logbook("console", tmp_path, file_bytes=100_000, files=2) as logbook:
        _LOG.info("sealed %d rows\nof \U0001f600", 3, extra={"stream": "logs", "rows": 3})
        logging.getLogger("somebody.else").info("of no interest")
        logging.getLogger("somebody.else").warning("of interest")
        assert logbook.path == tmp_path / "logs" / "console.jsonl"
        assert stat.S_IMODE(logbook.path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700
    first, second = lines(tmp_path)
    assert before <= datetime.fromisoformat(first["at"]) <= before + timedelta(minutes=1)
    assert (
        first.items()
        >= {
            "level": "info",
            "process": "console",
            "thread": "MainThread",
            "logger": "vcanalytics.tests",
            "event": "sealed 3 rows\nof \U0001f600",
            "stream": "logs",
            "rows": 3,
        }.items()
    )
    assert (second["event"], second["level"]) == ("of interest", "warning")


def test_when_it_is_closed_nothing_is_written_and_levels_are_as_before(tmp_path: Path) -> None:
    with open_logbook("console", tmp_path, file_bytes=100_000, files=2):
        pass
    _LOG.error("too late")
    assert lines(tmp_path) == []
    assert not logging.getLogger("vcanalytics").isEnabledFor(logging.INFO)


def test_files_are_bounded_in_size_and_number_and_a_line_in_length(tmp_path: Path) -> None:
    with open_logbook("console", tmp_path, file_bytes=20_000, files=3):
        for number in range(60):
            _LOG.warning("%d %s", number, "x" * 5_000)
    files = sorted((tmp_path / "logs").glob("*.jsonl*"))
    assert [path.name for path in files] == ["console.jsonl", "console.jsonl.1", "console.jsonl.2"]
    assert all(path.stat().st_size <= 20_000 for path in files)
    assert max(len(line["event"]) for line in lines(tmp_path)) == 2_000
    assert json.loads(files[0].read_text("utf-8").splitlines()[-1])["event"].startswith("59 ")


def test_each_process_has_a_file_of_its_own_which_goes_with_it(tmp_path: Path) -> None:
    with (
        open_logbook("console", tmp_path, file_bytes=100_000, files=2) as first,
        open_logbook("console", tmp_path, file_bytes=100_000, files=2) as second,
    ):
        names = [book.path.name for book in (first, second) if book.path]
    assert names == ["console.jsonl", "console-2.jsonl"]

    # Killed, it leaves no claim behind.
    code = (
        "import os, signal, sys; from pathlib import Path; from vcanalytics.logbook import *;"
        "print(open_logbook('console', Path(sys.argv[1]), file_bytes=9999, files=2).path.name);"
        "sys.stdout.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (-9, "console.jsonl\n")


def test_where_no_file_can_be_had_it_goes_to_stderr_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("in the way")
    with open_logbook("console", tmp_path, file_bytes=100_000, files=2) as logbook:
        _LOG.warning("all the same")
        assert logbook.path is None
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith(f"no log is kept in {tmp_path / 'logs'}: ")
    assert said[1:] == ["all the same"]


def test_a_full_disk_costs_lines_and_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_logbook("console", tmp_path, file_bytes=100_000, files=2) as logbook:
        assert logbook.path is not None
        logbook.path.unlink()
        for handler in logging.getLogger().handlers:
            if getattr(handler, "baseFilename", "") == str(logbook.path):
                full = Path("/dev/full").open("w")  # noqa: SIM115 - the handler closes it
                handler.stream.close()  # type: ignore[attr-defined]
                handler.stream = full  # type: ignore[attr-defined]
        for _ in range(3):
            _LOG.warning("nothing is in its way")
    said = capsys.readouterr().err.splitlines()
    assert said.count("nothing is in its way") == 3
    assert [line for line in said if line.startswith("the log cannot be written")] == [
        "the log cannot be written: [Errno 28] No space left on device"
    ]


def test_errors_are_grouped_by_what_they_say_without_numbers_and_ids(tmp_path: Path) -> None:
    with open_logbook("collectors", tmp_path, file_bytes=5_000, files=9):
        for number in range(40):
            _LOG.error("payment VC_%d: locked (again in %.1f s)", number, number / 7)
        _LOG.warning("payment VC_1: locked (again in 1.0 s)")
        _LOG.info("payment VC_1: locked (again in 1.0 s)")
    # A crash in the middle of a line, and somebody's own file.
    with (tmp_path / "logs" / "collectors.jsonl").open("a") as file:
        file.write('{"at": "2026-11-20T10:00:00", "level": "error", "ev')
    (tmp_path / "logs" / "odd.jsonl").write_text('[]\n{"level": "error"}\n"\x00\n')

    assert len(stamps(tmp_path)) > 2
    found = {one.level: one for one in merge(g for s in stamps(tmp_path) for g in group(s))}
    assert {level: one.count for level, one in found.items()} == {"error": 40, "warning": 1}
    error = found["error"]
    assert (error.message, error.process) == ("payment #: locked (again in # s)", "collectors")
    assert error.example == "payment VC_39: locked (again in 5.6 s)"
    assert error.first_at < error.last_at


def test_ten_thousand_kinds_of_errors_are_bounded() -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    kinds = [Group("error", "console", "x", f"{'a' * n}", "", 1, at, at) for n in range(10_000)]
    found = merge(kinds)
    # What has no room is counted all the same, also where files are put together.
    assert len(found) == GROUPS_MAX + 1
    assert sum(one.count for one in found) == 10_000
    again = merge([*found, *found])
    assert (len(again), sum(one.count for one in again)) == (GROUPS_MAX + 1, 20_000)
    late = replace(kinds[5], last_at=at + timedelta(hours=1))
    first, others = newest([*kinds[:5], late], 1)
    assert (first, others.message, others.count) == (late, OTHERS, 5)


def test_a_store_without_a_log_has_no_errors(tmp_path: Path) -> None:
    assert stamps(tmp_path) == ()
