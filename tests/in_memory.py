"""Where the tests' files lie: in memory where there is room, because a sync costs nothing there.

The console syncs all that it writes, in a run of the tests many ten thousand times. On a disk each
costs a fifth of a millisecond, and some more that the worker stands still.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

#: The place for what is passing on this machine, of tests that are about disks.
ON_DISK: Final = Path(tempfile.gettempdir())
#: A whole run leaves less behind. A container's is often 64 MB, and stays unused then.
_FREE_BYTES_LEAST: Final = 6_000_000_000
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - what is made in it is private
_PREFIX: Final = "console-tests-"
_LOCK: Final = ".run"


def choose() -> None:
    """Have this run put passing files into memory, if there is room; they go when it ends.

    Workers and all that is started inherit it. A TMPDIR that is set already stands.
    """
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return
    _sweep()
    if min(shutil.disk_usage(_MEMORY).free, _memory_bytes() // 2) < _FREE_BYTES_LEAST:
        return
    folder = tempfile.mkdtemp(prefix=_PREFIX, dir=_MEMORY)
    # Tests of missing rights go on as nobody, who must get to what is made for them.
    Path(folder).chmod(0o711)
    # Held for as long as this process lives, however it ends.
    lock = os.open(Path(folder, _LOCK), os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    atexit.register(_take_away, Path(folder), os.getpid())
    os.environ["TMPDIR"] = folder
    tempfile.tempdir = None


def _memory_bytes() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _take_away(folder: Path, maker: int) -> None:
    # Forked processes end too.
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """Remove what runs that were killed left."""
    for folder in _MEMORY.glob(f"{_PREFIX}*"):
        try:
            with (folder / _LOCK).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            # Another's, or a run that goes on.
            continue
        shutil.rmtree(folder, ignore_errors=True)
