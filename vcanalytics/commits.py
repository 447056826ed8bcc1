"""Whether anybody has committed to a SQLite file since one last looked.

The stamp of a ``-wal`` moves when a commit is written, milliseconds before it can be seen: who read
in between would see the old state, and no stamp would change any more. So in WAL mode SQLite itself
is asked (``PRAGMA data_version``, some 10 microseconds), on a connection that stays open. Reading
the WAL index as a file would do as well, but closing that file would drop the locks that SQLite's
own connections in this process hold on it (sqlite.org/howtocorrupt.html, 2.2).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

Token: TypeAlias = tuple[object, ...]


def _stamp(path: Path) -> Token | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


class Commits:
    """Looks at one file, opened read-only. Not safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._beside = {name: path.with_name(f"{path.name}-{name}") for name in ("wal", "journal")}
        self._connection: sqlite3.Connection | None = None
        self._identity: Token | None = None
        self._opened = 0

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def token(self) -> Token | None:
        """Changes whenever a commit can be seen, or the file is another; None without a file."""
        stamp = _stamp(self._path)
        if stamp is None:
            self.close()
            return None
        if stamp[:2] != self._identity:
            self.close()
            self._identity = stamp[:2]
        if not self._beside["wal"].exists():
            # A rollback journal goes with the commit, and the file was written before: its stamp
            # tells, and costs no lock.
            self.close()
            return (*stamp, _stamp(self._beside["journal"]))
        try:
            version = self._data_version()
        except sqlite3.Error:
            # Locked whole, or not to be opened by us: the stamps are better than nothing.
            self.close()
            return (*stamp, _stamp(self._beside["wal"]))
        return (*stamp, self._opened, version)

    def _data_version(self) -> int:
        if self._connection is None:
            uri = f"file:{quote(str(self._path))}?mode=ro"
            self._connection = sqlite3.connect(
                uri, uri=True, timeout=0, isolation_level=None, check_same_thread=False
            )
            # Another connection counts anew: its numbers must not be taken for the last one's.
            self._opened += 1
        (version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)
