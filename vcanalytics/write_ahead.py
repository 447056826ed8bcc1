"""SQLite's write-ahead log, asked for until it is had."""

from __future__ import annotations

import sqlite3
import time
from typing import Final

_PAUSE_S: Final = 0.005


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
