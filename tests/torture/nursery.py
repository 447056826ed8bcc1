"""Where actors are born: a process that has everything imported, and forks one for each order.

A round starts half a dozen processes; importing would be most of what it costs. Each is a process
of its own all the same, that nothing but the kernel ends. Orders are lines of JSON on standard
input, with that process's arguments; the pid of each child and how it ended are lines of JSON on
standard output. It ends with its standard input, and its children with it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from tests.collectors.rig import ROOT

_LOOK_S: Final = 0.005
_READ_BYTES: Final = 1 << 16


class Child:
    """A process that was forked; as ``subprocess.Popen`` where it matters."""

    def __init__(self) -> None:
        self.pid = 0
        self._ended = threading.Event()
        self._status = 0

    def end(self, status: int) -> None:
        self._status = status
        self._ended.set()

    def wait(self, timeout_s: float) -> int:
        """Its exit code, or the negative number of a signal. Raises TimeoutExpired."""
        if not self._ended.wait(timeout_s):
            raise subprocess.TimeoutExpired(f"actor {self.pid}", timeout_s)
        return self._status

    def kill(self) -> None:
        if not self._ended.is_set():
            os.kill(self.pid, signal.SIGKILL)


class Nursery:
    """The forking process, from the harness's side."""

    def __init__(
        self, environment: Mapping[str, str], log: Path, of: str = "tests.torture.actor"
    ) -> None:
        """``of`` is the module whose ``main`` each child lives."""
        self.log = log
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.nursery", str(log), of],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._children: dict[int, Child] = {}
        self._born: list[Child] = []
        self._lock = threading.Condition()
        self._listener = threading.Thread(target=self._listen, name="nursery", daemon=True)
        self._listener.start()

    def start(self, arguments: Sequence[str]) -> Child:
        child = Child()
        with self._lock:
            self._born.append(child)
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(list(arguments)).encode() + b"\n")
            self._process.stdin.flush()
            if not self._lock.wait_for(lambda: child.pid, 60):
                raise RuntimeError("the nursery bears no children")
        return child

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._listener.join()
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            told: dict[str, Any] = json.loads(line)
            with self._lock:
                if "status" in told:
                    self._children.pop(told["pid"]).end(told["status"])
                else:
                    child = self._born.pop(0)
                    child.pid = told["pid"]
                    self._children[child.pid] = child
                    self._lock.notify_all()


def serve(log: Path, of: str) -> None:
    """Fork a child an order, until standard input ends."""
    alive: set[int] = set()
    pending = b""
    while True:
        if select.select([0], [], [], _LOOK_S if alive else None)[0]:
            read = os.read(0, _READ_BYTES)
            if not read:
                break
            *orders, pending = (pending + read).split(b"\n")
            for order in orders:
                pid = os.fork()
                if pid == 0:
                    _live(json.loads(order), log, of)
                alive.add(pid)
                _tell({"pid": pid})
        while alive:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            alive.discard(pid)
            _tell({"pid": pid, "status": os.waitstatus_to_exitcode(status)})
    for pid in alive:
        os.kill(pid, signal.SIGKILL)


def _tell(what: Mapping[str, int]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _live(arguments: Sequence[str], log: Path, of: str) -> NoReturn:
    """The child's life: an actor's, with nothing of ours."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(written, 1)
        os.dup2(written, 2)
        importlib.import_module(of).main(list(arguments), standalone_mode=False)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 what it is stands in the log, and is a fault
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    from tests.torture import task

    # Imported before the first fork.
    importlib.import_module(sys.argv[2])
    task.prepare()
    # Else the first collection in a child copies every page that was imported.
    gc.freeze()
    serve(Path(sys.argv[1]), sys.argv[2])
