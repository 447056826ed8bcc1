"""SQLite's write-ahead log: asked for until it is had, and emptied where old text must not stay."""

from __future__ import annotations

import sqlite3
import time
from typing import Final

_PAUSE_S: Final = 0.005
#: Readers are waited for, and writers kept waiting, no longer than this.
_CHECKPOINT_MS: Final = 2_000


def keep_log(connection: sqlite3.Connection, *, within_s: float) -> None:
    """Have the file written ahead (``journal_mode = WAL``), which the file remembers.

    Where several open a new file at once, SQLite answers some of them at once that it is locked,
    whatever the connection's timeout: this switch alone does not wait by itself. Raises
    ``sqlite3.OperationalError`` where it stays locked for longer than ``within_s`` seconds.
    """
    give_up_at = time.monotonic() + within_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= give_up_at:
                raise
        else:
            return
        time.sleep(_PAUSE_S)


def empty_log(connection: sqlite3.Connection) -> None:
    """Leave nothing of old text in the log of writes, once no reader needs it.

    One that reads on for more than two seconds keeps it until the next time. Raises
    ``sqlite3.Error``.
    """
    connection.execute(f"PRAGMA busy_timeout = {_CHECKPOINT_MS}")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
