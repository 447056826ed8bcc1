"""What befalls an actor, and at which step: death, a full disk, an error of the disk, lost rights.

Besides the steps that the product names itself, actors have those of the file system: ``sync``,
``rename``, ``renamed``, ``unlink``, ``unlinked``, ``begin``, ``commit``. With the shim
(``tests.torture.shim``) also each single call that writes may be the one that fails, or the last.
"""

from __future__ import annotations

import errno
import functools
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, event

from tests.torture import shim

#: Steps of the file system; a room names those that it goes through.
FILES: Final = ("sync", "rename", "renamed", "unlink", "unlinked", "begin", "commit")
KINDS: Final = ("kill", "full", "eio", "rights")
FILLER: Final = "filler"
NOBODY: Final = 65_534
_CHUNK: Final = b"\0" * (1 << 16)


@dataclass(frozen=True, slots=True)
class Trouble:
    """``kind`` befalls when ``step`` is reached for the ``nth`` time.

    ``calls``: only at the so-manieth writing call after it; of a disk's error it says whether it is
    the first one or a later. ``lasting``: every later call fails too.
    """

    kind: str
    step: str
    nth: int = 1
    calls: int = 0
    lasting: bool = False

    def __str__(self) -> str:
        at = self.step if self.nth == 1 else f"{self.step} {self.nth}"
        return f"{self.kind} at {at}" + (f" +{self.calls} calls" if self.calls else "")

    @classmethod
    def parse(cls, text: str) -> Trouble:
        kind, step, nth, calls, lasting = text.split(",")
        return cls(kind, step, int(nth), int(calls), lasting == "True")

    def dump(self) -> str:
        return f"{self.kind},{self.step},{self.nth},{self.calls},{self.lasting}"


class Befalls:
    """Counts the steps of this process and lets the trouble loose; ``told`` says that it did."""

    def __init__(self, trouble: Trouble | None, data_dir: Path, told: Path) -> None:
        self._trouble = trouble
        self._data_dir = data_dir
        self._told = told
        self._reached = 0
        self._error: int | None = None
        self._lasting = False
        _on_files(self.step, self._fail)

    def step(self, name: str) -> None:
        trouble = self._trouble
        if trouble is None or name != trouble.step:
            return
        self._reached += 1
        if self._reached != trouble.nth:
            return
        self._told.write_text(str(trouble))
        if trouble.kind == "kill":
            if not (trouble.calls and shim.arm(trouble.calls, 0, lasting=False)):
                os.kill(os.getpid(), signal.SIGKILL)
        elif trouble.kind == "rights":
            _lose_rights(self._data_dir)
        elif trouble.kind == "eio":
            self._arm(errno.EIO, trouble.calls, trouble.lasting)
        elif self._data_dir.parent.is_mount():
            _fill_up(self._data_dir.parent)
        else:
            self._arm(errno.ENOSPC, 1, True)

    def _arm(self, error: int, calls: int, lasting: bool) -> None:
        if not shim.arm(max(calls, 1), error, lasting=lasting):
            # Without a compiler: the calls on files that Python makes.
            self._error, self._lasting = error, lasting

    def _fail(self, path: str) -> None:
        if self._error is not None:
            error = self._error
            if not self._lasting:
                self._error = None
            raise OSError(error, os.strerror(error), path)


def _fill_up(disk: Path) -> None:
    """No byte is left on a small disk of ours."""
    handle = os.open(disk / FILLER, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for size in (len(_CHUNK), 4096):
        try:
            while True:
                os.write(handle, _CHUNK[:size])
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
    os.close(handle)


def _lose_rights(data_dir: Path) -> None:
    """Nobody's rights from here on, where it was root's; else a folder that is read-only."""
    if os.geteuid() == 0:
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
        return
    for folder in (data_dir / "segments").rglob("*/"):
        folder.chmod(0o500)


def _on_files(step: Callable[[str], None], fail: Callable[[str], None]) -> None:
    """Have every call of the files' tell its step before, and some after."""
    for name, before, after in (
        ("fsync", "sync", None),
        ("rename", "rename", "renamed"),
        ("replace", "rename", "renamed"),
        ("unlink", "unlink", "unlinked"),
    ):
        setattr(os, name, _telling(getattr(os, name), before, after, step, fail))
    event.listen(Engine, "begin", lambda _connection: step("begin"))
    event.listen(Engine, "commit", lambda _connection: step("commit"))


def _telling(
    call: Callable[..., Any],
    before: str,
    after: str | None,
    step: Callable[[str], None],
    fail: Callable[[str], None],
) -> Callable[..., Any]:
    @functools.wraps(call)
    def told(path: Any, *rest: Any, **named: Any) -> Any:
        step(before)
        fail(str(path))
        result = call(path, *rest, **named)
        if after is not None:
            step(after)
        return result

    return told
