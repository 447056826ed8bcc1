"""One instance per data directory, held by flock: a lock the kernel lets go of at any death."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final, Self

from vcanalytics.errors import ConsoleError
from vcanalytics.folders import make_private

LOCK_NAME: Final = "collectors.lock"


class AlreadyRunning(ConsoleError):
    """Other collectors hold this data directory."""


class Instance:
    """The right to collect into a data directory, held from ``enter`` until ``exit`` or death."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / LOCK_NAME
        self._handle: int | None = None

    def __enter__(self) -> Self:
        try:
            make_private(self._path.parent)
            # Not inherited by children: a child that outlives us must not keep the lock.
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise ConsoleError(
                f"the lock cannot be made: {error.strerror}",
                where=str(self._path),
                hint="Check that VC_DATA_DIR is writable",
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise AlreadyRunning(
                "collectors are running already on this data directory",
                where=str(self._path.parent),
                hint="Stop them first, or give another VC_DATA_DIR",
            ) from None
        self._handle = handle
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
