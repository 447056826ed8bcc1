"""Several processes at once, and a kill in the middle."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.accounts.house import GOOD, HERE, Counting
from vcanalytics.accounts import Accounts, Role

ROOT: Final = Path(__file__).parents[2]
_BEGIN: Final = """
import sys
from contextlib import suppress
from pathlib import Path
from tests.accounts.house import GOOD, OTHER, Counting
from vcanalytics.accounts import AccountError, Accounts, Refused, Role, Throttled
accounts = Accounts.open(Path(sys.argv[1]), hasher=Counting())
"""


def _start(tmp_path: Path, code: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _BEGIN + code, str(tmp_path), *args],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def _sound(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_link_and_a_name_are_had_once_however_many_ask(tmp_path: Path) -> None:
    first = Accounts.open(tmp_path, hasher=Counting())
    link = first.first_link()
    assert link is not None
    code = """
with suppress(Refused, AccountError):
    accounts.redeem(sys.argv[2], f"admin{sys.argv[3]}", GOOD, address="192.0.2.1")
    print("admin", end=" ")
for number in range(10):
    with suppress(AccountError):
        accounts.add_user(f"user{number}", GOOD, Role.VIEWER, by="command:tests")
        print(number, end=" ")
"""
    started = [_start(tmp_path, code, link, str(number)) for number in range(4)]
    printed = [word for process in started for word in process.communicate()[0].split()]
    assert [process.returncode for process in started] == [0] * 4
    assert sorted(printed) == sorted(["admin", *map(str, range(10))])
    assert len(first.users()) == 11
    assert first.audit_count(action="user_added") == 11
    first.close()
    _sound(tmp_path / "accounts.db")


def test_processes_count_tries_together(tmp_path: Path) -> None:
    accounts = Accounts.open(tmp_path, hasher=Counting())
    accounts.add_user("bob", GOOD, Role.VIEWER, by="command:tests")
    # All at one moment: where starting takes longer than the first wait, its end is no way around.
    code = """
from datetime import datetime
moment = datetime.fromisoformat(sys.argv[2])
accounts = Accounts.open(Path(sys.argv[1]), hasher=Counting(), clock=lambda: moment)
for number in range(10):
    try:
        accounts.sign_in("bob", OTHER, address="198.51.100.7")
    except Refused:
        print("looked", end=" ")
    except Throttled:
        break
"""
    moment = datetime.now(UTC).isoformat()
    started = [_start(tmp_path, code, moment) for _ in range(4)]
    looked = [word for process in started for word in process.communicate()[0].split()]
    assert [process.returncode for process in started] == [0] * 4
    assert len(looked) == 5
    accounts.close()


def test_a_kill_in_the_middle_leaves_each_change_whole_or_undone(tmp_path: Path) -> None:
    code = """
print("begun", flush=True)
for number in range(100_000):
    name = f"user{sys.argv[2]}-{number}"
    accounts.add_user(name, GOOD, Role.VIEWER, by="command:tests")
    accounts.sign_in(name, GOOD, address="192.0.2.1")
    print(name, flush=True)
"""
    Accounts.open(tmp_path, hasher=Counting()).close()
    for round_number in range(3):
        process = _start(tmp_path, code, str(round_number))
        assert process.stdout is not None
        # Killed as far in as it happens to be: a little later in each round.
        told = [process.stdout.readline().strip() for _ in range(3 + round_number * 2)][1:]
        os.kill(process.pid, signal.SIGKILL)
        told += [line.strip() for line in process.communicate()[0].splitlines(keepends=True)]
        accounts = Accounts.open(tmp_path, hasher=Counting())
        names = {user.name for user in accounts.users()}
        # What was told is kept, and each user is noted once.
        assert set(told) <= names
        assert accounts.audit_count(action="user_added") == len(names)
        assert accounts.audit_count(action="sign_in") == len(accounts.sessions())
        accounts.sign_in(told[-1], GOOD, address=HERE)
        accounts.close()
        _sound(tmp_path / "accounts.db")


def test_a_writer_waits_for_another_and_does_not_fail(tmp_path: Path) -> None:
    accounts = Accounts.open(tmp_path, hasher=Counting())
    code = """
for number in range(30):
    accounts.note("a", actor=sys.argv[2], detail=str(number))
"""
    started = time.monotonic()
    writers = [_start(tmp_path, code, str(number)) for number in range(3)]
    for number in range(30):
        accounts.note("a", actor="here", detail=str(number))
    assert [writer.wait() for writer in writers] == [0] * 3
    for writer in writers:
        writer.communicate()
    assert accounts.audit_count() == 120
    assert len({entry.number for entry in accounts.audit()}) == 120
    assert time.monotonic() - started < 60
    accounts.close()
