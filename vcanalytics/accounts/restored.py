"""Accounts that came back from a backup: nobody is signed in, no link stands open.

Whoever signed out or was sent out after the backup was taken would be in again, and a link that
was used would open once more. What a backup cannot know stays as it was: who was disabled since,
whose password changed, which token was revoked.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import delete, update

from vcanalytics.accounts import audit, schema
from vcanalytics.accounts.database import Database
from vcanalytics.instants import micros

RESTORED: Final = "store_restored"


def settle(data_dir: Path, now: datetime, *, actor: str, source: str) -> int:
    """End every session, withdraw every link and note it; how many sessions that were.

    Raises StoreError, also where the accounts are of a newer version.
    """
    session = schema.session
    with closing(Database.open(data_dir, create=False)) as database, database.write() as connection:
        ended = connection.execute(
            update(session).where(session.c.ended_at.is_(None)).values(ended_at=micros(now))
        ).rowcount
        links = connection.execute(delete(schema.link)).rowcount
        detail = f"{ended} sessions ended, {links} links withdrawn"
        audit.note(connection, now, RESTORED, actor=actor, target=source, detail=detail)
    return ended
