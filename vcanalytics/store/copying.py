"""Copies that are on the disk before anybody is told of them: files, SQLite databases, folders."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

from vcanalytics.errors import StoreError

#: What is being written bears this until it is whole.
ASIDE: Final = ".copying"
_PIECE_BYTES: Final = 1 << 20
_PAGES: Final = 1_000
_BUSY_S: Final = 10.0

#: Called with the number of bytes that were read since the last call.
Moved = Callable[[int], None]


def _silent(_count: int) -> None:
    pass


def digest(path: Path, moved: Moved = _silent) -> str:
    """The sha256 of a file."""
    summed = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            summed.update(piece)
            moved(len(piece))
    return summed.hexdigest()


def sync_folder(folder: Path) -> None:
    """Make what was renamed in the folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path, top: Path) -> None:
    """Make a folder and those above it up to ``top``, for their owner alone, durably."""
    if folder.is_dir():
        return
    if folder != top:
        make_folder(folder.parent, top)
    folder.mkdir(mode=0o700, parents=folder == top, exist_ok=True)
    sync_folder(folder.parent)


@contextmanager
def written_whole(path: Path, mode: int) -> Iterator[Path]:
    """A name to write to; left without an error it is fsynced and becomes ``path``.

    With an error nothing stays.
    """
    aside = path.with_name(path.name + ASIDE)
    try:
        aside.unlink(missing_ok=True)
        yield aside
        handle = os.open(aside, os.O_RDONLY)
        try:
            os.fchmod(handle, mode)
            os.fsync(handle)
        finally:
            os.close(handle)
        aside.replace(path)
        sync_folder(path.parent)
    except BaseException:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise


def copy_file(source: Path, path: Path, mode: int, sha256: str, moved: Moved = _silent) -> None:
    """Copy a file of that digest. Raises StoreError where it is of another one, OSError."""
    summed = hashlib.sha256()
    with source.open("rb") as file, written_whole(path, mode) as aside:
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as copy:
            while piece := file.read(_PIECE_BYTES):
                summed.update(piece)
                copy.write(piece)
                moved(len(piece))
        if summed.hexdigest() != sha256:
            raise StoreError("is damaged: its checksum is another one", where=str(source))


def copy_pages(source: sqlite3.Connection, path: Path, mode: int, moved: Moved = _silent) -> None:
    """Copy a database as the open transaction of ``source`` sees it. Raises sqlite3.Error.

    In WAL mode nobody waits for it. Its transaction keeps one moment for all of it: without one,
    SQLite begins anew whenever somebody commits, and would not end beside a busy writer.
    """
    page_bytes = source.execute("PRAGMA page_size").fetchone()[0]
    left = -1

    def step(_status: int, remaining: int, total: int) -> None:
        nonlocal left
        moved(((total if left < 0 else left) - remaining) * page_bytes)
        left = remaining

    with written_whole(path, mode) as aside:
        os.close(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(aside, isolation_level=None)) as copy:
            source.backup(copy, pages=_PAGES, progress=step)


def copy_database(source: Path, path: Path, mode: int, moved: Moved = _silent) -> None:
    """Copy a SQLite database of any journal mode, of one moment. Raises StoreError."""
    try:
        with closing(
            sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)
        ) as database:
            database.isolation_level = None
            database.execute("BEGIN")
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            copy_pages(database, path, mode, moved)
    except sqlite3.Error as error:
        raise StoreError(
            f"it cannot be copied: {error}",
            where=str(source),
            hint="Check free space and rights, then run it again",
            heals=True,
        ) from error


def damaged(path: Path) -> str | None:
    """What SQLite finds wrong with a database that nobody has open, None for nothing."""
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
        ) as database:
            (line,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return None if line == "ok" else str(line)
